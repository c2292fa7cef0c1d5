//! The grant's state machine against a reference that is written differently: a table of what may follow what, over
//! states without times and fingerprints. Random histories of both must agree at every step.
//!
//! A failure prints the history, shrunk, and proptest keeps its seed in `proptest-regressions/` beside this file, so
//! that the next run begins with it. `RTM_HISTORIES_SEED=<number>` makes other histories than usual, and the same ones
//! each time; `PROPTEST_CASES` makes more or fewer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a broken expectation must stop the test"
)]
#![allow(unreachable_pub, reason = "a program: nothing in it is public")]
#![allow(clippy::match_same_arms, reason = "a table has a row for each case")]

mod reference;

use std::time::Duration;

use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, RngAlgorithm, TestRng, TestRunner},
};
use rt_manage_shared::{
    clock::Millis,
    id::{AttemptId, CredentialId},
    model::{
        grant::{Carried, Context, Doubt, Evidence, Grant, HeldReason, NewTokens, State, Verdict},
        known::Known,
        schedule::{DoubtPolicy, SchedulePolicy},
    },
    vault::Fingerprint,
};

use reference::{Abstract, Answer, Event, PROBES, Past};

/// The seed of every ordinary run: a red test stays red.
const SEED: u64 = 13;
/// `goals.md`, R13.
const HISTORIES: u32 = 100_000;
/// Long enough to spend all probes of a doubt, to be replaced, and to get there again.
const LONGEST: usize = 16;

fn event() -> impl Strategy<Value = Event> {
    let answer = prop_oneof![
        Just(Answer::Successor),
        Just(Answer::SameToken),
        Just(Answer::NotSent),
        Just(Answer::Transient),
        Just(Answer::Held),
        Just(Answer::Rejected),
        Just(Answer::Ambiguous),
    ];
    prop_oneof![
        6 => Just(Event::Request),
        6 => any::<bool>().prop_map(|own| Event::Claim { own }),
        6 => (answer.clone(), any::<bool>(), prop::bool::weighted(0.9))
            .prop_map(|(answer, own, token)| Event::Finish { answer, own, token }),
        2 => (answer, prop::bool::weighted(0.8))
            .prop_map(|(answer, token)| Event::Late { answer, token }),
        1 => any::<bool>().prop_map(|unsent| Event::Abandon { unsent }),
        1 => Just(Event::Cancel),
        1 => Just(Event::Replace),
        1 => Just(Event::ReplaceBySame),
        1 => Just(Event::Release),
        1 => any::<bool>().prop_map(|own| Event::JournalAhead { own }),
        1 => prop_oneof![Just(Past::Nothing), Just(Past::Dead), Just(Past::InDoubt)]
            .prop_map(|known| Event::TakeOver { known }),
        1 => Just(Event::TakeOverAgain),
        2 => Just(Event::Confirm),
    ]
}

/// The real thing, with what it takes to apply an event to it.
struct Real {
    grant: Grant,
    policy: SchedulePolicy,
    serial: u32,
    latest: AttemptId,
}

impl Real {
    fn new() -> Self {
        let policy = SchedulePolicy {
            lead: Duration::from_hours(24),
            interval: None,
            backoff_base: Duration::from_secs(30),
            backoff_max: Duration::from_hours(1),
            doubt: DoubtPolicy::Immediate,
            // Probes are due at once: times have tests of their own.
            probe_delays: vec![Duration::ZERO; PROBES as usize],
        };
        let rt_fp = Fingerprint::from_stored("0");
        let grant = Grant::new(CredentialId::generate(), rt_fp, None, &context(&policy, 0));
        Self {
            grant,
            policy,
            serial: 0,
            latest: AttemptId::generate(),
        }
    }

