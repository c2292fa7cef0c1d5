//! The state machine, by table and by random histories.

use proptest::prelude::*;

use super::*;
use crate::{model::schedule::DoubtPolicy, vault::Secret};

fn policy() -> SchedulePolicy {
    SchedulePolicy {
        lead: Duration::from_hours(24),
        interval: None,
        backoff_base: Duration::from_secs(30),
        backoff_max: Duration::from_hours(1),
        doubt: DoubtPolicy::Immediate,
        probe_delays: [600, 3600, 21_600].map(Duration::from_secs).to_vec(),
    }
}

fn fp(text: &str) -> Fingerprint {
    Fingerprint::of(&Secret::new(text))
}

const NOW: Millis = Millis(1_000_000_000);

fn ctx(policy: &SchedulePolicy) -> Context<'_> {
    Context {
        now: NOW,
        enabled: true,
        policy,
        jitter: 0.5,
    }
}

fn fresh(policy: &SchedulePolicy) -> Grant {
    Grant::new(CredentialId::generate(), fp("a"), None, &ctx(policy))
}

fn refreshing(policy: &SchedulePolicy) -> (Grant, AttemptId) {
    let attempt = AttemptId::generate();
    let queued = fresh(policy).request(attempt, &ctx(policy)).unwrap();
    (queued.claim(attempt).unwrap(), attempt)
}

fn tokens(text: &str) -> Verdict {
    Verdict::Rotated(NewTokens {
        rt_fp: Some(fp(text)),
        at_expires_at: Some(NOW + Duration::from_hours(240)),
    })
}

#[test]
fn a_new_grant_without_access_token_is_due_at_once() {
    assert_eq!(fresh(&policy()).next_refresh_at, Some(NOW));
}

#[test]
fn rotated_takes_the_successor_and_schedules() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let done = grant
        .finish(attempt, &fp("a"), &tokens("b"), None, &ctx(&p))
        .unwrap();
    assert_eq!(done.state, State::Idle);
    assert_eq!(done.rt_fp, fp("b"));
    assert!(done.next_refresh_at.unwrap() > NOW);
}

#[test]
fn an_answer_without_refresh_token_keeps_the_old_one() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let verdict = Verdict::Rotated(NewTokens {
        rt_fp: None,
        at_expires_at: Some(NOW + Duration::from_hours(1)),
    });
    let done = grant
        .finish(attempt, &fp("a"), &verdict, None, &ctx(&p))
        .unwrap();
    assert_eq!(done.rt_fp, fp("a"));
}

#[test]
fn each_verdict_lands_where_the_design_says() {
    let p = policy();
    for (verdict, state) in [
        (Verdict::NotSent, State::Idle),
        (Verdict::Transient { retry_after: None }, State::Idle),
        (
            Verdict::Held(HeldReason::Region),
            State::Held(HeldReason::Region),
        ),
        (Verdict::Rejected, State::Dead),
        (Verdict::Ambiguous, State::InDoubt),
    ] {
        let (grant, attempt) = refreshing(&p);
        let done = grant
            .finish(attempt, &fp("a"), &verdict, Some("code"), &ctx(&p))
            .unwrap();
        assert_eq!(done.state, state, "{verdict:?}");
        assert_eq!(done.rt_fp, fp("a"));
        assert_eq!(done.last_code.as_deref(), Some("code"));
    }
}

#[test]
fn retry_after_is_waited_for() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let verdict = Verdict::Transient {
        retry_after: Some(Duration::from_secs(1234)),
    };
    let done = grant
        .finish(attempt, &fp("a"), &verdict, None, &ctx(&p))
        .unwrap();
    assert_eq!(done.next_refresh_at, Some(NOW + Duration::from_secs(1234)));
}

#[test]
fn the_attempt_is_the_fence() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    assert_eq!(
        grant.finish(
            AttemptId::generate(),
            &fp("a"),
            &tokens("b"),
            None,
            &ctx(&p)
        ),
        Err(MovedOn)
    );
    assert_eq!(
        grant.finish(attempt, &fp("z"), &tokens("b"), None, &ctx(&p)),
        Err(MovedOn)
    );
    assert_eq!(grant.claim(attempt), Err(MovedOn));
    assert_eq!(
        grant.request(AttemptId::generate(), &ctx(&p)),
        Err(Refusal::Join(attempt))
    );
}

