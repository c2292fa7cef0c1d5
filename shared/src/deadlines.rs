//! Deadlines that no setting changes, and what follows from those that settings change. They depend on one another: the
//! assertions below and `config/deadlines.rs` say how, and `docs/reliability.md`, "Deadlines", says why.

use std::time::Duration;

/// How many heartbeats a worker may miss before others may think that it is gone: 3, so that one lost packet or one slow
/// commit is no death.
pub const MISSED_HEARTBEATS: u32 = 3;

/// Distance of the scheduler's rounds. A credential that becomes due waits at most this long before it is looked at.
pub const TICK: Duration = Duration::from_secs(1);
/// How often a process looks whether settings or proxies have changed: they are followed within two of these.
pub const FOLLOW: Duration = Duration::from_secs(1);
/// The leader raises the number of its lease this often.
pub const LEASE_BEAT: Duration = Duration::from_secs(5);
/// A lease that stands still this long is taken over: three missed beats.
pub const LEASE_STANDSTILL: Duration = Duration::from_secs(15);
/// After a gap this long between rounds the leader was frozen or the database away: what was watched before proves nothing.
pub const UNINTERRUPTED: Duration = Duration::from_secs(5);

/// A claim whose answer lies in a journal is left alone this many times as long as another one: replay takes seconds, and
/// an answer that cannot be read must not keep its credential for ever. Should it be replayed later, it still counts.
pub const ANSWERED_PATIENCE: u32 = 2;

/// Somebody waits for an interactive attempt: its job is missed, and pushed again, sooner than others.
pub const INTERACTIVE_REPUSH: Duration = Duration::from_secs(5);

/// Longest pause between two tries of a commit.
pub const COMMIT_RETRY_MAX: Duration = Duration::from_secs(5);

/// An answer in the journal of a living worker is left to that worker for at most this long; it commits within milliseconds
/// unless it is frozen or cannot reach the database.
const LEAVE_TO_OWNER_MAX: Duration = Duration::from_secs(30);
/// Journals of other workers are looked through at least this often.
const RESCAN_MAX: Duration = Duration::from_secs(10);

/// A worker whose last heartbeat is older than this may lose its journal files, when they have expired.
pub const JOURNAL_STALE: Duration = Duration::from_hours(1);
/// Workers that have not been heard of for this long are removed from the list.
pub const FORGET_WORKERS: Duration = Duration::from_hours(72);

/// How long an answer in the journal of a living worker is left to that worker. Half of the time after which its claim is
/// given up, where that is short: the other half is for finding and replaying it.
pub fn leave_to_owner(abandon_after: Duration) -> Duration {
    LEAVE_TO_OWNER_MAX.min(abandon_after / 2)
}

/// How often journals of other workers are looked through.
pub fn rescan(abandon_after: Duration) -> Duration {
    RESCAN_MAX.min(abandon_after / 2)
}

/// For assertions between constants: `Duration` cannot be compared in them.
const fn at_least(long: Duration, short: Duration) -> bool {
    long.as_millis() >= short.as_millis()
}

// A leader that was slow for two rounds of its lease keeps it: nobody takes it over for one lost packet.
const _: () = assert!(LEASE_STANDSTILL.as_millis() >= 3 * LEASE_BEAT.as_millis());
// A round that was late is no gap, and a gap is noticed before another process can have taken the lease over.
const _: () = assert!(at_least(UNINTERRUPTED, TICK.saturating_mul(2)));
const _: () = assert!(at_least(LEASE_STANDSTILL, UNINTERRUPTED.saturating_mul(2)));
// The lease is renewed by rounds.
const _: () = assert!(at_least(LEASE_BEAT, TICK.saturating_mul(2)));
// A claim with an answer is watched longer than one without.
const _: () = assert!(ANSWERED_PATIENCE >= 2);
// A worker that is not forgotten can be told from a stale one.
const _: () = assert!(at_least(FORGET_WORKERS, JOURNAL_STALE));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_the_time_after_which_a_claim_is_given_up() {
        let seconds = Duration::from_secs;
        for (abandon, owner, look) in [(65, 30, 10), (60, 30, 10), (20, 10, 10), (8, 4, 4)] {
            assert_eq!(leave_to_owner(seconds(abandon)), seconds(owner));
            assert_eq!(rescan(seconds(abandon)), seconds(look));
        }
    }
}
