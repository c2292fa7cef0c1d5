//! The journals of all workers, which all can see: what they hold of each attempt. Only the worker that claimed an
//! attempt writes its intent and its answer, so that it does not matter in which folder they stand.

use rt_manage_shared::model::journalled::Journalled;

use crate::{
    names::{Attempt, Token},
    upstream::Reply,
    worker::{End, Ending},
};

/// What the journals hold of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    pub attempt: Attempt,
    /// The token that the intent names.
    pub token: Token,
    /// The answer, synced.
    pub answer: Option<Reply>,
    /// Whether somebody noted that the database has recorded it.
    pub done: bool,
}

impl Entry {
    pub fn journalled(self) -> Journalled {
        Journalled {
            answer: self.answer.map(|reply| reply.verdict().kind()),
            done: self.done,
        }
    }

    /// The answer as replay commits it.
    pub fn ending(self) -> Option<Ending> {
        self.answer.map(|reply| Ending {
            attempt: self.attempt,
            token: self.token,
            end: End::Answer(reply),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Journal(Vec<Entry>);

impl Journal {
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    pub fn entry(&self, attempt: Attempt) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.attempt == attempt)
    }

    fn entry_mut(&mut self, attempt: Attempt) -> Option<&mut Entry> {
        self.0.iter_mut().find(|entry| entry.attempt == attempt)
    }

    /// Survives the death of the process, not of the machine.
    pub fn intend(&mut self, attempt: Attempt, token: Token) {
        self.0.push(Entry {
            attempt,
            token,
            answer: None,
            done: false,
        });
        self.0.sort_unstable();
    }

    /// Synced.
    pub fn answered(&mut self, attempt: Attempt, reply: Reply) {
        if let Some(entry) = self.entry_mut(attempt) {
            entry.answer = Some(reply);
        }
    }

    /// Not synced: lost with the machine.
    pub fn done(&mut self, attempt: Attempt) {
        if let Some(entry) = self.entry_mut(attempt) {
            entry.done = true;
        }
    }

    /// The machine loses power: what was not synced is gone.
    pub fn lose_power(&mut self) {
        self.0.retain(|entry| entry.answer.is_some());
        for entry in &mut self.0 {
            entry.done = false;
        }
    }
}
