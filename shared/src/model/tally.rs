//! How attempts ended, added up by the hour.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Millis;

use super::attempt::OutcomeKind;

const HOUR_MILLIS: i64 = 3600 * 1000;
/// Most different codes that are told apart at once; there are some forty of ours and of the upstream's. What comes beyond
/// stands under [`OTHER`].
const MAX_CODES: usize = 256;
/// Longest code, in characters: what the narrowest column takes.
const MAX_CODE: usize = 64;
/// Stands for codes beyond the limit.
pub const OTHER: &str = "other";

/// An hour, counted from the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(i64);

impl Hour {
    /// The hour of a time.
    pub const fn of(at: Millis) -> Self {
        Self(at.0.div_euclid(HOUR_MILLIS))
    }

    /// When it begins.
    pub const fn starts_at(self) -> Millis {
        Millis(self.0.saturating_mul(HOUR_MILLIS))
    }

    /// The hour so many hours later, or earlier.
    #[must_use]
    pub const fn plus(self, hours: i64) -> Self {
        Self(self.0.saturating_add(hours))
    }
}

/// A sum over attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub attempts: i64,
    /// How long they took together, from claim to answer.
    pub duration_ms: i64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.duration_ms = self.duration_ms.saturating_add(other.duration_ms);
    }
}

/// Attempts that ended alike within an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike<'a> {
    /// The hour in which they ended.
    pub hour: Hour,
    /// How.
    pub outcome: OutcomeKind,
    /// With which code; empty: none.
    pub code: &'a str,
    /// How many.
    pub tally: Tally,
}

/// Sums by hour, outcome and code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies(BTreeMap<(Hour, &'static str, String), (OutcomeKind, Tally)>);

impl Tallies {
    /// Counts one attempt.
    pub fn note(
        &mut self,
        at: Millis,
        outcome: OutcomeKind,
        code: Option<&str>,
        duration_ms: Option<u32>,
    ) {
        let tally = Tally {
            attempts: 1,
            duration_ms: duration_ms.unwrap_or(0).into(),
        };
        self.add(Hour::of(at), outcome, code.unwrap_or_default(), tally);
    }

    /// Adds a sum.
    pub fn add(&mut self, hour: Hour, outcome: OutcomeKind, code: &str, tally: Tally) {
        let mut code: String = code.chars().take(MAX_CODE).collect();
        if self.0.len() >= MAX_CODES && self.knows_too_many_beside(&code) {
            OTHER.clone_into(&mut code);
        }
        let sum = self.0.entry((hour, outcome.as_str(), code));
        sum.or_insert((outcome, Tally::default())).1.add(tally);
    }

    fn knows_too_many_beside(&self, code: &str) -> bool {
        let codes: BTreeSet<&str> = self.0.keys().map(|(_, _, code)| code.as_str()).collect();
        codes.len() >= MAX_CODES && !codes.contains(code)
    }

    /// Adds all sums of another one.
    pub fn merge(&mut self, other: Self) {
        for ((hour, _, code), (outcome, tally)) in other.0 {
            self.add(hour, outcome, &code, tally);
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sums, by hour, outcome and code.
    pub fn iter(&self) -> impl Iterator<Item = Alike<'_>> {
        let sums = self.0.iter();
        sums.map(|((hour, _, code), (outcome, tally))| Alike {
            hour: *hour,
            outcome: *outcome,
            code,
            tally: *tally,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_alike_is_added_up() {
        let mut tallies = Tallies::default();
        assert!(tallies.is_empty());
        let at = Millis(3_600_000 * 5 + 17);
        for (code, duration) in [(Some("a"), Some(3)), (Some("a"), None), (None, Some(2))] {
            tallies.note(at, OutcomeKind::Transient, code, duration);
        }
        tallies.merge(tallies.clone());
        let sums: Vec<_> = tallies.iter().collect();
        let sum = |code, attempts, duration_ms| Alike {
            hour: Hour(5),
            outcome: OutcomeKind::Transient,
            code,
            tally: Tally {
                attempts,
                duration_ms,
            },
        };
        assert_eq!(sums, [sum("", 2, 4), sum("a", 4, 6)]);
        assert_eq!(Hour(5).starts_at(), Millis(18_000_000));
        assert_eq!(Hour::of(Millis(-1)), Hour(-1));
    }

    #[test]
    fn codes_beyond_the_limit_stand_together() {
        let mut tallies = Tallies::default();
        for number in 0..400 {
            let code = format!("{number:080}");
            tallies.note(Millis(0), OutcomeKind::Rejected, Some(&code), None);
            let code = format!("code-{number}");
            tallies.note(Millis(0), OutcomeKind::Rejected, Some(&code), None);
        }
        assert!(tallies.iter().all(|sum| sum.code.len() <= 64));
        assert_eq!(tallies.iter().count(), 257);
        let other = tallies.iter().find(|sum| sum.code == OTHER).unwrap();
        assert!(other.tally.attempts > 100);
    }
}
