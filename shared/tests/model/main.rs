//! Exhaustive check of the refresh protocol: request, claim, fence, journal, probe, replay and halt, with crashes, pauses,
//! lost answers, doubled jobs and restored databases, in every order. What is modelled, and how to look further, is in
//! `docs/reliability.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a broken expectation must stop the test"
)]
#![allow(unreachable_pub, reason = "a program: nothing in it is public")]

mod actions;
mod bounds;
mod database;
mod happens;
mod journal;
mod mutations;
mod names;
mod properties;
mod recovery;
mod system;
mod upstream;
mod worker;
mod working;

use bounds::Bounds;
use rt_manage_shared::clock::BootInstant;
use stateright::{Checker as _, Model as _};
use system::Protocol;

/// Set to `1` to look at more of everything: see [`Bounds::larger`].
const LARGER: &str = "RTM_MODEL_LARGER";

/// Threads of one check; tests run side by side as well.
const THREADS: usize = 2;

/// Explores everything within the bounds. At least `floor` states have to be found: a model in which nothing happens
/// keeps every invariant.
fn check(bounds: Bounds, floor: usize) {
    let larger = std::env::var(LARGER).is_ok_and(|value| value == "1");
    let bounds = if larger { bounds.larger() } else { bounds };
    let started = BootInstant::now();
    let model = Protocol::new(bounds, None);
    let checker = model.checker().threads(THREADS).spawn_bfs().join();
    println!(
        "{} states, {} steps deep, {:?}: {bounds:?}",
        checker.unique_state_count(),
        checker.max_depth(),
        started.elapsed(),
    );
    assert!(checker.is_done(), "the check was cut off");
    checker.assert_properties();
    assert!(
        checker.unique_state_count() >= floor,
        "too little was explored"
    );
}

#[test]
fn workers_are_killed() {
    let bounds = Bounds {
        attempts: 3,
        kills: 2,
        ..Bounds::QUIET
    };
    check(bounds, 110_000);
}

#[test]
fn workers_are_frozen() {
    let bounds = Bounds {
        attempts: 3,
        freezes: 2,
        ..Bounds::QUIET
    };
    check(bounds, 200_000);
}

#[test]
fn workers_are_killed_and_frozen_and_answers_lost() {
    let bounds = Bounds {
        attempts: 2,
        kills: 1,
        freezes: 1,
        losses: 1,
        ..Bounds::QUIET
    };
    check(bounds, 50_000);
}

#[test]
fn the_upstream_answers_in_every_way() {
    let bounds = Bounds {
        attempts: 3,
        losses: 1,
        unsent: 1,
        refusals: 1,
        kept: 1,
        failures: 1,
        rejections: 1,
        ..Bounds::QUIET
    };
    check(bounds, 80_000);
}

#[test]
fn late_answers_of_every_kind() {
    let bounds = Bounds {
        attempts: 2,
        freezes: 1,
        losses: 1,
        refusals: 1,
        kept: 1,
        failures: 1,
        ..Bounds::QUIET
    };
    check(bounds, 50_000);
}

#[test]
fn operators_replace_tokens_and_cancel() {
    let bounds = Bounds {
        attempts: 2,
        freezes: 1,
        losses: 1,
        replacements: 1,
        cancels: 1,
        ..Bounds::QUIET
    };
    check(bounds, 90_000);
}

#[test]
fn tokens_are_put_in_again_after_other_ones() {
    let bounds = Bounds {
        attempts: 2,
        kills: 1,
        replacements: 1,
        returns: 1,
        ..Bounds::QUIET
    };
    check(bounds, 50_000);
}

#[test]
fn tokens_of_which_answers_were_lost_are_put_in_again() {
    let bounds = Bounds {
        workers: 2,
        attempts: 3,
        losses: 2,
        rejections: 1,
        replacements: 1,
        returns: 2,
        ..Bounds::QUIET
    };
    check(bounds, 100_000);
}

#[test]
fn probes_are_counted_when_tokens_are_put_in_again() {
    let bounds = Bounds {
        workers: 1,
        attempts: 4,
        losses: 3,
        replacements: 1,
        returns: 2,
        ..Bounds::QUIET
    };
    check(bounds, 55_000);
}

#[test]
fn tokens_of_frozen_workers_are_put_in_again() {
    let bounds = Bounds {
        workers: 2,
        attempts: 3,
        freezes: 1,
        replacements: 1,
        returns: 2,
        ..Bounds::QUIET
    };
    check(bounds, 150_000);
}

#[test]
fn the_machine_loses_power() {
    let bounds = Bounds {
        attempts: 2,
        kills: 1,
        power_losses: 1,
        losses: 1,
        ..Bounds::QUIET
    };
    check(bounds, 9_000);
}

#[test]
fn databases_are_restored() {
    let bounds = Bounds {
        attempts: 3,
        restores: 1,
        ..Bounds::QUIET
    };
    check(bounds, 80_000);
}

#[test]
fn databases_are_restored_and_answers_lost() {
    let bounds = Bounds {
        attempts: 2,
        restores: 1,
        losses: 1,
        failures: 1,
        refusals: 1,
        kept: 1,
        ..Bounds::QUIET
    };
    check(bounds, 50_000);
}

#[test]
fn databases_are_restored_and_workers_killed() {
    let bounds = Bounds {
        attempts: 2,
        restores: 1,
        kills: 1,
        ..Bounds::QUIET
    };
    check(bounds, 100_000);
}

#[test]
fn databases_are_restored_twice() {
    let bounds = Bounds {
        attempts: 2,
        restores: 2,
        ..Bounds::QUIET
    };
    check(bounds, 50_000);
}

#[test]
fn credentials_are_taken_over_from_another_program() {
    let bounds = Bounds {
        attempts: 2,
        kills: 1,
        losses: 1,
        foreign: Some(2),
        ..Bounds::QUIET
    };
    check(bounds, 10_000);
}

#[test]
fn databases_are_restored_to_before_a_migration_was_confirmed() {
    let bounds = Bounds {
        workers: 2,
        attempts: 2,
        restores: 1,
        foreign: Some(1),
        ..Bounds::QUIET
    };
    check(bounds, 2_000);
}
