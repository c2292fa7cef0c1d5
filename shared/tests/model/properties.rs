//! The invariants (`docs/reliability.md` lists them in words), and what has to be reached for them to mean anything.

use rt_manage_shared::model::{
    attempt::AttemptState,
    grant::{HeldReason, State},
};
use stateright::Property;

use crate::{
    bounds::Bounds,
    names::MAX_PROBES,
    system::{Broken, Event, Protocol, System, open_attempt},
    upstream::Reply,
};

type Condition = fn(&Protocol, &System) -> bool;
/// Whether these bounds allow what it takes.
type Takes = fn(&Bounds) -> bool;

const ALWAYS: [(&str, Condition); 14] = [
    ("one call for each refresh token", |_, s| {
        s.observer.broken != Some(Broken::TwoCalls)
    }),
    ("a spent token is sent as a probe only", |_, s| {
        s.observer.broken != Some(Broken::SpentSent)
    }),
    ("an attempt is claimed once", |_, s| {
        s.observer.broken != Some(Broken::ClaimedTwice)
    }),
    ("nothing is claimed under a halt", |_, s| {
        s.observer.broken != Some(Broken::ClaimedHalted)
    }),
    ("nothing is sent late", |_, s| {
        s.observer.broken != Some(Broken::SentLate)
    }),
    ("nothing is sent before a migration is confirmed", |_, s| {
        s.observer.broken != Some(Broken::SentUnconfirmed)
    }),
    ("no loss is silent", no_loss_is_silent),
    ("uncertainty is doubt", uncertainty_is_doubt),
    ("a synced answer is never lost", synced_answers_are_kept),
    (
        "an answer that was looked at is never lost",
        seen_answers_are_kept,
    ),
    ("probes are counted", probes_are_counted),
    ("what the operator put in stays", the_operators_token_stays),
    ("an open attempt has its row", an_open_attempt_has_its_row),
    ("a waiting row can be claimed", a_waiting_row_can_be_claimed),
];

/// What is remarkable, which faults it takes, and whether it was reached.
const SOMETIMES: [(&str, Takes, Condition); 17] = [
    (
        "a late answer is applied",
        |b| b.kills > 0 && b.freezes > 0 || b.freezes > 1 || b.restores > 0,
        |m, _| m.has_seen(Event::LateAnswer),
    ),
    (
        "an answer is set aside",
        |b| b.replacements > 0,
        |m, _| m.has_seen(Event::SetAside),
    ),
    (
        "a probe ends a doubt",
        |b| b.attempts > 1 && (b.losses > 0 || b.kills > 0),
        |m, _| m.has_seen(Event::DoubtEnded),
    ),
    (
        "a claim is undone as unsent",
        |b| b.kills > 0 || b.freezes > 0,
        |m, _| m.has_seen(Event::GivenUpUnsent),
    ),
    (
        "a claim is given up",
        |b| b.kills > 0 || b.freezes > 0,
        |m, _| m.has_seen(Event::GivenUp),
    ),
    (
        "a guard misses",
        |b| b.freezes > 0,
        |m, _| m.has_seen(Event::GuardMissed),
    ),
    (
        "a doubled job is dropped",
        |b| b.workers > 1,
        |m, _| m.has_seen(Event::DuplicateDropped),
    ),
    (
        "a late worker does not send",
        |b| b.freezes > 0,
        |m, _| m.has_seen(Event::LateWorkerDidNotSend),
    ),
    (
        "a worker without contact does not send",
        |b| b.restores > 0,
        |m, _| m.has_seen(Event::CutOffWorkerDidNotSend),
    ),
    (
        "a chain of rotations is replayed",
        |b| b.restores > 0 && b.attempts > 1,
        |m, _| m.has_seen(Event::ChainReplayed),
    ),
    (
        "refreshing halts",
        |b| b.restores > 0,
        |m, _| m.has_seen(Event::Halted),
    ),
    (
        "an operator lifts the halt",
        |b| b.restores > 0,
        |m, _| m.has_seen(Event::Resumed),
    ),
    (
        "a token comes back intact",
        |b| b.returns > 0,
        |m, _| m.has_seen(Event::ReturnedIntact),
    ),
    (
        "a token comes back in doubt",
        |b| b.returns > 0,
        |m, _| m.has_seen(Event::ReturnedInDoubt),
    ),
    (
        "a token comes back dead",
        |b| b.returns > 0 && b.rejections > 0,
        |m, _| m.has_seen(Event::ReturnedDead),
    ),
    (
        "newer tokens are taken over",
        |b| b.foreign.is_some_and(|times| times > 0),
        |m, _| m.has_seen(Event::TakenOverAgain),
    ),
    (
        "a migration is confirmed",
        |b| b.foreign.is_some(),
        |m, _| m.has_seen(Event::Confirmed),
    ),
];

