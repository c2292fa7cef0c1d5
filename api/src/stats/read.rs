//! The look at everything for a dashboard.

use std::{collections::BTreeMap, time::Duration};

use rt_manage_shared::{
    clock::Millis,
    db::{Db, DbError, coordination, counts::Count, statistics, statistics::Census},
    model::{
        attempt::OutcomeKind,
        tally::{Hour, Tallies},
    },
};

use crate::live;

/// Most codes that are named.
const TOP: usize = 10;

/// What a dashboard shows.
#[derive(Debug)]
pub struct Stats {
    /// Counts over all credentials, and as of when; `None`: nothing was counted yet.
    pub census: Option<(Census, Millis)>,
    /// How attempts ended, an entry for each hour, the oldest first.
    pub hours: Vec<HourOfRefreshes>,
    /// The most frequent codes of attempts that failed in these hours.
    pub top_codes: Vec<TopCode>,
    /// How many attempts wait.
    pub waiting: Count,
    /// Since when the one waits that has waited longest.
    pub oldest_wait: Option<Duration>,
    /// How many workers live.
    pub workers: usize,
}

/// How attempts ended in one hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HourOfRefreshes {
    /// When it began.
    pub starts_at: Millis,
    /// How many got new tokens.
    pub succeeded: i64,
    /// How many did not.
    pub failed: i64,
    /// How many ended in which way.
    pub outcomes: BTreeMap<&'static str, i64>,
    /// How long they took on the average, in milliseconds, from claim to answer.
    pub mean_duration_ms: Option<i64>,
}

/// A code, and how often it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopCode {
    /// The upstream's or our own code.
    pub code: String,
    /// How the attempts ended.
    pub outcome: OutcomeKind,
    /// How many.
    pub count: i64,
}

impl Stats {
    /// Looks, as far back as `hours`. `heartbeat` is the distance of workers' heartbeats.
    pub async fn read(
        db: &Db,
        now: Millis,
        hours: u32,
        heartbeat: Duration,
    ) -> Result<Self, DbError> {
        let this = Hour::of(now);
        let first = this.plus(1 - i64::from(hours));
        let tallies = statistics::since(&mut &*db, first).await?;
        let lines = live::lines(db, now).await?;
        let (mut waiting, mut oldest_wait) = (Count::default(), None);
        for line in lines {
            waiting = waiting.plus(line.waiting);
            oldest_wait = oldest_wait.max(line.oldest_wait);
        }
        let since = coordination::alive_since(now, heartbeat);
        Ok(Self {
            census: super::census(db).await?,
            hours: by_hour(&tallies, first, hours),
            top_codes: top_codes(&tallies),
            waiting,
            oldest_wait,
            workers: coordination::live_workers(&mut &*db, since).await?.len(),
        })
    }
}

fn by_hour(tallies: &Tallies, first: Hour, hours: u32) -> Vec<HourOfRefreshes> {
    let mut found = BTreeMap::new();
    for number in 0..i64::from(hours) {
        let hour = first.plus(number);
        let empty = HourOfRefreshes {
            starts_at: hour.starts_at(),
            ..HourOfRefreshes::default()
        };
        found.insert(hour, (empty, 0));
    }
    for alike in tallies.iter() {
        // What a clock that runs ahead has counted is not shown yet.
        let Some((hour, duration)) = found.get_mut(&alike.hour) else {
            continue;
        };
        let count = alike.tally.attempts;
        match alike.outcome {
            OutcomeKind::Rotated => hour.succeeded += count,
            _ => hour.failed += count,
        }
        *hour.outcomes.entry(alike.outcome.as_str()).or_default() += count;
        *duration += alike.tally.duration_ms;
    }
    let mean = |(mut hour, duration): (HourOfRefreshes, i64)| {
        hour.mean_duration_ms = duration.checked_div(hour.succeeded + hour.failed);
        hour
    };
    found.into_values().map(mean).collect()
}

fn top_codes(tallies: &Tallies) -> Vec<TopCode> {
    let mut sums: BTreeMap<(&str, &str), (OutcomeKind, i64)> = BTreeMap::new();
    for alike in tallies.iter() {
        if alike.outcome != OutcomeKind::Rotated && !alike.code.is_empty() {
            let key = (alike.code, alike.outcome.as_str());
            sums.entry(key).or_insert((alike.outcome, 0)).1 += alike.tally.attempts;
        }
    }
    let mut codes: Vec<TopCode> = sums
        .into_iter()
        .map(|((code, _), (outcome, count))| TopCode {
            code: code.to_owned(),
            outcome,
            count,
        })
        .collect();
    codes.sort_by_key(|code| std::cmp::Reverse(code.count));
    codes.truncate(TOP);
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_without_attempts_are_there_and_codes_are_ordered() {
        let hour = Hour::of(Millis(1_800_000_000_000));
        let at = |hours: i64| hour.plus(hours).starts_at();
        let mut tallies = Tallies::default();
        for _ in 0..3 {
            tallies.note(at(-1), OutcomeKind::Transient, Some("b"), Some(10));
        }
        tallies.note(at(-1), OutcomeKind::Rotated, None, Some(2));
        tallies.note(at(0), OutcomeKind::Rejected, Some("a"), None);
        tallies.note(at(1), OutcomeKind::Rotated, None, None);
        let hours = by_hour(&tallies, hour.plus(-2), 3);
        assert_eq!(hours.len(), 3);
        assert_eq!(hours[0].starts_at, at(-2));
        assert_eq!((hours[0].succeeded, hours[0].mean_duration_ms), (0, None));
        assert_eq!((hours[1].succeeded, hours[1].failed), (1, 3));
        assert_eq!(hours[1].mean_duration_ms, Some(8));
        assert_eq!(hours[1].outcomes["transient"], 3);
        assert_eq!((hours[2].succeeded, hours[2].failed), (0, 1));
        let codes: Vec<_> = top_codes(&tallies)
            .into_iter()
            .map(|top| (top.code, top.count))
            .collect();
        assert_eq!(codes, [("b".into(), 3), ("a".into(), 1)]);
    }
}