#[test]
fn a_late_answer_counts_only_for_the_token_it_spent() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let abandoned = grant.abandon(attempt, Evidence::Unknown, &ctx(&p)).unwrap();
    assert_eq!(abandoned.state, State::InDoubt);
    let saved = abandoned
        .late_answer(&fp("a"), &tokens("b"), None, &ctx(&p))
        .unwrap();
    assert_eq!((saved.state, &saved.rt_fp), (State::Idle, &fp("b")));
    assert_eq!(
        saved.late_answer(&fp("a"), &Verdict::Rejected, None, &ctx(&p)),
        Err(MovedOn)
    );
    assert_eq!(
        abandoned.late_answer(&fp("a"), &Verdict::Ambiguous, None, &ctx(&p)),
        Err(MovedOn)
    );
}

#[test]
fn a_late_answer_without_a_successor_ends_no_doubt() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let abandoned = grant.abandon(attempt, Evidence::Unknown, &ctx(&p)).unwrap();
    let kept = Verdict::Rotated(NewTokens {
        rt_fp: None,
        at_expires_at: Some(NOW + Duration::from_hours(1)),
    });
    let probe = AttemptId::generate();
    let probed = abandoned.request(probe, &ctx(&p)).unwrap();
    for grant in [&abandoned, &probed.claim(probe).unwrap()] {
        // A probe that was sent since may have spent the token, whatever the older answer says.
        assert_eq!(
            grant.late_answer(&fp("a"), &kept, None, &ctx(&p)),
            Err(MovedOn)
        );
    }
}

#[test]
fn what_only_a_journal_knows_is_put_in_doubt() {
    let p = policy();
    let at = ctx(&p);
    let (lost, other) = (AttemptId::generate(), AttemptId::generate());
    let idle = fresh(&p);
    let queued = idle.request(lost, &at).unwrap();
    let later = idle.request(other, &at).unwrap();
    for grant in [&idle, &queued, &later] {
        let doubtful = grant.put_in_doubt(lost, &fp("a"), &at).unwrap();
        assert_eq!(doubtful.state, State::InDoubt);
        assert_eq!(doubtful.doubt.unwrap().probes, 0);
        assert_eq!(grant.put_in_doubt(lost, &fp("b"), &at), Err(MovedOn));
        assert_eq!(doubtful.put_in_doubt(lost, &fp("a"), &at), Err(MovedOn));
    }
    // A probe that the database still has waiting was spent; one that another attempt makes goes on.
    let doubtful = idle.put_in_doubt(lost, &fp("a"), &at).unwrap();
    let probe = doubtful.request(other, &at).unwrap();
    let spent = probe.put_in_doubt(other, &fp("a"), &at).unwrap();
    assert_eq!(
        (spent.state, spent.doubt.unwrap().probes),
        (State::InDoubt, 1)
    );
    assert_eq!(probe.put_in_doubt(lost, &fp("a"), &at), Err(MovedOn));
}

#[test]
fn abandoned_without_intent_is_no_doubt() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let back = grant
        .abandon(attempt, Evidence::NoIntent, &ctx(&p))
        .unwrap();
    assert_eq!((back.state, back.doubt), (State::Idle, None));
}

#[test]
fn probes_are_spent_by_claims_and_given_back_by_not_sent_only() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let mut grant = grant
        .finish(attempt, &fp("a"), &Verdict::Ambiguous, None, &ctx(&p))
        .unwrap();
    let mut now = NOW;
    for spent in 1..=3 {
        now = grant
            .next_refresh_at
            .expect("a probe is due some time")
            .max(now);
        let at = Context { now, ..ctx(&p) };
        let attempt = AttemptId::generate();
        let probe = grant.request(attempt, &at).unwrap().claim(attempt).unwrap();
        assert_eq!(probe.doubt.unwrap().probes, spent);
        let back = probe
            .finish(attempt, &fp("a"), &Verdict::NotSent, None, &at)
            .unwrap();
        assert_eq!(
            (back.state, back.doubt.unwrap().probes),
            (State::InDoubt, spent - 1)
        );
        grant = probe
            .finish(attempt, &fp("a"), &Verdict::Ambiguous, None, &at)
            .unwrap();
    }
    assert_eq!(grant.next_refresh_at, None);
    assert_eq!(
        grant.request(AttemptId::generate(), &ctx(&p)),
        Err(Refusal::InDoubt)
    );
}

