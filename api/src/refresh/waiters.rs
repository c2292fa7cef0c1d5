//! Requests that wait for attempts. Announcements wake them; a batched look at the database every half second
//! makes sure that a lost announcement costs half a second and nothing else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rt_manage_shared::{
    db::{Db, attempts, attempts::Attempt},
    id::AttemptId,
    model::attempt::AttemptState,
    notify::{Event, Notifier},
};
use tokio::sync::{Notify, broadcast, oneshot};
use tokio_util::sync::CancellationToken;

/// Distance of the batched looks (design: "waiters re-read in a batch every 500 ms").
const RE_READ: Duration = Duration::from_millis(500);
/// Most attempts in one look; more take several.
const BATCH: usize = 512;

type Registry = HashMap<AttemptId, Vec<oneshot::Sender<Attempt>>>;

/// The waiting requests; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Waiters {
    registry: Arc<Mutex<Registry>>,
    look: Arc<Notify>,
}

impl Waiters {
    /// Starts watching until `stop`.
    pub(super) fn start(db: Db, notifier: &Notifier, stop: CancellationToken) -> Self {
        let waiters = Self {
            registry: Arc::default(),
            look: Arc::new(Notify::new()),
        };
        let (watcher, events) = (waiters.clone(), notifier.listen());
        tokio::spawn(async move { watcher.watch(&db, events, stop).await });
        waiters
    }

    /// Waits for the end of an attempt. `None`: this process stops.
    pub(super) async fn wait(&self, attempt: AttemptId) -> Option<Attempt> {
        let (sender, receiver) = oneshot::channel();
        self.registry().entry(attempt).or_default().push(sender);
        // It may have ended before it was registered here.
        self.look.notify_one();
        receiver.await.ok()
    }

    fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn watch(
        &self,
        db: &Db,
        mut events: broadcast::Receiver<Event>,
        stop: CancellationToken,
    ) {
        let mut timer = tokio::time::interval(RE_READ);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let announced = tokio::select! {
                _ = timer.tick() => None,
                () = self.look.notified() => None,
                event = events.recv() => match event {
                    Ok(Event::Finished { attempt, .. }) => Some(attempt),
                    Ok(_) => continue,
                    Err(broadcast::error::RecvError::Lagged(_)) => None,
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                () = stop.cancelled() => return,
            };
            let ids = self.to_read(announced);
            for ids in ids.chunks(BATCH) {
                match attempts::read(&mut &*db, ids).await {
                    Ok(found) => self.answer(found),
                    Err(error) => {
                        tracing::debug!(error = %error, "waiting requests could not be looked up");
                    }
                }
            }
        }
    }

    fn to_read(&self, announced: Option<AttemptId>) -> Vec<AttemptId> {
        let mut registry = self.registry();
        if let Some(attempt) = announced {
            return registry
                .contains_key(&attempt)
                .then_some(attempt)
                .into_iter()
                .collect();
        }
        // Whoever stopped waiting is forgotten here.
        registry.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        registry.keys().copied().collect()
    }

    fn answer(&self, found: Vec<Attempt>) {
        for attempt in found {
            if !matches!(
                attempt.state,
                AttemptState::Finished | AttemptState::Cancelled
            ) {
                continue;
            }
            for sender in self.registry().remove(&attempt.id).unwrap_or_default() {
                let _ = sender.send(attempt.clone());
            }
        }
    }
}
