//! The breaker as a table of histories, as random histories, and as an outage with many credentials due.

use std::time::Duration;

use proptest::prelude::*;
use rt_manage_shared::{
    clock::{BootInstant, Millis},
    openai::{CallResult, NoAnswerKind, NotSentKind, RawAnswer, RetryAfter, classify},
};

use super::{Breaker, BreakerSettings, BreakerStatus, Pass, Verdict};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn breaker() -> (Breaker, BootInstant) {
    (Breaker::new(BreakerSettings::default()), BootInstant::now())
}

#[test]
fn five_failures_in_a_row_open_it() {
    let (mut breaker, t0) = breaker();
    for verdict in [Verdict::Failed; 4]
        .into_iter()
        .chain([Verdict::Healthy])
        .chain([Verdict::Failed; 5])
    {
        assert_eq!(breaker.try_pass(t0), Pass::Go);
        breaker.record(t0, Pass::Go, verdict);
    }
    assert_eq!(breaker.try_pass(t0), Pass::Wait(t0 + secs(10)));
    assert_eq!(breaker.try_pass(t0 + secs(9)), Pass::Wait(t0 + secs(10)));
}

#[test]
fn half_of_twenty_in_the_window_opens_it() {
    let (mut breaker, t0) = breaker();
    for call in 0..20 {
        let verdict = if call % 2 == 0 {
            Verdict::Healthy
        } else {
            Verdict::Failed
        };
        assert_eq!(breaker.try_pass(t0), Pass::Go, "{call}");
        breaker.record(t0, Pass::Go, verdict);
    }
    assert!(matches!(breaker.try_pass(t0), Pass::Wait(_)));
}

#[test]
fn old_failures_are_forgotten() {
    let (mut breaker, t0) = breaker();
    for call in 0..100_u64 {
        // Every second call fails, but never 20 calls within 30 s.
        let now = t0 + secs(call * 2);
        assert_eq!(breaker.try_pass(now), Pass::Go);
        let verdict = if call % 2 == 0 {
            Verdict::Healthy
        } else {
            Verdict::Failed
        };
        breaker.record(now, Pass::Go, verdict);
    }
}

#[test]
fn one_probe_at_a_time_and_one_in_ten_seconds() {
    let (mut breaker, t0) = breaker();
    for _ in 0..5 {
        breaker.record(t0, Pass::Go, Verdict::Failed);
    }
    let t1 = t0 + secs(10);
    assert_eq!(breaker.try_pass(t1), Pass::Probe);
    assert_eq!(breaker.try_pass(t1), Pass::Wait(t1 + secs(10)));
    // A probe under way is waited for, however long it takes.
    assert!(matches!(breaker.try_pass(t1 + secs(60)), Pass::Wait(_)));
    breaker.record(t1 + secs(60), Pass::Probe, Verdict::Failed);
    let t2 = t1 + secs(70);
    assert_eq!(breaker.try_pass(t2), Pass::Probe);
    breaker.record(t2, Pass::Probe, Verdict::Healthy);
    assert_eq!(breaker.try_pass(t2), Pass::Go);
}

#[test]
fn a_probe_given_back_or_lost_does_not_block() {
    let (mut breaker, t0) = breaker();
    for _ in 0..5 {
        breaker.record(t0, Pass::Go, Verdict::Failed);
    }
    let t1 = t0 + secs(10);
    assert_eq!(breaker.try_pass(t1), Pass::Probe);
    breaker.give_back(t1, Pass::Probe);
    assert_eq!(breaker.try_pass(t1), Pass::Probe);
    assert_eq!(breaker.status(t1 + secs(119)), BreakerStatus::Probing);
    assert_eq!(breaker.try_pass(t1 + secs(120)), Pass::Probe);
}

