//! How many calls may be in flight, in a lane and over both: it grows and shrinks while calls are under way.

use std::sync::Arc;

use rt_manage_shared::model::attempt::Lane;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::WorkerSettings;

/// A number of places.
#[derive(Debug, Clone)]
pub(super) struct Room {
    places: Arc<Semaphore>,
    size: Arc<watch::Sender<usize>>,
}

impl Room {
    pub(super) fn new(size: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(size)),
            size: Arc::new(watch::Sender::new(size)),
        }
    }

    /// Waits for a place, in the order of asking.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }

    /// How many places there are, now and later.
    pub(super) fn size(&self) -> watch::Receiver<usize> {
        self.size.subscribe()
    }

    /// Makes it larger at once, or smaller as soon as places become free: nobody is thrown out, and nobody enters before
    /// it is as small as it should be.
    async fn resize(&self, size: usize) {
        let before = self.size.send_replace(size);
        if size > before {
            self.places.add_permits(size - before);
        }
        for _ in size..before {
            if let Ok(place) = self.places.acquire().await {
                place.forget();
            }
        }
    }
}

/// The rooms of a worker.
#[derive(Debug)]
pub(super) struct Rooms {
    interactive: Room,
    bulk: Room,
    all: Room,
}

impl Rooms {
    pub(super) fn new(settings: &WorkerSettings) -> Self {
        Self {
            interactive: Room::new(settings.concurrency),
            bulk: Room::new(settings.bulk_concurrency()),
            all: Room::new(settings.concurrency),
        }
    }

    pub(super) const fn of(&self, lane: Lane) -> &Room {
        match lane {
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
        }
    }

    pub(super) const fn all(&self) -> &Room {
        &self.all
    }

    /// Follows the settings; ends with them.
    pub(super) async fn follow(self, mut settings: watch::Receiver<Arc<WorkerSettings>>) {
        loop {
            // Those included that changed before this began.
            let now = Arc::clone(&settings.borrow_and_update());
            tokio::join!(
                self.interactive.resize(now.concurrency),
                self.bulk.resize(now.bulk_concurrency()),
                self.all.resize(now.concurrency),
            );
            if settings.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_room_grows_at_once_and_shrinks_as_it_empties() {
        let room = Room::new(2);
        let (first, second) = (room.enter().await.unwrap(), room.enter().await.unwrap());
        assert!(room.places.try_acquire().is_err());
        room.resize(3).await;
        let third = room.enter().await.unwrap();
        let other = room.clone();
        let shrinking = tokio::spawn(async move { other.resize(1).await });
        tokio::task::yield_now().await;
        assert_eq!(*room.size().borrow(), 1);
        drop(first);
        tokio::task::yield_now().await;
        assert!(room.places.try_acquire().is_err());
        drop(second);
        shrinking.await.unwrap();
        assert!(room.places.try_acquire().is_err());
        drop(third);
        let alone = room.enter().await.unwrap();
        assert!(room.places.try_acquire().is_err());
        drop(alone);
    }
}
