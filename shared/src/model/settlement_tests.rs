//! What is written of a report, by table.

use std::time::Duration;

use super::*;
use crate::{
    clock::Millis,
    id::CredentialId,
    model::{
        grant::{Evidence, NewTokens, State},
        schedule::{DoubtPolicy, SchedulePolicy},
    },
};

fn policy() -> SchedulePolicy {
    SchedulePolicy {
        lead: Duration::from_hours(24),
        interval: None,
        backoff_base: Duration::from_secs(30),
        backoff_max: Duration::from_hours(1),
        doubt: DoubtPolicy::Immediate,
        probe_delays: vec![Duration::ZERO; 3],
    }
}

fn fp(text: &str) -> Fingerprint {
    Fingerprint::from_stored(text)
}

fn rotated(to: &str) -> Verdict {
    Verdict::Rotated(NewTokens {
        rt_fp: Some(fp(to)),
        at_expires_at: None,
    })
}

/// A grant whose attempt was given up after its call, and that attempt.
fn given_up(ctx: &Context<'_>) -> (Grant, AttemptId) {
    let attempt = AttemptId::generate();
    let grant = Grant::new(CredentialId::generate(), fp("a"), None, ctx)
        .request(attempt, ctx)
        .unwrap()
        .claim(attempt)
        .unwrap()
        .abandon(attempt, Evidence::Unknown, ctx)
        .unwrap();
    (grant, attempt)
}

fn recorded(outcome: OutcomeKind) -> History {
    History {
        state: Some(AttemptState::Finished),
        outcome: Some(outcome),
        successor_spent: false,
    }
}

#[test]
fn each_report_is_settled_as_the_design_says() {
    let policy = policy();
    let ctx = Context {
        now: Millis(1),
        enabled: true,
        policy: &policy,
        jitter: 0.0,
    };
    let (grant, attempt) = given_up(&ctx);
    let settle = |verdict: &Verdict, spent: &str, history: &History| {
        let report = Report {
            attempt,
            spent: &fp(spent),
            verdict,
            code: None,
        };
        assert_eq!(report.on_time(&grant, &ctx), Err(MovedOn));
        report.moved_on(&grant, *history, &ctx)
    };
    let abandoned = recorded(OutcomeKind::Abandoned);
    let Settlement::Late { grant: late, .. } = settle(&rotated("b"), "a", &abandoned) else {
        panic!("a late answer counts while the grant holds the token that was spent");
    };
    assert_eq!((late.state, &late.rt_fp), (State::Idle, &fp("b")));
    let known = recorded(OutcomeKind::Rotated);
    assert_eq!(settle(&rotated("b"), "a", &known), Settlement::Known);
    // The grant holds `a` by now; the report is about `x`.
    assert_eq!(settle(&rotated("y"), "x", &abandoned), Settlement::SetAside);
    assert_eq!(settle(&rotated("a"), "x", &abandoned), Settlement::Known);
    let spent = History {
        successor_spent: true,
        ..abandoned
    };
    assert_eq!(settle(&rotated("y"), "x", &spent), Settlement::Known);
    let open = History {
        state: Some(AttemptState::Refreshing),
        outcome: None,
        ..abandoned
    };
    for (history, ends_attempt) in [
        (abandoned, false),
        (open, true),
        (History::default(), false),
    ] {
        assert_eq!(
            settle(&Verdict::Ambiguous, "a", &history),
            Settlement::Superseded { ends_attempt }
        );
    }
}

#[test]
fn a_late_answer_names_the_attempt_that_it_makes_pointless() {
    let policy = policy();
    let ctx = Context {
        now: Millis(1),
        enabled: true,
        policy: &policy,
        jitter: 0.0,
    };
    let (grant, attempt) = given_up(&ctx);
    let probe = AttemptId::generate();
    let queued = grant.request(probe, &ctx).unwrap();
    let report = Report {
        attempt,
        spent: &fp("a"),
        verdict: &rotated("b"),
        code: None,
    };
    let settlement = report.moved_on(&queued, recorded(OutcomeKind::Abandoned), &ctx);
    assert!(
        matches!(settlement, Settlement::Late { supersedes, .. } if supersedes == Some(probe)),
        "{settlement:?}"
    );
}

#[test]
fn a_claim_that_the_database_has_lost_is_made_up_for() {
    let policy = policy();
    let ctx = Context {
        now: Millis(1),
        enabled: true,
        policy: &policy,
        jitter: 0.0,
    };
    let idle = Grant::new(CredentialId::generate(), fp("a"), None, &ctx);
    let attempt = AttemptId::generate();
    let spent = fp("a");
    let report = |verdict| Report {
        attempt,
        spent: &spent,
        verdict,
        code: None,
    };
    // The database still has the attempt waiting, although its worker reports on it.
    let queued = idle.request(attempt, &ctx).unwrap();
    let answer = rotated("b");
    let finished = report(&answer).on_time(&queued, &ctx).unwrap();
    assert_eq!((finished.state, &finished.rt_fp), (State::Idle, &fp("b")));
    let doubtful = report(&Verdict::Ambiguous).on_time(&queued, &ctx).unwrap();
    assert_eq!(doubtful.state, State::InDoubt);
    // The database does not know the attempt, and calls the token healthy or has another attempt waiting on it.
    let other = AttemptId::generate();
    let waiting = idle.request(other, &ctx).unwrap();
    for (grant, pointless) in [(&idle, None), (&waiting, Some(other))] {
        let settled = report(&Verdict::Ambiguous).moved_on(grant, History::default(), &ctx);
        let Settlement::Late { grant, supersedes } = settled else {
            panic!("what was sent without an answer is in doubt: {settled:?}");
        };
        assert_eq!((grant.state, supersedes), (State::InDoubt, pointless));
    }
    // Nothing was sent: nothing is in doubt.
    assert_eq!(
        report(&Verdict::NotSent).moved_on(&idle, History::default(), &ctx),
        Settlement::Superseded {
            ends_attempt: false
        }
    );
}