#[test]
fn retry_after_holds_in_every_state() {
    let (mut breaker, t0) = breaker();
    breaker.record(t0, Pass::Go, Verdict::RetryAfter(secs(40)));
    assert_eq!(breaker.try_pass(t0 + secs(39)), Pass::Wait(t0 + secs(40)));
    // A straggler's shorter wish does not shorten it, a longer one counts.
    breaker.record(t0, Pass::Go, Verdict::RetryAfter(secs(5)));
    breaker.record(t0, Pass::Go, Verdict::RetryAfter(secs(60)));
    assert_eq!(breaker.try_pass(t0 + secs(45)), Pass::Wait(t0 + secs(60)));
    let t1 = t0 + secs(60);
    assert_eq!(breaker.try_pass(t1), Pass::Probe);
    breaker.record(t1, Pass::Go, Verdict::RetryAfter(secs(20)));
    breaker.record(t1, Pass::Probe, Verdict::Healthy);
    assert_eq!(breaker.try_pass(t1), Pass::Wait(t1 + secs(20)));
    assert_eq!(breaker.try_pass(t1 + secs(20)), Pass::Go);
}

#[test]
fn verdicts_of_outcomes() {
    let answer = |status, body: &str| CallResult::Answer(RawAnswer::new(status, body));
    let mut held = RawAnswer::new(429, "");
    held.retry_after = RetryAfter::from_header("30");
    for (result, verdict) in [
        (answer(200, r#"{"access_token": "a"}"#), Verdict::Healthy),
        (
            answer(400, r#"{"error": "invalid_grant"}"#),
            Verdict::Healthy,
        ),
        (
            answer(401, r#"{"error": "invalid_client"}"#),
            Verdict::Healthy,
        ),
        (
            answer(403, r#"{"error": "unsupported_country_region_territory"}"#),
            Verdict::Failed,
        ),
        (answer(429, ""), Verdict::Failed),
        (answer(500, ""), Verdict::Failed),
        (answer(200, ""), Verdict::Failed),
        (CallResult::Answer(held), Verdict::RetryAfter(secs(30))),
        (
            CallResult::NotSent {
                kind: NotSentKind::Connect,
            },
            Verdict::Failed,
        ),
        (
            CallResult::NoAnswer {
                kind: NoAnswerKind::Cut,
            },
            Verdict::Failed,
        ),
    ] {
        assert_eq!(
            Verdict::of(&classify(&result, Millis(0))),
            verdict,
            "{result:?}"
        );
    }
}

#[test]
fn an_outage_with_many_due_costs_few_calls() {
    let (mut breaker, t0) = breaker();
    let mut calls = 0_u64;
    for millis in (0..300_000).step_by(10) {
        let now = t0 + Duration::from_millis(millis);
        let pass = breaker.try_pass(now);
        if !matches!(pass, Pass::Wait(_)) {
            calls += 1;
            breaker.record(now, pass, Verdict::Failed);
        }
    }
    assert!((30..=5 + 30).contains(&calls), "{calls}");
}

#[derive(Debug, Clone)]
enum Step {
    Advance(u64),
    Ask,
    Report(Verdict),
    GiveBack,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verdict = prop_oneof![
        2 => Just(Verdict::Healthy),
        4 => Just(Verdict::Failed),
        1 => (1..60_u64).prop_map(|seconds| Verdict::RetryAfter(secs(seconds))),
    ];
    let step = prop_oneof![
        3 => (1..15_000_u64).prop_map(Step::Advance),
        6 => Just(Step::Ask),
        6 => verdict.prop_map(Step::Report),
        1 => Just(Step::GiveBack),
    ];
    proptest::collection::vec(step, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn probes_are_rare_alone_and_retry_after_is_obeyed(steps in steps()) {
        let (mut breaker, mut now) = breaker();
        let mut open_passes: Vec<Pass> = Vec::new();
        let mut last_probe: Option<BootInstant> = None;
        let mut hold: Option<BootInstant> = None;
        for step in steps {
            match step {
                Step::Advance(millis) => now = now + Duration::from_millis(millis),
                Step::Ask => match breaker.try_pass(now) {
                    Pass::Wait(until) => prop_assert!(until > now),
                    pass => {
                        prop_assert!(hold.is_none_or(|hold| hold <= now));
                        if pass == Pass::Probe {
                            let spaced = |probe| now.since(probe) >= secs(10);
                            prop_assert!(last_probe.is_none_or(spaced));
                            last_probe = Some(now);
                        }
                        open_passes.push(pass);
                    }
                },
                Step::Report(verdict) => if let Some(pass) = open_passes.pop() {
                    breaker.record(now, pass, verdict);
                    if let Verdict::RetryAfter(wait) = verdict {
                        hold = hold.max(Some(now + wait));
                    }
                },
                Step::GiveBack => if let Some(pass) = open_passes.pop() {
                    breaker.give_back(now, pass);
                    if pass == Pass::Probe {
                        last_probe = None;
                    }
                },
            }
        }
        // However it went, it passes calls again.
        now = now + secs(3600 + 240);
        prop_assert!(!matches!(breaker.try_pass(now), Pass::Wait(_)));
    }
}

#[test]
fn holds_of_other_workers_are_followed() {
    let (mut breaker, t0) = breaker();
    for _ in 0..4 {
        breaker.record(t0, Pass::Go, Verdict::Failed);
    }
    let until = t0 + secs(10);
    breaker.follow(t0, Some(until));
    assert_eq!(breaker.to_share(t0), None, "all know it");
    assert_eq!(breaker.try_pass(t0 + secs(1)), Pass::Wait(until));
    // When the wait is over, one call finds out: nobody has said that the egress works.
    breaker.follow(until, Some(until));
    assert_eq!(breaker.try_pass(until), Pass::Probe);
    // Another worker was faster.
    breaker.give_back(until, Pass::Probe);
    breaker.follow(until + secs(1), Some(until + secs(10)));
    assert!(matches!(breaker.try_pass(until + secs(1)), Pass::Wait(_)));
    // And found that it works: all go on, and what failed before counts no more.
    breaker.follow(until + secs(2), None);
    for _ in 0..4 {
        assert_eq!(breaker.try_pass(until + secs(2)), Pass::Go);
        breaker.record(until + secs(2), Pass::Go, Verdict::Failed);
    }
    assert_eq!(breaker.try_pass(until + secs(2)), Pass::Go);
}

#[test]
fn what_is_not_shared_yet_is_not_lifted() {
    let (mut breaker, t0) = breaker();
    for _ in 0..5 {
        breaker.record(t0, Pass::Go, Verdict::Failed);
    }
    let until = t0 + secs(10);
    assert_eq!(breaker.to_share(t0), Some(until));
    // Neither by a look before the others could know …
    breaker.follow(t0 + secs(1), None);
    assert_eq!(breaker.try_pass(t0 + secs(1)), Pass::Wait(until));
    // … nor by one that began before.
    breaker.note_shared(t0 + secs(3));
    assert_eq!(breaker.to_share(t0 + secs(3)), None);
    breaker.follow(t0 + secs(2), None);
    assert_eq!(breaker.try_pass(t0 + secs(3)), Pass::Wait(until));
    breaker.follow(t0 + secs(4), None);
    assert_eq!(breaker.try_pass(t0 + secs(4)), Pass::Go);
}

#[test]
fn a_failed_probe_is_to_be_shared_again() {
    let (mut breaker, t0) = breaker();
    breaker.follow(t0, Some(t0));
    assert_eq!(breaker.try_pass(t0), Pass::Probe);
    // Its own hold stands in the database while the call lasts.
    breaker.follow(t0 + secs(1), Some(t0 + secs(10)));
    breaker.record(t0 + secs(2), Pass::Probe, Verdict::Failed);
    assert_eq!(breaker.to_share(t0 + secs(2)), Some(t0 + secs(12)));
}
