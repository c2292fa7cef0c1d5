//! [`Report`]: what a campaign came to, as one table.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{
    audit::{Fate, Verdict},
    plan::Plan,
    snapshot::Snapshot,
};
use crate::standin::Stats;

/// Something that a schedule has to keep, with what was measured.
#[derive(Debug, Clone)]
pub struct Check {
    /// What has to hold.
    pub goal: String,
    /// What was seen.
    pub seen: String,
    /// Whether it held.
    pub holds: bool,
}

/// What a campaign came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was run.
    pub plan: Plan,
    /// Attempts that brought new tokens.
    pub refreshed: usize,
    /// Attempts that were refused for now or not sent.
    pub transient: usize,
    /// Attempts that were refused for good.
    pub rejected: usize,
    /// Credentials that are in doubt in the end.
    pub in_doubt: usize,
    /// Accounts whose live token is kept as an orphan.
    pub orphaned: usize,
    /// The audit's judgement.
    pub verdict: Verdict,
    /// What the schedule had to keep.
    pub checks: Vec<Check>,
    /// How often each kind of fault was applied.
    pub faults: BTreeMap<String, usize>,
    /// The upstream's totals.
    pub stats: Stats,
    /// From the start of the work to its end.
    pub took: Duration,
}

/// Unexplained losses and violations that are printed; more of them say nothing new.
const SHOWN: usize = 20;

impl Report {
    pub(super) fn new(
        plan: Plan,
        snapshot: &Snapshot,
        verdict: Verdict,
        stats: Stats,
        took: Duration,
    ) -> Self {
        let ended = |outcomes: &[&str]| {
            let of_these = |one: &&super::snapshot::StoredAttempt| {
                let outcome = one.outcome.as_deref();
                outcome.is_some_and(|outcome| outcomes.contains(&outcome))
            };
            snapshot.attempts.iter().filter(of_these).count()
        };
        let in_doubt = |one: &&super::snapshot::StoredCredential| {
            one.state == rt_manage_shared::model::grant::StateName::InDoubt
        };
        Self {
            refreshed: ended(&["rotated"]),
            transient: ended(&["transient", "not_sent"]),
            rejected: ended(&["rejected"]),
            in_doubt: snapshot.credentials.iter().filter(in_doubt).count(),
            orphaned: verdict.count(|fate| *fate == Fate::Orphaned),
            plan,
            verdict,
            checks: Vec::new(),
            faults: BTreeMap::new(),
            stats,
            took,
        }
    }

    /// Adds another campaign of the same schedule, which ran apart from this one.
    pub(super) fn add(&mut self, other: Self) {
        self.refreshed += other.refreshed;
        self.transient += other.transient;
        self.rejected += other.rejected;
        self.in_doubt += other.in_doubt;
        self.orphaned += other.orphaned;
        self.took += other.took;
        for (name, count) in other.faults {
            *self.faults.entry(name).or_default() += count;
        }
        self.checks.splice(0..0, other.checks);
        // Both have accounts of the same names.
        let fates = other.verdict.fates.into_iter();
        let renamed = fates.map(|(key, fate)| (format!("first {key}"), fate));
        self.verdict.fates.extend(renamed);
        self.verdict.violations.extend(other.verdict.violations);
        self.verdict.margins_ms.extend(other.verdict.margins_ms);
        self.stats.token_calls += other.stats.token_calls;
        self.stats.rotations += other.stats.rotations;
        self.stats.reused += other.stats.reused;
    }

    /// Accounts whose live token is lost for a reason that is known.
    pub fn lost_explained(&self) -> usize {
        self.verdict
            .count(|fate| matches!(fate, Fate::Explained(_)))
    }

    /// Accounts whose live token is lost for no good reason.
    pub fn lost_unexplained(&self) -> usize {
        self.verdict.unexplained().len()
    }

    /// How often faults of these kinds were applied.
    pub fn faults_of(&self, kind: &str) -> usize {
        let of_kind = self
            .faults
            .iter()
            .filter(|(name, _)| name.starts_with(kind));
        of_kind.map(|(_, count)| count).sum()
    }

    /// Whether everything held.
    pub fn is_good(&self) -> bool {
        self.verdict.is_clean() && self.checks.iter().all(|check| check.holds)
    }

    /// The first line of the table.
    pub const HEAD: &'static str = "| schedule | database | seed | refreshed | transient | rejected | in doubt | lost, explained | lost UNEXPLAINED | time |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|---:|";

    /// The campaign's line of the table.
    pub fn row(&self) -> String {
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1} s |",
            self.plan.schedule,
            self.plan.backend,
            self.plan.seed,
            self.refreshed,
            self.transient,
            self.rejected,
            self.in_doubt,
            self.lost_explained(),
            self.lost_unexplained(),
            self.took.as_secs_f64()
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n", Self::HEAD, self.row())?;
        let faults: Vec<_> = self
            .faults
            .iter()
            .map(|(name, count)| format!("{count} × {name}"))
            .collect();
        writeln!(f, "faults: {}", faults.join(", "))?;
        let stats = &self.stats;
        writeln!(
            f,
            "upstream: {} calls, {} rotations, {} spent tokens sent, at most {} calls at once, {} with one token; orphans: {}",
            stats.token_calls,
            stats.rotations,
            stats.reused,
            stats.max_in_flight,
            stats.max_concurrent_per_token,
            self.orphaned
        )?;
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for fate in self.verdict.fates.values() {
            if let Fate::Explained(why) = fate {
                *reasons.entry(why).or_default() += 1;
            }
        }
        for (why, count) in reasons {
            writeln!(f, "explained: {count} × {why}")?;
        }
        let mut margins = self.verdict.margins_ms.clone();
        margins.sort_unstable();
        if let (Some(middle), Some(most)) = (margins.get(margins.len() / 2), margins.last()) {
            writeln!(
                f,
                "           from the answer's last byte to the kill: median {middle} ms, at most {most} ms"
            )?;
        }
        for check in &self.checks {
            let mark = if check.holds { "ok     " } else { "FAILED " };
            writeln!(f, "{mark} {}: {}", check.goal, check.seen)?;
        }
        for (key, why) in self.verdict.unexplained().into_iter().take(SHOWN) {
            writeln!(f, "UNEXPLAINED {key}: {why}")?;
        }
        for text in self.verdict.violations.iter().take(SHOWN) {
            writeln!(f, "VIOLATION {text}")?;
        }
        write!(f, "again: {}", self.plan.command())
    }
}
