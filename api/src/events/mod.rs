//! What happens now, told to whoever listens: one feed for each process (`feed.rs`), its newest events in a ring (`ring.rs`), and a
//! stream for each listener (`stream.rs`).
//!
//! Events are hints to look again, like announcements; nobody relies on one arriving. A listener that comes back with the id
//! of the last event that it has seen gets what it missed, as long as it comes to the same process within a minute and the ring still
//! has it. Otherwise it gets `reset`: read anew what you show.

mod feed;
mod happening;
mod ring;
mod stream;

pub use happening::Happening;
pub use stream::Watching;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rt_manage_shared::{
    clock::{BootInstant, Clock},
    db::Db,
    id::BootId,
    notify::Notifier,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio_util::sync::CancellationToken;

use self::{feed::Feed, ring::Ring};

/// Most streams of a process: each asks the database twice a second whether its session is still good.
const MAX_STREAMS: usize = 100;
/// Events that wait for a slow listener before it has to read anew.
const BACKLOG: usize = 256;
/// Nothing is read for the feed once nobody has listened for this long.
const UNWATCHED: Duration = Duration::from_mins(1);

/// An event with its number.
#[derive(Debug)]
struct Numbered {
    number: u64,
    what: Happening,
}

/// The events of this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Events(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    process: BootId,
    ring: Mutex<Ring>,
    sender: broadcast::Sender<Arc<Numbered>>,
    streams: Arc<Semaphore>,
    /// Until when the feed works although nobody may be listening.
    watched_until: Mutex<Option<BootInstant>>,
    /// Somebody begins to listen.
    wake: Notify,
    /// Whether the feed knows how things stand, so that it tells what changes from now on.
    follows: watch::Sender<bool>,
    draining: CancellationToken,
}

/// What a listener begins with.
struct Subscription {
    /// Whether it gets all that it has missed.
    resumed: bool,
    missed: Vec<Arc<Numbered>>,
    receiver: broadcast::Receiver<Arc<Numbered>>,
    /// The number of the newest event.
    newest: u64,
}

impl Events {
    /// Starts the feed. Streams and feed end when the process begins to drain. `heartbeat`: distance of workers' heartbeats.
    pub fn start(
        db: &Db,
        clock: &Clock,
        notifier: &Notifier,
        heartbeat: Duration,
        draining: CancellationToken,
    ) -> Self {
        let events = Self(Arc::new(Inner {
            process: BootId::generate(),
            ring: Mutex::default(),
            sender: broadcast::channel(BACKLOG).0,
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            watched_until: Mutex::default(),
            wake: Notify::new(),
            follows: watch::channel(false).0,
            draining,
        }));
        let feed = Feed::new(events.clone(), db.clone(), clock.clone(), heartbeat);
        tokio::spawn(feed.run(notifier.listen()));
        events
    }

    /// A place for one more stream; `None`: there are too many.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.streams).try_acquire_owned().ok()
    }

    fn publish(&self, what: Happening) {
        let mut ring = self.ring();
        let one = Arc::new(Numbered {
            number: ring.next_number(),
            what,
        });
        ring.push(Arc::clone(&one));
        // Under the lock, so that nobody gets an event twice or not at all who begins to listen now.
        let _ = self.0.sender.send(one);
    }

    /// Listens from the event behind `last` on, else from now on.
    fn subscribe(&self, last: Option<&str>) -> Subscription {
        let ring = self.ring();
        let last = last.and_then(|id| self.number(id));
        let missed = last.and_then(|last| ring.after(last));
        Subscription {
            resumed: missed.is_some(),
            missed: missed.unwrap_or_default(),
            receiver: self.0.sender.subscribe(),
            newest: ring.newest(),
        }
    }

    fn id(&self, number: u64) -> String {
        format!("{}.{number}", self.0.process)
    }

    /// The number of one of our events.
    fn number(&self, id: &str) -> Option<u64> {
        let (process, number) = id.split_once('.')?;
        (process == self.0.process.to_string()).then_some(number.parse().ok()?)
    }

    /// Somebody listens at this moment.
    fn watch(&self) {
        let former = self.watched_until().replace(BootInstant::now() + UNWATCHED);
        if former.is_none_or(BootInstant::has_passed) {
            self.0.wake.notify_one();
        }
    }

    fn is_watched(&self) -> bool {
        self.watched_until()
            .is_some_and(|until| !until.has_passed())
    }

    /// From here on nobody was told anything.
    fn forget(&self) {
        self.0.follows.send_replace(false);
        self.ring().forget();
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched_until(&self) -> MutexGuard<'_, Option<BootInstant>> {
        let until = self.0.watched_until.lock();
        until.unwrap_or_else(PoisonError::into_inner)
    }
}
