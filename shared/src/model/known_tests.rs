use super::*;

use AttemptState::{Cancelled, Finished, Queued, Refreshing};

/// The `n`th attempt, which a worker had in hand.
fn ended(n: i64, outcome: OutcomeKind) -> Use {
    Use {
        state: Finished,
        outcome: Some(outcome),
        claimed: true,
        code: Some(format!("code {n}")),
        at: Millis(n),
    }
}

fn known(outcomes: &[OutcomeKind]) -> Known {
    let uses: Vec<Use> = (1..)
        .zip(outcomes)
        .map(|(n, outcome)| ended(n, *outcome))
        .collect();
    Known::from_uses(&uses)
}

#[test]
fn what_the_attempts_say() {
    use OutcomeKind::{
        Abandoned, AbandonedUnsent, Ambiguous, Held, NotSent, Rejected, Rotated, Superseded,
        Transient,
    };
    // Whether dead; since when in doubt and with how many probes; failures.
    type Expected = (bool, Option<(i64, u32)>, u32);
    let table: &[(&[OutcomeKind], Expected)] = &[
        (&[], (false, None, 0)),
        (
            &[NotSent, Transient, Held, AbandonedUnsent],
            (false, None, 0),
        ),
        (&[Ambiguous], (false, Some((1, 0)), 1)),
        (&[Abandoned], (false, Some((1, 0)), 1)),
        (&[Superseded], (false, Some((1, 0)), 1)),
        (&[Rejected], (true, None, 1)),
        (&[Rotated], (false, None, 0)),
        // Each further claim is a probe, unless it was given back.
        (
            &[NotSent, Ambiguous, Transient, Superseded, Held, Abandoned],
            (false, Some((2, 2)), 3),
        ),
        (&[Ambiguous, NotSent], (false, Some((1, 0)), 1)),
        // An answer that left it valid.
        (&[Ambiguous, Abandoned, Rotated], (false, None, 0)),
        (&[Ambiguous, Rotated, Ambiguous], (false, Some((3, 0)), 1)),
        // A rejection that came late: a newer attempt was made pointless by it.
        (&[Rejected, Superseded], (true, None, 2)),
        (&[Ambiguous, Rejected], (true, None, 2)),
    ];
    for (outcomes, (dead, doubt, failures)) in table {
        let found = known(outcomes);
        let doubt = doubt.map(|(since, probes)| Doubt {
            since: Millis(since),
            probes,
        });
        assert_eq!(
            (found.dead, found.doubt, found.failures),
            (*dead, doubt, *failures),
            "{outcomes:?}"
        );
    }
    let code = known(&[Ambiguous, Abandoned, Transient]).code;
    assert_eq!(code.as_deref(), Some("code 2"));
}

#[test]
fn what_no_worker_had_in_hand_says_nothing() {
    let unclaimed = |state, outcome| Use {
        state,
        outcome,
        claimed: false,
        ..ended(1, OutcomeKind::Superseded)
    };
    for used in [
        unclaimed(Finished, Some(OutcomeKind::Superseded)),
        unclaimed(Queued, None),
        unclaimed(Cancelled, None),
    ] {
        assert_eq!(Known::from_uses([&used]), Known::default());
        assert!(!used.is_under_way());
    }
    let open = Use {
        state: Refreshing,
        outcome: None,
        ..ended(1, OutcomeKind::Superseded)
    };
    assert!(open.is_under_way());
}

#[test]
fn the_graver_counts() {
    use OutcomeKind::{Ambiguous, NotSent, Rejected};
    let ordered = [
        known(&[NotSent]),
        known(&[Ambiguous]),
        known(&[Ambiguous, Ambiguous]),
        known(&[Rejected]),
    ];
    for (less, more) in ordered.iter().zip(&ordered[1..]) {
        assert_eq!(less.clone().graver(more.clone()), *more);
        assert_eq!(more.clone().graver(less.clone()), *more);
    }
}
