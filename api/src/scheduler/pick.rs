//! Which of the waiting attempts are pushed: decided from what a look at a line of them brought, without any I/O.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use rt_manage_shared::{
    clock::Millis, db::attempts::Waiting, db::coordination::EgressHold, id::AttemptId,
    model::attempt::Line,
};
use rt_manage_worker::WorkerSettings;

/// A push this recent says nothing yet: the job may be on its way through a worker's hands.
pub(super) const SETTLED: Duration = Duration::from_secs(2);
/// Whoever asks interactively pushes by himself, and notes nothing; his attempt is looked after from then on.
const OWN_PUSH: Duration = Duration::from_secs(1);
/// As many jobs as workers may have taken from the queue without having claimed them yet.
pub(super) const IN_HANDS: u32 = 64;

/// The egresses that are not known to work.
#[derive(Debug)]
pub(super) struct Egresses<'a> {
    settings: &'a WorkerSettings,
    /// Whether each of them has to wait; else one attempt finds out.
    wait: HashMap<&'a str, bool>,
    tried: HashSet<String>,
}

impl<'a> Egresses<'a> {
    pub(super) fn new(settings: &'a WorkerSettings, holds: &'a [EgressHold], now: Millis) -> Self {
        let wait = holds
            .iter()
            .map(|hold| (hold.egress.as_str(), hold.hold_until > now))
            .collect();
        Self {
            settings,
            wait,
            tried: HashSet::new(),
        }
    }

    /// A job for an egress that has to wait would only come back.
    fn has_to_wait(&self, stored: &str) -> bool {
        let key = self.settings.egress_key(stored);
        self.wait.get(key.as_str()) == Some(&true)
    }

    /// Whether a job may be pushed: of those whose egress has to be tried first, one.
    fn lets_pass(&mut self, stored: &str) -> bool {
        let key = self.settings.egress_key(stored);
        match self.wait.get(key.as_str()) {
            None => true,
            Some(true) => false,
            Some(false) => self.tried.insert(key.to_string()),
        }
    }
}

/// When a push is repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Again {
    pub(super) now: Millis,
    /// Jobs that were pushed before this are pushed again.
    pub(super) before: Millis,
    /// The queue has lost what it held: nothing is there that a repetition would find.
    pub(super) lost: bool,
}

impl Again {
    /// Compares what was pushed with what the queue holds: `depth` jobs.
    pub(super) fn new(now: Millis, repush: Duration, depth: u32, overdue: u32) -> Self {
        let lost = overdue > 0
            && (depth == 0 || overdue > depth.saturating_mul(2).saturating_add(IN_HANDS));
        Self {
            now,
            before: now - if lost { SETTLED } else { repush },
            lost,
        }
    }
}

/// How many of these the queue should have told about by now.
pub(super) fn overdue(rows: &[Waiting], egresses: &Egresses<'_>, now: Millis) -> u32 {
    let settled = now - SETTLED;
    let count = rows
        .iter()
        .filter(|row| row.pushed_at.is_some_and(|at| at <= settled))
        .filter(|row| !egresses.has_to_wait(&row.egress))
        .count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What is to be pushed of one line, oldest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Candidates {
    /// Jobs that are not in the queue.
    pub(super) absent: Vec<Waiting>,
    /// Jobs that may be: nobody has claimed them for long. They take no room.
    pub(super) silent: Vec<Waiting>,
}

pub(super) fn candidates(
    line: Line,
    rows: Vec<Waiting>,
    egresses: &mut Egresses<'_>,
    again: Again,
) -> Candidates {
    let own = again.now - OWN_PUSH;
    let mut found = Candidates::default();
    for row in rows {
        let list = match row.pushed_at {
            None if line == Line::Interactive && row.requested_at > own => continue,
            None => &mut found.absent,
            Some(at) if at > again.before => continue,
            Some(_) if again.lost => &mut found.absent,
            Some(_) => &mut found.silent,
        };
        if egresses.lets_pass(&row.egress) {
            list.push(row);
        }
    }
    found
}

/// Leaves as many of a line's attempts as may start in one round, oldest first; `true` where some have to wait. What was pushed
/// before and is pushed again has been counted then.
pub(super) fn paced(line: Line, absent: &mut Vec<Waiting>, per_round: u32) -> bool {
    if line != Line::Schedule {
        return false;
    }
    let before = absent.len();
    let mut left = per_round;
    absent.retain(|row| {
        let counts = row.pushed_at.is_none();
        let starts = !counts || left > 0;
        left = left.saturating_sub(u32::from(counts));
        starts
    });
    absent.len() < before
}

/// Divides room between the schedule and jobs: half for each, and what one does not need goes to the other. `odd` says
/// who gets the odd one.
pub(super) fn shares(room: usize, schedule: usize, jobs: usize, odd: bool) -> (usize, usize) {
    let half = room / 2 + usize::from(odd && room % 2 == 1);
    let first = schedule.min(half.max(room.saturating_sub(jobs)));
    (first, jobs.min(room - first))
}

/// Where the next look at a line begins: at its head, unless what stands there cannot be pushed and fills the look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sweep {
    pub(super) after: Option<AttemptId>,
}

impl Sweep {
    /// `last`: the last attempt that was looked at, where the line goes on behind it. `full`: some that could be pushed
    /// got no room; `taken` is the last one that did.
    pub(super) fn next(
        self,
        last: Option<AttemptId>,
        full: bool,
        taken: Option<AttemptId>,
    ) -> Self {
        let after = match self.after {
            _ if !full => last,
            None => None,
            start @ Some(_) => taken.or(start),
        };
        Self { after }
    }
}