#[test]
fn a_new_refresh_token_ends_everything_and_the_same_one_changes_nothing() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let dead = grant
        .finish(attempt, &fp("a"), &Verdict::Rejected, None, &ctx(&p))
        .unwrap();
    assert_eq!(dead.replace_rt(fp("a"), &ctx(&p)), None);
    let revived = dead.replace_rt(fp("n"), &ctx(&p)).unwrap();
    assert_eq!(
        (revived.state, revived.next_refresh_at),
        (State::Idle, Some(NOW))
    );
}

#[test]
fn what_was_known_of_a_token_outlives_its_credential() {
    let p = policy();
    let (grant, attempt) = refreshing(&p);
    let end = |verdict| {
        let ended = grant.finish(attempt, &fp("a"), &verdict, Some("a_code"), &ctx(&p));
        ended.unwrap()
    };
    let dead = fresh(&p).inherit(&Known::from(&end(Verdict::Rejected)), &ctx(&p));
    assert_eq!((dead.state, dead.next_refresh_at), (State::Dead, None));
    assert_eq!(dead.last_code.as_deref(), Some("a_code"));
    let former = Grant {
        doubt: Some(Doubt {
            since: Millis(5),
            probes: 2,
        }),
        ..end(Verdict::Ambiguous)
    };
    let doubtful = fresh(&p).inherit(&Known::from(&former), &ctx(&p));
    assert_eq!(
        (doubtful.state, doubtful.doubt),
        (State::InDoubt, former.doubt)
    );
    assert_eq!(
        doubtful.next_refresh_at,
        Some(NOW + Duration::from_hours(6))
    );
    // A new client id or proxy may have come along.
    let held = Known::from(&end(Verdict::Held(HeldReason::Region)));
    assert_eq!(fresh(&p).inherit(&held, &ctx(&p)).state, State::Idle);
}

#[test]
fn a_disabled_credential_is_never_scheduled() {
    let p = policy();
    let off = Context {
        enabled: false,
        ..ctx(&p)
    };
    let (grant, attempt) = refreshing(&p);
    for verdict in [tokens("b"), Verdict::NotSent, Verdict::Ambiguous] {
        let done = grant
            .finish(attempt, &fp("a"), &verdict, None, &off)
            .unwrap();
        assert_eq!(done.next_refresh_at, None, "{verdict:?}");
    }
}

fn doubtful(policy: &SchedulePolicy) -> Grant {
    let (grant, attempt) = refreshing(policy);
    let ctx = ctx(policy);
    let lost = grant.finish(attempt, &fp("a"), &Verdict::Ambiguous, Some("c"), &ctx);
    lost.unwrap()
}

#[test]
fn an_operator_decides_about_a_doubt_and_about_nothing_else() {
    let p = SchedulePolicy {
        doubt: DoubtPolicy::Manual,
        ..policy()
    };
    let grant = doubtful(&p);
    assert_eq!(grant.next_refresh_at, None);
    let probe = grant.probe_now(&ctx(&p)).unwrap();
    assert_eq!(
        (probe.state, probe.next_refresh_at, probe.doubt),
        (State::InDoubt, Some(NOW), grant.doubt)
    );
    let dead = grant.give_up().unwrap();
    assert_eq!(
        (dead.state, dead.doubt, dead.last_code.as_deref()),
        (State::Dead, None, Some(GIVEN_UP))
    );
    // What was given up comes back to life when its answer turns up after all.
    let late = dead.late_answer(&fp("a"), &tokens("b"), None, &ctx(&p));
    assert_eq!(late.unwrap().state, State::Idle);

    let attempt = AttemptId::generate();
    let queued = probe.request(attempt, &ctx(&p)).unwrap();
    for open in [queued.clone(), queued.claim(attempt).unwrap()] {
        assert_eq!(open.probe_now(&ctx(&p)), Err(NoDecision::Open(attempt)));
        assert_eq!(open.give_up(), Err(NoDecision::Open(attempt)));
        assert_eq!(open.keep_waiting(&ctx(&p)), Err(NoDecision::Open(attempt)));
    }
    for other in [fresh(&p), refreshing(&p).0, dead] {
        assert_eq!(other.probe_now(&ctx(&p)), Err(NoDecision::NotInDoubt));
        assert_eq!(other.give_up(), Err(NoDecision::NotInDoubt));
        assert_eq!(other.keep_waiting(&ctx(&p)), Err(NoDecision::NotInDoubt));
    }
    let off = Context {
        enabled: false,
        ..ctx(&p)
    };
    assert_eq!(grant.probe_now(&off), Err(NoDecision::Disabled));
    let spent = Grant {
        doubt: Some(Doubt {
            since: NOW,
            probes: p.max_probes(),
        }),
        ..grant
    };
    assert_eq!(spent.probe_now(&ctx(&p)), Err(NoDecision::ProbesSpent));
}

