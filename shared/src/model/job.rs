//! Jobs: long operations over many credentials, with a result for each. The words that database and answers share, and what
//! the counts of a job say.

use std::time::Duration;

use super::text_enum;

text_enum! {
    /// What a job does.
    JobKind {
        /// Takes credentials in from a file.
        Import = "import",
        /// Does the same to many credentials.
        Bulk = "bulk",
    }
}

text_enum! {
    /// Where a job stands.
    JobState {
        /// Nobody has begun it.
        Waiting = "waiting",
        /// It is under way.
        Running = "running",
        /// What it has not begun is given up, what it has begun ends.
        Cancelling = "cancelling",
        /// Every item has a result; some may have failed.
        Finished = "finished",
        /// Somebody gave it up.
        Cancelled = "cancelled",
        /// It could not go on; its code says why.
        Failed = "failed",
    }
}

impl JobState {
    /// The states of jobs that somebody has to carry on.
    pub const OPEN: [Self; 3] = [Self::Waiting, Self::Running, Self::Cancelling];

    /// Whether nothing more happens.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::Failed)
    }
}

text_enum! {
    /// Where one item of a job stands.
    ItemState {
        /// Nothing was done.
        Waiting = "waiting",
        /// Its attempt is open.
        Running = "running",
        /// It was done.
        Done = "done",
        /// It could not be done; its code says why.
        Failed = "failed",
        /// There was nothing to do.
        Skipped = "skipped",
        /// It was given up with its job.
        Cancelled = "cancelled",
    }
}

/// How many items of a job are in each state. Those that wait follow from the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Their attempts are open.
    pub running: u32,
    /// Done.
    pub done: u32,
    /// Failed.
    pub failed: u32,
    /// Nothing to do.
    pub skipped: u32,
    /// Given up.
    pub cancelled: u32,
}

impl Counts {
    /// Items that have a result.
    pub const fn settled(&self) -> u32 {
        self.done
            .saturating_add(self.failed)
            .saturating_add(self.skipped)
            .saturating_add(self.cancelled)
    }

    /// Items that nothing was done about.
    pub const fn waiting(&self, total: u32) -> u32 {
        total
            .saturating_sub(self.settled())
            .saturating_sub(self.running)
    }

    /// Results a second, over `elapsed`.
    pub fn rate(&self, elapsed: Duration) -> Option<f64> {
        (!elapsed.is_zero()).then(|| f64::from(self.settled()) / elapsed.as_secs_f64())
    }

    /// How long the rest takes at the pace so far; `None` where there is none yet.
    pub fn remaining(&self, total: u32, elapsed: Duration) -> Option<Duration> {
        let rest = total.saturating_sub(self.settled());
        if rest == 0 {
            return Some(Duration::ZERO);
        }
        let settled = self.settled();
        (settled > 0).then(|| elapsed.mul_f64(f64::from(rest) / f64::from(settled)))
    }
}

/// What a step of a job changes about its counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Advance {
    /// Attempts that were opened, less those that have ended.
    pub running: i64,
    /// More that are done.
    pub done: u32,
    /// More that failed.
    pub failed: u32,
    /// More with nothing to do.
    pub skipped: u32,
    /// More that are given up.
    pub cancelled: u32,
}

impl Advance {
    /// Counts an item that moved from one state to another.
    pub fn moved(&mut self, from: ItemState, to: ItemState) {
        if from == ItemState::Running {
            self.running = self.running.saturating_sub(1);
        }
        self.reached(to);
    }

    /// Counts an item that is new in a state.
    pub fn reached(&mut self, state: ItemState) {
        let count = match state {
            ItemState::Waiting => return,
            ItemState::Running => {
                self.running = self.running.saturating_add(1);
                return;
            }
            ItemState::Done => &mut self.done,
            ItemState::Failed => &mut self.failed,
            ItemState::Skipped => &mut self.skipped,
            ItemState::Cancelled => &mut self.cancelled,
        };
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_say_what_waits_and_how_long_it_takes() {
        let counts = Counts {
            running: 5,
            done: 20,
            failed: 3,
            skipped: 1,
            cancelled: 1,
        };
        assert_eq!((counts.settled(), counts.waiting(100)), (25, 70));
        let elapsed = Duration::from_secs(50);
        assert_eq!(counts.rate(elapsed), Some(0.5));
        assert_eq!(counts.rate(Duration::ZERO), None);
        let remaining = counts.remaining(100, elapsed);
        assert_eq!(remaining, Some(Duration::from_secs(150)));
        assert_eq!(counts.remaining(25, elapsed), Some(Duration::ZERO));
        assert_eq!(Counts::default().remaining(1, elapsed), None);
        // A total that is too small, as of a job that is still being filled, is no error.
        assert_eq!(counts.waiting(3), 0);
    }

    #[test]
    fn moves_are_counted() {
        let mut advance = Advance::default();
        advance.moved(ItemState::Waiting, ItemState::Running);
        advance.moved(ItemState::Running, ItemState::Failed);
        advance.moved(ItemState::Running, ItemState::Waiting);
        advance.moved(ItemState::Waiting, ItemState::Skipped);
        let expected = Advance {
            running: -1,
            failed: 1,
            skipped: 1,
            ..Advance::default()
        };
        assert_eq!(advance, expected);
    }

    #[test]
    fn open_states_have_not_ended() {
        for state in JobState::ALL {
            assert_ne!(JobState::OPEN.contains(state), state.has_ended(), "{state}");
        }
    }
}
