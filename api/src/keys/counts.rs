//! Counts that must not slow down what they count: kept in memory, added up in the database every few seconds and at the end.
//! A process that is killed takes the last seconds with it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError,
        handouts::{self, Counted, Tally},
        keys, repeat_while_busy,
    },
    id::{CredentialId, KeyId},
    model::key::{KeyRef, TokenKind},
};

/// Between two times of adding up: what a kill can lose, and what the database notices of a busy system.
pub(super) const DISTANCE: Duration = Duration::from_secs(5);
/// Between two notes of the last use of a key.
const USE_DISTANCE: Duration = Duration::from_mins(1);
/// Tallies in one transaction, so that others need not wait long for the database.
const BATCH: usize = 256;

#[derive(Debug, Clone, Copy)]
struct Use {
    last: Millis,
    noted: Option<Millis>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    tallies: Mutex<HashMap<Counted, Tally>>,
    uses: Mutex<HashMap<KeyId, Use>>,
}

impl Counts {
    pub(super) fn handed_out(
        &self,
        credential: CredentialId,
        key: KeyRef,
        kind: TokenKind,
        now: Millis,
    ) {
        let counted = Counted {
            credential,
            key,
            kind,
        };
        self.add(counted, Tally::once(now));
    }

    pub(super) fn used(&self, key: KeyId, now: Millis) {
        let mut uses = locked(&self.uses);
        let known = uses.entry(key).or_insert(Use {
            last: now,
            noted: None,
        });
        known.last = known.last.max(now);
    }

    pub(super) async fn flush(&self, db: &Db) {
        if let Err(error) = self.write_tallies(db).await {
            tracing::warn!(error = %error, "hand-outs could not be counted in the database; tried again soon");
        }
        if let Err(error) = self.write_uses(db).await {
            tracing::debug!(error = %error, "the last use of keys could not be noted; tried again soon");
        }
    }

    async fn write_tallies(&self, db: &Db) -> Result<(), DbError> {
        let taken = std::mem::take(&mut *locked(&self.tallies));
        let mut tallies: Vec<_> = taken.into_iter().collect();
        tallies.sort_unstable_by_key(|(counted, _)| counted.order());
        let mut failed = Ok(());
        for batch in tallies.chunks(BATCH) {
            if failed.is_ok() {
                failed = repeat_while_busy(|| write(db, batch)).await;
            }
            if failed.is_err() {
                for (counted, tally) in batch {
                    self.add(*counted, *tally);
                }
            }
        }
        failed
    }

    async fn write_uses(&self, db: &Db) -> Result<(), DbError> {
        let due: Vec<_> = {
            let mut uses = locked(&self.uses);
            // Whoever has not come for so long is noted.
            uses.retain(|_, known| known.noted != Some(known.last));
            let due = uses.iter().filter(|(_, known)| {
                known
                    .noted
                    .is_none_or(|noted| known.last.since(noted) >= USE_DISTANCE)
            });
            due.map(|(key, known)| (*key, known.last)).collect()
        };
        for (key, last) in due {
            repeat_while_busy(|| async { keys::used(&mut &*db, key, last).await }).await?;
            if let Some(known) = locked(&self.uses).get_mut(&key) {
                known.noted = Some(last);
            }
        }
        Ok(())
    }

    fn add(&self, counted: Counted, tally: Tally) {
        let mut tallies = locked(&self.tallies);
        let sum = tallies.entry(counted);
        sum.and_modify(|sum| sum.add(tally)).or_insert(tally);
    }
}

async fn write(db: &Db, batch: &[(Counted, Tally)]) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    handouts::add(&mut tx, batch).await?;
    tx.commit().await
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