pub fn all(bounds: &Bounds) -> Vec<Property<Protocol>> {
    let reachable = SOMETIMES
        .iter()
        .filter(|(_, takes, _)| takes(bounds))
        .map(|(name, _, condition)| Property::sometimes(name, *condition));
    let always = ALWAYS.map(|(name, condition)| Property::always(name, condition));
    always.into_iter().chain(reachable).collect()
}

/// The database came back older, and nobody has caught up with the journals yet: no worker claims, or refreshing is halted.
fn is_behind(state: &System) -> bool {
    state.observer.behind || (state.database.halted && !state.observer.replayed)
}

/// The living token of the session that the grant belongs to is in the grant, or on its way there, or the grant says that
/// it may be lost.
fn no_loss_is_silent(_: &Protocol, state: &System) -> bool {
    let held = state.database.token();
    let grant = &state.database.grant;
    let Some(live) = state.upstream.live(held) else {
        // The upstream ended the session; the next call is told so.
        return true;
    };
    live == held
        || grant.doubt.is_some()
        || matches!(
            grant.state,
            State::Dead | State::Refreshing(_) | State::Held(HeldReason::Migration)
        )
        || is_behind(state)
        || state.journal.entries().iter().any(|entry| {
            !entry.done && entry.token == held && matches!(entry.answer, Some(Reply::Rotated(_)))
        })
}

/// A grant whose token was sent without an answer is never called healthy.
fn uncertainty_is_doubt(_: &Protocol, state: &System) -> bool {
    let grant = &state.database.grant;
    let healthy = matches!(grant.state, State::Idle | State::Queued(_) | State::Held(_));
    let uncertain = state.observer.uncertain.has(state.database.token());
    !(healthy && grant.doubt.is_none() && uncertain) || is_behind(state)
}

/// The successor in an answer that the journal has is in the database, or the journal says that it is not there yet.
fn synced_answers_are_kept(_: &Protocol, state: &System) -> bool {
    is_behind(state)
        || state
            .journal
            .entries()
            .iter()
            .all(|entry| match entry.answer {
                Some(Reply::Rotated(successor)) => !entry.done || is_stored(state, successor),
                _ => true,
            })
}

fn is_stored(state: &System, token: u8) -> bool {
    let database = &state.database;
    database.token() == token
        || database.spent.has(token)
        || database.replaced.has(token)
        || database
            .orphans
            .iter()
            .any(|orphan| orphan.successor == token)
}

/// Once a worker has looked into an answer, no crash takes its token away.
fn seen_answers_are_kept(_: &Protocol, state: &System) -> bool {
    is_behind(state)
        || (0..32)
            .filter(|token| state.observer.seen.has(*token))
            .all(|token| {
                is_stored(state, token)
                    || state
                        .journal
                        .entries()
                        .iter()
                        .any(|entry| entry.answer == Some(Reply::Rotated(token)))
            })
}

/// A restored database has forgotten the probes since its copy.
fn probes_are_counted(model: &Protocol, state: &System) -> bool {
    let most = MAX_PROBES * (1 + u32::from(model.bounds.restores));
    let stored = state
        .database
        .grant
        .doubt
        .is_none_or(|doubt| doubt.probes <= MAX_PROBES);
    stored
        && state
            .observer
            .probes
            .iter()
            .all(|(_, made)| u32::from(*made) <= most)
}

/// No late answer overwrites a refresh token from outside. A restored database has forgotten it.
fn the_operators_token_stays(model: &Protocol, state: &System) -> bool {
    model.bounds.restores > 0
        || model.bounds.returns > 0
        || state.upstream.session(state.database.token()) == state.upstream.sessions() - 1
}

/// Otherwise nobody would ever end what the grant waits for.
fn an_open_attempt_has_its_row(_: &Protocol, state: &System) -> bool {
    let expected = match state.database.grant.state {
        State::Queued(_) => AttemptState::Queued,
        State::Refreshing(_) => AttemptState::Refreshing,
        _ => return true,
    };
    let open = open_attempt(&state.database.grant);
    let row = open.and_then(|open| state.database.row(open));
    row.is_some_and(|row| row.state == expected)
}

/// Otherwise the dispatcher would push it for ever.
fn a_waiting_row_can_be_claimed(_: &Protocol, state: &System) -> bool {
    let open = open_attempt(&state.database.grant);
    (0..state.next_attempt).all(|attempt| {
        let row = state.database.row(attempt);
        row.is_none_or(|row| row.state != AttemptState::Queued) || open == Some(attempt)
    })
}
