//! What was read of keys a moment ago. An entry is as old as the beginning of its read, so what is taken from it was true at
//! most [`MAX_AGE`] before; that is how a key that was revoked on one replica is refused by all of them within a second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rt_manage_shared::{
    clock::BootInstant,
    db::{Db, DbError, keys},
    model::key::{ApiKey, KeyHash},
};

use super::Holder;

/// A second is what is promised (`shared/goals.md`, S7); the rest of it is for the answer that is being given.
const MAX_AGE: Duration = Duration::from_millis(750);
/// Keys that are remembered. Only keys that exist are, and nobody has more in use within a second.
const MAX_ENTRIES: usize = 10_000;

/// A key as it was read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) key: ApiKey,
    pub(super) holder: Arc<Holder>,
}

#[derive(Debug, Clone)]
struct Read {
    since: BootInstant,
    found: Option<Arc<Found>>,
}

/// Many requests that find an entry too old read it once: they wait for the first of them.
type Slot = Arc<tokio::sync::Mutex<Option<Read>>>;

#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<KeyHash, Slot>>);

impl Cache {
    /// The key whose secret has this hash.
    pub(super) async fn find(
        &self,
        db: &Db,
        hash: &KeyHash,
    ) -> Result<Option<Arc<Found>>, DbError> {
        let slot = self.slot(hash);
        let mut read = slot.lock().await;
        if let Some(read) = &*read
            && read.since.elapsed() < MAX_AGE
        {
            return Ok(read.found.clone());
        }
        let since = BootInstant::now();
        let key = keys::by_hash(&mut &*db, hash).await?;
        // The database has compared already, in its own way; this one tells nothing by its time.
        let found = key.filter(|key| key.hash.is(hash)).map(|key| {
            let holder = Arc::new(Holder::from(&key));
            Arc::new(Found { key, holder })
        });
        *read = Some(Read {
            since,
            found: found.clone(),
        });
        if found.is_none() {
            // What does not exist takes no room.
            self.slots().remove(hash);
        }
        Ok(found)
    }

    fn slot(&self, hash: &KeyHash) -> Slot {
        let mut slots = self.slots();
        if slots.len() >= MAX_ENTRIES && !slots.contains_key(hash) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(hash.clone()).or_default())
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<KeyHash, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
