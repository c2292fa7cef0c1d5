//! Announcements between processes, over Redis' publish and subscribe.

use std::time::Duration;

use ::redis::Pipeline;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{RedisQueue, subscriber};
use crate::{
    id::BootId,
    notify::{Event, Notifier},
};

/// Announcements sent in one round trip.
const BATCH: usize = 256;
/// Pause after Redis refused announcements. What is announced meanwhile is dropped: everybody looks for themselves.
const PAUSE: Duration = Duration::from_secs(1);

/// An announcement on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Message {
    /// The process that announces; it has heard of it already.
    from: BootId,
    #[serde(flatten)]
    event: Event,
}

impl RedisQueue {
    /// A notifier whose announcements reach every process that [listens](Self::listen_for_events). It publishes
    /// until `stop`; what was announced by then is still sent.
    pub fn notifier(&self, stop: CancellationToken) -> Notifier {
        let (notifier, outgoing) = Notifier::with_outgoing();
        let queue = self.clone();
        tokio::spawn(async move { queue.publish(outgoing, stop).await });
        notifier
    }

    async fn publish(&self, mut outgoing: mpsc::Receiver<Event>, stop: CancellationToken) {
        let mut events = Vec::with_capacity(BATCH);
        loop {
            let received = tokio::select! {
                biased;
                received = outgoing.recv_many(&mut events, BATCH) => received,
                () = stop.cancelled() => return,
            };
            if received == 0 {
                return;
            }
            let mut pipeline = Pipeline::new();
            for event in events.drain(..) {
                let from = self.0.process;
                if let Ok(text) = serde_json::to_vec(&Message { from, event }) {
                    pipeline.publish(self.0.names.events(), text).ignore();
                }
            }
            let sent = self
                .0
                .link
                .run(|mut redis| async move { pipeline.exec_async(&mut redis).await })
                .await;
            if let Err(error) = sent {
                tracing::debug!(error = %error, "announcements could not be published");
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = stop.cancelled() => return,
                }
                while outgoing.try_recv().is_ok() {}
            }
        }
    }

    /// Hears what other processes announce until `stop`, and passes it on.
    pub async fn listen_for_events(&self, notifier: &Notifier, stop: CancellationToken) {
        let channels = [self.0.names.events()];
        subscriber::run(&self.0.link, &channels, &stop, |message| {
            let Some((_, text)) = message else {
                return notifier.deliver(Event::Missed);
            };
            match serde_json::from_slice::<Message>(text) {
                Ok(message) if message.from != self.0.process => notifier.deliver(message.event),
                Ok(_) => {}
                Err(error) => tracing::debug!(error = %error, "an announcement is not understood"),
            }
        })
        .await;
    }
}