    /// Applies an event; a refusal leaves the grant as it was.
    fn apply(&mut self, event: Event) {
        self.serial += 1;
        let ctx = context(&self.policy, self.serial);
        let grant = &self.grant;
        let open = grant.state.attempt().unwrap_or(self.latest);
        let attempt = |own: bool| if own { open } else { AttemptId::generate() };
        let spent = |current: bool| {
            if current {
                grant.rt_fp.clone()
            } else {
                Fingerprint::from_stored("another")
            }
        };
        let successor = Fingerprint::from_stored(self.serial.to_string());
        let code = Some("code");
        let next = match event {
            Event::Request => {
                self.latest = AttemptId::generate();
                grant.request(self.latest, &ctx).ok()
            }
            Event::Claim { own } => grant.claim(attempt(own)).ok(),
            Event::Finish { answer, own, token } => {
                let verdict = verdict(answer, successor);
                grant
                    .finish(attempt(own), &spent(token), &verdict, code, &ctx)
                    .ok()
            }
            Event::Late { answer, token } => {
                let verdict = verdict(answer, successor);
                grant.late_answer(&spent(token), &verdict, code, &ctx).ok()
            }
            Event::Abandon { unsent } => {
                let evidence = if unsent {
                    Evidence::NoIntent
                } else {
                    Evidence::Unknown
                };
                grant.abandon(open, evidence, &ctx).ok()
            }
            Event::Cancel => grant.cancel(open, &ctx).ok(),
            Event::Replace => grant.replace_rt(successor, &ctx),
            Event::ReplaceBySame => grant.replace_rt(grant.rt_fp.clone(), &ctx),
            Event::Release => grant.release(&ctx),
            Event::JournalAhead { own } => {
                grant.put_in_doubt(attempt(own), &spent(true), &ctx).ok()
            }
            Event::TakeOver { known } => {
                let known = past(known, ctx.now);
                let (id, carried) = (grant.credential, Carried::default());
                Some(Grant::migrated(id, successor, carried, &known, &ctx))
            }
            Event::TakeOverAgain => {
                let (carried, known) = (Carried::default(), Known::default());
                grant.renew_migrated(successor, carried, &known, &ctx)
            }
            Event::Confirm => grant.confirm_migration(&ctx),
        };
        if let Some(next) = next {
            self.grant = next;
        }
    }

    fn seen(&self, before: &Grant) -> Abstract {
        Abstract {
            state: match self.grant.state {
                State::Idle => reference::Name::Idle,
                State::Queued(_) => reference::Name::Queued,
                State::Refreshing(_) => reference::Name::Refreshing,
                State::InDoubt => reference::Name::InDoubt,
                State::Held(HeldReason::Migration) => reference::Name::Waiting,
                State::Held(_) => reference::Name::Held,
                State::Dead => reference::Name::Dead,
            },
            probes: self.grant.doubt.map(|doubt| doubt.probes),
            new_token: self.grant.rt_fp != before.rt_fp,
            waits_for_time: self.grant.next_refresh_at.is_some(),
        }
    }
}

/// Longer than the longest back-off: at each step, whatever waits for time is due.
const STEP: Duration = Duration::from_hours(2);

fn context(policy: &SchedulePolicy, serial: u32) -> Context<'_> {
    Context {
        now: Millis(1) + STEP * serial,
        enabled: true,
        policy,
        jitter: 0.5,
    }
}

fn past(past: Past, now: Millis) -> Known {
    Known {
        dead: past == Past::Dead,
        doubt: (past == Past::InDoubt).then_some(Doubt {
            since: now,
            probes: 1,
        }),
        ..Known::default()
    }
}

fn verdict(answer: Answer, successor: Fingerprint) -> Verdict {
    let rotated = |rt_fp| {
        Verdict::Rotated(NewTokens {
            rt_fp,
            at_expires_at: Some(Millis(i64::MAX / 2)),
        })
    };
    match answer {
        Answer::Successor => rotated(Some(successor)),
        Answer::SameToken => rotated(None),
        Answer::NotSent => Verdict::NotSent,
        Answer::Transient => Verdict::Transient { retry_after: None },
        Answer::Held => Verdict::Held(HeldReason::Region),
        Answer::Rejected => Verdict::Rejected,
        Answer::Ambiguous => Verdict::Ambiguous,
    }
}

#[test]
fn random_histories_agree_with_the_reference() {
    let seed = std::env::var("RTM_HISTORIES_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    println!("RTM_HISTORIES_SEED={seed}");
    let mut config = ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/histories/proptest-regressions",
        ))),
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = HISTORIES;
    }
    let mut bytes = [0; 32];
    bytes
        .iter_mut()
        .zip(seed.to_le_bytes())
        .for_each(|(byte, of)| *byte = of);
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, random);
    let histories = proptest::collection::vec(event(), 1..LONGEST);
    let outcome = runner.run(&histories, |history| {
        let mut real = Real::new();
        let mut expected = Abstract::START;
        for event in history {
            let before = real.grant.clone();
            real.apply(event);
            expected = expected.after(event);
            prop_assert_eq!(real.seen(&before), expected, "after {:?}", event);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("RTM_HISTORIES_SEED={seed}: {error}");
    }
}