#[test]
fn waiting_on_moves_the_next_probe_away() {
    let p = policy();
    let grant = Grant {
        doubt: Some(Doubt {
            since: NOW,
            probes: 1,
        }),
        ..doubtful(&p)
    };
    let later = Context {
        now: NOW + Duration::from_mins(50),
        ..ctx(&p)
    };
    let waits = grant.keep_waiting(&later).unwrap();
    assert_eq!(
        waits.next_refresh_at,
        Some(later.now + Duration::from_hours(1))
    );
    assert_eq!((waits.state, waits.doubt), (grant.state, grant.doubt));
}

#[test]
fn the_time_of_a_probe_has_a_reason() {
    let p = SchedulePolicy {
        doubt: DoubtPolicy::BeforeExpiry,
        ..policy()
    };
    assert_eq!(fresh(&p).probe_time_reason(true, &p), None);
    let soon = doubtful(&p);
    assert_eq!(soon.probe_time_reason(true, &p), Some(ProbeTime::Pause));
    assert_eq!(soon.probe_time_reason(false, &p), Some(ProbeTime::Disabled));
    let end = Some(NOW + Duration::from_hours(100));
    let far = Grant {
        at_issued_at: Some(NOW),
        at_expires_at: end,
        ..soon.clone()
    }
    .rescheduled(&ctx(&p));
    assert_eq!(
        far.probe_time_reason(true, &p),
        Some(ProbeTime::BeforeExpiry)
    );
    let attempt = AttemptId::generate();
    let queued = far.probe_now(&ctx(&p)).unwrap().request(attempt, &ctx(&p));
    assert_eq!(
        queued.unwrap().probe_time_reason(true, &p),
        Some(ProbeTime::UnderWay)
    );
    let manual = SchedulePolicy {
        doubt: DoubtPolicy::Manual,
        ..policy()
    };
    let grant = doubtful(&manual);
    assert_eq!(
        grant.probe_time_reason(true, &manual),
        Some(ProbeTime::Manual)
    );
    let spent = Grant {
        doubt: grant.doubt.map(|doubt| Doubt { probes: 3, ..doubt }),
        ..grant
    };
    assert_eq!(
        spent.probe_time_reason(true, &manual),
        Some(ProbeTime::ProbesSpent)
    );
}

#[test]
fn adopted_tokens_are_due_at_once_and_the_longer_access_token_is_served() {
    let p = policy();
    let grant = Grant {
        at_issued_at: Some(Millis(1)),
        at_expires_at: Some(NOW + Duration::from_hours(5)),
        ..doubtful(&p)
    };
    for (hours, served) in [(2, 5), (9, 9)] {
        let tokens = NewTokens {
            rt_fp: Some(fp("b")),
            at_expires_at: Some(NOW + Duration::from_hours(hours)),
        };
        let adopted = grant.adopt(&tokens, &ctx(&p)).unwrap();
        assert_eq!(
            (adopted.state, adopted.doubt, adopted.next_refresh_at),
            (State::Idle, None, Some(NOW))
        );
        assert_eq!(
            adopted.at_expires_at,
            Some(NOW + Duration::from_hours(served))
        );
    }
    for rt_fp in [None, Some(fp("a"))] {
        let tokens = NewTokens {
            rt_fp,
            at_expires_at: None,
        };
        assert_eq!(grant.adopt(&tokens, &ctx(&p)), None);
    }
}

