//! The audit: what somebody stores, held against what is live.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{
    accounts::IssuedToken,
    ledger::{CallRecord, Ended, digest},
    state::State,
};

/// The outcome of an audit. Every account of the ledger is counted once.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Audit {
    /// Accounts whose live refresh token is among the stored ones.
    pub held: usize,
    /// Accounts whose live refresh token nobody stores.
    pub lost: Vec<Lost>,
    /// Accounts whose session has ended: there is no live refresh token to hold.
    pub ended: Vec<EndedAccount>,
    /// Accounts of the ledger for which nothing is stored at all.
    pub not_stored: Vec<String>,
    /// Stored keys that the ledger does not know.
    pub unknown: Vec<String>,
}

impl Audit {
    /// Whether every account of the ledger is held.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty()
            && self.ended.is_empty()
            && self.not_stored.is_empty()
            && self.unknown.is_empty()
    }

    /// The lost accounts' keys, to compare with those that are flagged in doubt.
    pub fn lost_keys(&self) -> Vec<&str> {
        self.lost.iter().map(|lost| lost.key.as_str()).collect()
    }
}

/// A lost account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Lost {
    /// Key of the account.
    pub key: String,
    /// Position of the newest stored refresh token in the account's chain; absent when none belongs to it.
    pub stored_position: Option<usize>,
    /// Position of the live refresh token.
    pub live_position: usize,
    /// The call whose answer carried the live refresh token: where it was lost.
    pub lost_in: Option<CallRecord>,
}

/// An account whose session has ended.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EndedAccount {
    /// Key of the account.
    pub key: String,
    /// How.
    pub ended: Ended,
}

impl State {
    /// Classifies each account. A key may come several times (database and journals); one live token is enough.
    pub(super) fn audit<K, T>(&self, stored: impl IntoIterator<Item = (K, T)>) -> Audit
    where
        K: AsRef<str>,
        T: AsRef<str>,
    {
        let mut newest: HashMap<usize, Option<usize>> = HashMap::new();
        let mut audit = Audit::default();
        for (key, token) in stored {
            let Some(at) = self.by_key.get(key.as_ref()).copied() else {
                audit.unknown.push(key.as_ref().to_owned());
                continue;
            };
            let position = self
                .tokens
                .get(&digest(token.as_ref()))
                .filter(|found| found.account == at)
                .map(|found| found.position);
            let best = newest.entry(at).or_default();
            *best = (*best).max(position);
        }
        for (at, row) in self.accounts.iter().enumerate() {
            let key = row.key.clone();
            if let Some(ended) = &row.ended {
                audit.ended.push(EndedAccount {
                    key,
                    ended: ended.clone(),
                });
                continue;
            }
            let Some(stored_position) = newest.get(&at).copied() else {
                audit.not_stored.push(key);
                continue;
            };
            let live_position = row.tokens.len() - 1;
            if stored_position == Some(live_position) {
                audit.held += 1;
                continue;
            }
            audit.lost.push(Lost {
                key,
                stored_position,
                live_position,
                lost_in: row
                    .tokens
                    .get(live_position)
                    .and_then(|token: &IssuedToken| token.issued_by_call)
                    .and_then(|number| self.call_record(number)),
            });
        }
        audit
    }
}
