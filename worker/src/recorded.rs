//! [`Recorded`]: the newest attempts that the database is known to have recorded. A database that does not know one of them
//! any more has lost commits: it was restored from a copy, or failed over to a server that was behind.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rt_manage_shared::{clock::Millis, id::AttemptId};

use crate::journal::Done;

/// How many are looked up with each claim: what a server loses when it takes over is its newest commits, and a few of them
/// are enough to notice.
const NEWEST: usize = 8;

/// The newest recorded attempts that this worker knows: its own, and those that it has read of in other workers' journals.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    newest: Mutex<BTreeSet<(Millis, AttemptId)>>,
    /// How many connections the database had made when the journals were last read.
    connections: AtomicU64,
}

impl Recorded {
    /// The database has recorded this attempt.
    pub(crate) fn note(&self, attempt: AttemptId, at: Millis) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // Several journals may note the same attempt: each is counted once.
        newest.retain(|(_, known)| *known != attempt);
        newest.insert((at, attempt));
        while newest.len() > NEWEST {
            newest.pop_first();
        }
    }

    /// What journals tell, read when the database had made so many connections.
    pub(crate) fn learn(&self, done: impl IntoIterator<Item = Done>, connections: u64) {
        for done in done {
            self.note(done.attempt, done.at);
        }
        self.connections.fetch_max(connections, Ordering::AcqRel);
    }

    /// The newest ones.
    pub(crate) fn newest(&self) -> Vec<AttemptId> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.iter().map(|(_, attempt)| *attempt).collect()
    }

    /// Whether the journals were read after the newest of so many connections was made. A new connection may lead to another
    /// server, which may lack what others have recorded since.
    pub(crate) fn covers(&self, connections: u64) -> bool {
        self.connections.load(Ordering::Acquire) >= connections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_whoever_tells_of_them() {
        let recorded = Recorded::default();
        let ids: Vec<_> = (0..12).map(|_| AttemptId::generate()).collect();
        for (at, id) in (0_i32..12).zip(&ids).rev() {
            recorded.note(*id, Millis(at.into()));
        }
        let told = Done {
            attempt: ids[11],
            at: Millis(11),
        };
        recorded.learn([told], 3);
        assert_eq!(recorded.newest(), ids[4..]);
        // Whoever replays an answer notes it once more.
        recorded.note(ids[11], Millis(12));
        recorded.note(ids[5], Millis(5));
        assert_eq!(recorded.newest(), ids[4..]);
        assert!(recorded.covers(3) && !recorded.covers(4));
        recorded.learn([], 2);
        assert!(recorded.covers(3), "an older reading does not count");
    }
}