/// One step of a random history.
#[derive(Debug, Clone)]
enum Step {
    Request,
    Claim,
    Finish(u8),
    Late(u8),
    Abandon(bool),
    Cancel,
    Replace,
    Release,
    ProbeNow,
    GiveUp,
    KeepWaiting,
    Adopt(bool),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Request),
        4 => Just(Step::Claim),
        4 => (0_u8..6).prop_map(Step::Finish),
        1 => (0_u8..6).prop_map(Step::Late),
        1 => any::<bool>().prop_map(Step::Abandon),
        1 => Just(Step::Cancel),
        1 => Just(Step::Replace),
        1 => Just(Step::Release),
        1 => Just(Step::ProbeNow),
        1 => Just(Step::GiveUp),
        1 => Just(Step::KeepWaiting),
        1 => any::<bool>().prop_map(Step::Adopt),
        2 => (0_u32..100_000_000).prop_map(Step::Wait),
    ]
}

fn verdict(kind: u8, serial: u64) -> Verdict {
    match kind {
        0 => Verdict::Rotated(NewTokens {
            rt_fp: Some(fp(&format!("t{serial}"))),
            at_expires_at: Some(Millis(i64::MAX / 2)),
        }),
        1 => Verdict::NotSent,
        2 => Verdict::Transient { retry_after: None },
        3 => Verdict::Held(HeldReason::ClientId),
        4 => Verdict::Rejected,
        _ => Verdict::Ambiguous,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn random_histories_keep_the_invariants(steps in proptest::collection::vec(step(), 1..60)) {
        let p = policy();
        let mut now = NOW;
        let mut grant = fresh(&p);
        let mut last_attempt = AttemptId::generate();
        for (serial, step) in (0_u64..).zip(steps) {
            let ctx = Context { now, ..ctx(&p) };
            let before = grant.clone();
            let next = match step {
                Step::Request => { last_attempt = AttemptId::generate(); grant.request(last_attempt, &ctx).ok() }
                Step::Claim => grant.claim(before.state.attempt().unwrap_or(last_attempt)).ok(),
                Step::Finish(kind) => grant.finish(before.state.attempt().unwrap_or(last_attempt), &before.rt_fp, &verdict(kind, serial), Some("c"), &ctx).ok(),
                Step::Late(kind) => grant.late_answer(&before.rt_fp, &verdict(kind, serial), Some("c"), &ctx).ok(),
                Step::Abandon(known) => grant.abandon(before.state.attempt().unwrap_or(last_attempt), if known { Evidence::NoIntent } else { Evidence::Unknown }, &ctx).ok(),
                Step::Cancel => grant.cancel(before.state.attempt().unwrap_or(last_attempt), &ctx).ok(),
                Step::Replace => grant.replace_rt(fp(&format!("r{serial}")), &ctx),
                Step::Release => grant.release(&ctx),
                Step::ProbeNow => grant.probe_now(&ctx).ok(),
                Step::GiveUp => grant.give_up().ok(),
                Step::KeepWaiting => grant.keep_waiting(&ctx).ok(),
                Step::Adopt(other) => grant.adopt(&NewTokens { rt_fp: other.then(|| fp(&format!("o{serial}"))), at_expires_at: Some(now) }, &ctx),
                Step::Wait(ms) => { now = now + Duration::from_millis(ms.into()); None }
            };
            let Some(next) = next else { continue };
            // Only idle and doubtful grants wait for time; nothing else may be picked by the scheduler.
            prop_assert!(next.next_refresh_at.is_none() || matches!(next.state, State::Idle | State::InDoubt));
            // Doubt is known wherever the state says so, and never forgotten but by tokens, a rejection or a new token.
            prop_assert_eq!(next.state == State::InDoubt && next.doubt.is_none(), false);
            if before.doubt.is_some() && next.doubt.is_none() {
                prop_assert!(next.rt_fp != before.rt_fp || next.state == State::Dead);
            }
            // The refresh token changes by new tokens or replacement only.
            if next.rt_fp != before.rt_fp {
                prop_assert_eq!(next.state, State::Idle);
            }
            // Probes never exceed their number.
            prop_assert!(next.doubt.is_none_or(|d| d.probes <= p.max_probes()));
            // The dead stay dead without a new token or a late success.
            if before.state == State::Dead {
                prop_assert!(next.rt_fp != before.rt_fp || next.state == State::Dead);
            }
            grant = next;
        }
    }
}

fn migrated(access: Option<Millis>, known: &Known) -> Grant {
    let p = policy();
    let carried = Carried {
        refreshed_at: Some(NOW - Duration::from_hours(5)),
        access: access.map(|end| (NOW - Duration::from_hours(48), end)),
    };
    Grant::migrated(CredentialId::generate(), fp("a"), carried, known, &ctx(&p))
}

#[test]
fn a_migrated_grant_waits_for_its_confirmation_and_nothing_else() {
    let p = policy();
    let end = NOW + Duration::from_hours(240);
    let waiting = migrated(Some(end), &Known::default());
    assert_eq!(waiting.state, State::Held(HeldReason::Migration));
    assert_eq!(waiting.next_refresh_at, None);
    assert!(waiting.has_usable_access_token(NOW));
    assert_eq!(waiting.refreshed_at, Some(NOW - Duration::from_hours(5)));
    let refused = waiting.request(AttemptId::generate(), &ctx(&p));
    assert_eq!(refused, Err(Refusal::Held(HeldReason::Migration)));
    assert_eq!(waiting.release(&ctx(&p)), None);
    assert_eq!(waiting.rescheduled(&ctx(&p)), waiting);
    assert_eq!(waiting.postponed(NOW), None);

    let confirmed = waiting.confirm_migration(&ctx(&p)).unwrap();
    assert_eq!(confirmed.state, State::Idle);
    // Its access token is good for days: no stampede.
    assert!(confirmed.next_refresh_at.unwrap() > NOW);
    assert_eq!(confirmed.confirm_migration(&ctx(&p)), None);
    let without = migrated(None, &Known::default());
    let confirmed = without.confirm_migration(&ctx(&p)).unwrap();
    assert_eq!(confirmed.next_refresh_at, Some(NOW));
    let disabled = Context {
        enabled: false,
        ..ctx(&p)
    };
    let confirmed = without.confirm_migration(&disabled).unwrap();
    assert_eq!(
        (confirmed.state, confirmed.next_refresh_at),
        (State::Idle, None)
    );
}

#[test]
fn what_is_known_of_a_migrated_token_goes_on() {
    let p = policy();
    let dead = Known {
        dead: true,
        code: Some("token_expired".into()),
        ..Known::default()
    };
    assert_eq!(migrated(None, &dead).state, State::Dead);
    let doubt = Doubt {
        since: NOW,
        probes: 2,
    };
    let doubtful = Known {
        doubt: Some(doubt),
        ..Known::default()
    };
    let waiting = migrated(None, &doubtful);
    assert_eq!(waiting.state, State::Held(HeldReason::Migration));
    let confirmed = waiting.confirm_migration(&ctx(&p)).unwrap();
    assert_eq!(
        (confirmed.state, confirmed.doubt),
        (State::InDoubt, Some(doubt))
    );
}

#[test]
fn the_other_programs_newer_token_is_taken_while_a_grant_waits() {
    let p = policy();
    let end = NOW + Duration::from_hours(240);
    let waiting = migrated(Some(NOW + Duration::from_hours(1)), &Known::default());
    let carried = Carried {
        refreshed_at: Some(NOW),
        access: Some((NOW, end)),
    };
    let known = Known::default();
    let renewed = waiting
        .renew_migrated(fp("b"), carried, &known, &ctx(&p))
        .unwrap();
    assert_eq!(renewed.state, State::Held(HeldReason::Migration));
    assert_eq!(
        (renewed.rt_fp.clone(), renewed.at_expires_at),
        (fp("b"), Some(end))
    );
    assert_eq!(renewed.next_refresh_at, None);
    assert_eq!(
        renewed.renew_migrated(fp("b"), carried, &known, &ctx(&p)),
        None
    );
    let without = Carried::default();
    let kept = waiting
        .renew_migrated(fp("b"), without, &known, &ctx(&p))
        .unwrap();
    assert_eq!(kept.at_expires_at, waiting.at_expires_at);
    assert_eq!(
        fresh(&p).renew_migrated(fp("b"), carried, &known, &ctx(&p)),
        None
    );
}
