//! The check finds faults: each rule of the protocol that is left out on purpose leads to a counterexample, and to the one
//! that it protects from.

use stateright::{Checker as _, HasDiscoveries, Model as _};

use crate::{
    THREADS,
    bounds::{Bounds, Mutation},
    system::Protocol,
};

/// One of these invariants falls. Which one is met first depends on the order of the search.
fn assert_caught(bounds: Bounds, mutation: Option<Mutation>, expected: &[&'static str]) {
    let checker = Protocol::new(bounds, mutation)
        .checker()
        .threads(THREADS)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let found: Vec<&str> = checker
        .discoveries()
        .into_keys()
        .filter(|name| {
            checker
                .model()
                .property(name)
                .expectation
                .discovery_is_failure()
        })
        .collect();
    assert!(
        found.iter().any(|name| expected.contains(name)),
        "{mutation:?}: expected one of {expected:?}, found {found:?}"
    );
}

const TWO_CALLS: &str = "one call for each refresh token";
const SPENT_SENT: &str = "a spent token is sent as a probe only";
const CLAIMED_TWICE: &str = "an attempt is claimed once";
const SENT_LATE: &str = "nothing is sent late";
const SILENT: &str = "no loss is silent";
const HEALTHY: &str = "uncertainty is doubt";
const SYNCED: &str = "a synced answer is never lost";
const SEEN: &str = "an answer that was looked at is never lost";
const OVERWRITTEN: &str = "what the operator put in stays";

#[test]
fn a_claim_without_fence() {
    let bounds = Bounds {
        attempts: 1,
        ..Bounds::QUIET
    };
    assert_caught(bounds, Some(Mutation::ClaimWithoutFence), &[CLAIMED_TWICE]);
}

#[test]
fn a_commit_without_guard() {
    let bounds = Bounds {
        attempts: 1,
        replacements: 1,
        ..Bounds::QUIET
    };
    assert_caught(bounds, Some(Mutation::CommitWithoutGuard), &[OVERWRITTEN]);
}

#[test]
fn a_commit_before_the_answer_is_on_the_disk() {
    let bounds = Bounds {
        attempts: 1,
        kills: 1,
        ..Bounds::QUIET
    };
    assert_caught(bounds, Some(Mutation::CommitBeforeSync), &[SEEN]);
}

#[test]
fn a_missing_intent_that_proves_nothing() {
    let bounds = Bounds {
        attempts: 2,
        power_losses: 1,
        ..Bounds::QUIET
    };
    let expected = [SILENT, HEALTHY, SPENT_SENT, TWO_CALLS];
    assert_caught(bounds, Some(Mutation::TrustMissingIntent), &expected);
}

#[test]
fn a_frozen_worker_that_sends_late() {
    let bounds = Bounds {
        attempts: 2,
        freezes: 1,
        ..Bounds::QUIET
    };
    assert_caught(bounds, Some(Mutation::SendLate), &[SENT_LATE]);
}

#[test]
fn a_restored_database_without_halt() {
    let bounds = Bounds {
        attempts: 2,
        restores: 1,
        ..Bounds::QUIET
    };
    let expected = [SILENT, SPENT_SENT, SYNCED];
    assert_caught(bounds, Some(Mutation::NoHalt), &expected);
}

#[test]
fn a_halt_that_replays_what_is_not_done_only() {
    let bounds = Bounds {
        attempts: 2,
        restores: 1,
        ..Bounds::QUIET
    };
    let expected = [SILENT, SPENT_SENT, SYNCED];
    assert_caught(bounds, Some(Mutation::ReplayUndoneOnly), &expected);
}

#[test]
fn a_halt_without_doubt() {
    let bounds = Bounds {
        attempts: 2,
        restores: 1,
        losses: 1,
        ..Bounds::QUIET
    };
    let expected = [SILENT, HEALTHY, SPENT_SENT];
    assert_caught(bounds, Some(Mutation::NoDoubtUnderHalt), &expected);
}

#[test]
fn an_ambiguous_call_that_is_simply_repeated() {
    let bounds = Bounds {
        attempts: 2,
        losses: 1,
        ..Bounds::QUIET
    };
    let expected = [SILENT, HEALTHY];
    assert_caught(bounds, Some(Mutation::RetryAmbiguous), &expected);
}

#[test]
fn a_token_that_is_put_in_again_as_if_it_were_new() {
    let bounds = Bounds {
        attempts: 2,
        kills: 1,
        replacements: 1,
        returns: 1,
        ..Bounds::QUIET
    };
    let expected = [SILENT, HEALTHY, TWO_CALLS, SPENT_SENT];
    assert_caught(bounds, Some(Mutation::ForgetReplacedTokens), &expected);
}
