//! One listener's stream, as server-sent events (WHATWG HTML, 9.2).

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts as _,
    http::{StatusCode, request::Parts},
    response::sse,
};
use futures::Stream;
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, broadcast, broadcast::error::RecvError},
    time::Interval,
};

use super::{Events, Happening, Numbered};
use crate::{auth::Viewer, state::App};

/// How often it is asked whether the session is still good: it ends within a second of its end.
const CHECK: Duration = Duration::from_millis(500);
/// Checks without an event after which a comment shows everybody on the way that the connection lives: 15 s.
const QUIET_CHECKS: u32 = 30;
/// When a browser that has lost the connection tries again.
const RETRY: Duration = Duration::from_secs(3);
/// Longest wait until the feed knows how things stand.
const FOLLOWS: Duration = Duration::from_secs(2);

/// A listener's stream.
#[derive(Debug)]
pub struct Watching {
    app: App,
    /// The request, whose session is checked again and again.
    request: Parts,
    missed: VecDeque<Arc<Numbered>>,
    receiver: broadcast::Receiver<Arc<Numbered>>,
    checks: Interval,
    quiet: u32,
    first: Option<sse::Event>,
    _place: OwnedSemaphorePermit,
}

impl Watching {
    /// Begins to listen, behind the event with the id `last`.
    pub async fn begin(
        app: &App,
        request: Parts,
        last: Option<&str>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let events = &app.events;
        events.watch();
        let mut follows = events.0.follows.subscribe();
        let followed = follows.wait_for(|follows| *follows);
        let _ = tokio::time::timeout(FOLLOWS, followed).await;
        let subscription = events.subscribe(last);
        let id = events.id(if subscription.resumed {
            // What was missed follows; until it has come the listener has seen no more than before.
            subscription.newest - u64::try_from(subscription.missed.len()).unwrap_or(0)
        } else {
            subscription.newest
        });
        let first = if last.is_some() && !subscription.resumed {
            let because = "the event is not known here, or too long ago";
            reset(because)
        } else {
            let data = json!({"resumed": subscription.resumed});
            sse::Event::default().event("ready").data(data.to_string())
        };
        let mut checks = tokio::time::interval(CHECK);
        checks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            app: app.clone(),
            request,
            missed: subscription.missed.into(),
            receiver: subscription.receiver,
            checks,
            quiet: 0,
            first: Some(first.id(id).retry(RETRY)),
            _place: place,
        }
    }

    /// The events, until the session ends or the process drains.
    pub fn stream(self) -> impl Stream<Item = Result<sse::Event, Infallible>> {
        futures::stream::unfold(self, |mut this| async move {
            let event = this.next().await?;
            this.quiet = 0;
            Some((Ok(event), this))
        })
    }

    async fn next(&mut self) -> Option<sse::Event> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if let Some(missed) = self.missed.pop_front() {
            return Some(shown(&self.app.events, &missed));
        }
        let draining = self.app.events.0.draining.clone();
        loop {
            tokio::select! {
                // In this order: however much happens, the session is checked.
                biased;
                () = draining.cancelled() => return None,
                _ = self.checks.tick() => {
                    self.app.events.watch();
                    if !self.is_allowed().await {
                        return None;
                    }
                    self.quiet += 1;
                    if self.quiet >= QUIET_CHECKS {
                        return Some(sse::Event::default().comment("still here"));
                    }
                }
                event = self.receiver.recv() => match event {
                    Ok(event) => return Some(shown(&self.app.events, &event)),
                    Err(RecvError::Lagged(_)) => return Some(self.start_anew()),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    /// It was too slow for all that happened.
    fn start_anew(&mut self) -> sse::Event {
        let events = &self.app.events;
        let subscription = events.subscribe(None);
        self.receiver = subscription.receiver;
        let because = "more happened than this connection could take";
        reset(because).id(events.id(subscription.newest))
    }

    /// Whether the session is still good. Where the database does not tell, nobody can have ended it.
    async fn is_allowed(&mut self) -> bool {
        match Viewer::from_request_parts(&mut self.request, &self.app).await {
            Ok(_) => true,
            Err(problem) => !matches!(
                problem.status(),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
            ),
        }
    }
}

fn shown(events: &Events, event: &Numbered) -> sse::Event {
    named(&event.what).id(events.id(event.number))
}

fn reset(because: &'static str) -> sse::Event {
    named(&Happening::Reset { because })
}

fn named(what: &Happening) -> sse::Event {
    // Texts and numbers always serialise.
    let data = serde_json::to_string(what).unwrap_or_default();
    sse::Event::default().event(what.name()).data(data)
}
