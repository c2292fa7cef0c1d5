//! What a worker does at its start and after the database was away (`worker/src/recovery.rs`), with the rules of
//! production about what is replayed and what is put in doubt.

use rt_manage_shared::model::{attempt::OutcomeKind, journalled::Recorded};

use crate::{
    bounds::Mutation,
    database::{Committed, Database},
    journal::{Entry, Journal},
    names::{attempt, attempt_id, context, fingerprint},
};

/// What a recovery did, for `sometimes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Answers that changed the grant.
    pub replayed: u8,
    /// Whether everything was replayed under a halt.
    pub halted: bool,
}

fn recorded(database: &Database, entry: Entry) -> Option<Recorded> {
    database.row(entry.attempt).map(|row| Recorded {
        state: row.state,
        outcome: row.outcome,
    })
}

/// Compares the journals with the database, and replays what it lacks.
pub fn recover(
    database: &mut Database,
    journal: &mut Journal,
    mutation: Option<Mutation>,
) -> Recovered {
    let ahead: Vec<Entry> = journal
        .entries()
        .iter()
        .filter(|entry| entry.journalled().is_ahead_of(recorded(database, **entry)))
        .copied()
        .collect();
    if !ahead.is_empty() && mutation != Some(Mutation::NoHalt) {
        database.halted = true;
        for entry in &ahead {
            database.insert_known_from_journal(entry.attempt, entry.token);
        }
    }
    let all = database.halted && mutation != Some(Mutation::ReplayUndoneOnly);
    let open = journal
        .entries()
        .iter()
        .filter(|entry| {
            entry
                .journalled()
                .is_replayed(recorded(database, **entry), all)
        })
        .copied()
        .collect();
    let replayed = replay(database, journal, open);
    if database.halted && mutation != Some(Mutation::NoDoubtUnderHalt) {
        doubt(database, journal);
    }
    Recovered {
        replayed,
        halted: database.halted,
    }
}

/// Until a pass changes nothing: an answer may only fit after another one was applied.
fn replay(database: &mut Database, journal: &mut Journal, mut open: Vec<Entry>) -> u8 {
    let mut replayed = 0;
    loop {
        let before = replayed;
        open.retain(|entry| {
            let Some(ending) = entry.ending() else {
                return false;
            };
            let read = database.grant.clone();
            let committed = database.commit(&ending.outcome(), &read, true);
            journal.done(entry.attempt);
            if matches!(committed, Committed::Applied | Committed::Late) {
                replayed += 1;
            }
            committed == Committed::SetAside
        });
        if replayed == before || open.is_empty() {
            return replayed;
        }
    }
}

/// What the database has lost is closed; where no answer says what became of the token, it is in doubt.
fn doubt(database: &mut Database, journal: &Journal) {
    for entry in journal.entries() {
        let recorded = recorded(database, *entry);
        let open = entry.journalled().is_ahead_of(recorded);
        if !open && !entry.journalled().leaves_doubt(recorded) {
            continue;
        }
        let before = database.grant.clone();
        let spent = fingerprint(entry.token);
        if let Ok(next) = before.put_in_doubt(attempt_id(entry.attempt), spent, &context()) {
            database.compare_and_set(&before.guard(), next);
            if let Some(pointless) = before.state.attempt() {
                database.finish(attempt(pointless), OutcomeKind::Superseded);
            }
        }
        if open {
            database.amend_from_journal(entry.attempt);
        }
    }
}
