//! What the stand-in knows: accounts, tokens, calls. One lock around plain maps.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::{
    accounts::AccountRow,
    calls::CallRow,
    ledger::{AccountLedger, Stats, TokenEntry, hex},
    rules::Rules,
    settings::Defaults,
};

pub(super) type Digest = [u8; 32];

/// Which token of which account.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenRef {
    pub(super) account: usize,
    pub(super) position: usize,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) defaults: Defaults,
    /// Goes up with each reset: a call that began before it leaves no trace after it.
    pub(super) generation: u64,
    pub(super) accounts: Vec<AccountRow>,
    pub(super) by_key: HashMap<String, usize>,
    pub(super) tokens: HashMap<Digest, TokenRef>,
    pub(super) calls: Vec<CallRow>,
    pub(super) in_flight: HashMap<Digest, u32>,
    pub(super) rules: Rules,
    pub(super) totals: Totals,
}

/// The counters that are kept as they happen; the other totals are counted when asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) finished: u64,
    pub(super) rotations: u64,
    pub(super) reuse_refused: u64,
    pub(super) families_revoked: u64,
    pub(super) in_flight: u32,
    pub(super) max_in_flight: u32,
    pub(super) max_concurrent_per_token: u32,
    pub(super) revocations: u64,
    pub(super) connections: u64,
    pub(super) incomplete_requests: u64,
    pub(super) redirects_followed: u64,
}

impl State {
    /// Forgets everything but the defaults given.
    pub(super) fn reset(&mut self, defaults: Defaults) {
        let mut rules = std::mem::take(&mut self.rules);
        rules.clear();
        *self = Self {
            defaults,
            generation: self.generation + 1,
            rules,
            ..Self::default()
        };
    }

    pub(super) fn account_ledger(&self, at: usize) -> AccountLedger {
        let row = &self.accounts[at];
        let live = self.live_position(at);
        let tokens = row
            .tokens
            .iter()
            .enumerate()
            .map(|(position, token)| TokenEntry {
                position,
                refresh_token: token.text.to_string(),
                fingerprint: hex(&token.digest),
                issued_at_ms: token.issued_at_ms,
                issued_by_call: token.issued_by_call,
                spent_at_ms: token.spent.map(|spent| spent.at_ms),
                spent_by_call: token.spent.map(|spent| spent.by_call),
                answer: token
                    .spent
                    .and_then(|spent| self.call(spent.by_call))
                    .map(|call| call.answer),
                live: live == Some(position),
            })
            .collect();
        AccountLedger {
            key: row.key.clone(),
            email: row.person.email.clone(),
            client_id: row.person.client_id.clone(),
            account_id: row.person.account_id.clone(),
            user_id: row.person.user_id.clone(),
            live: live.map(|position| row.tokens[position].text.to_string()),
            ended: row.ended.clone(),
            calls: row.calls,
            reused: row.reused,
            max_concurrent: row.max_concurrent,
            tokens,
        }
    }

    /// Position of the live token; the last one is always the unspent one.
    pub(super) fn live_position(&self, at: usize) -> Option<usize> {
        let row = &self.accounts[at];
        row.ended
            .is_none()
            .then(|| row.tokens.len().checked_sub(1))
            .flatten()
    }

    pub(super) fn stats(&self) -> Stats {
        let mut by_status = BTreeMap::new();
        let mut by_code: BTreeMap<&str, u64> = BTreeMap::new();
        let mut reused = 0;
        for call in &self.calls {
            reused += u64::from(call.spent_before);
            if let Some(status) = call.status {
                *by_status.entry(status).or_default() += 1;
            }
            if let Some(code) = call.code.as_deref() {
                *by_code.entry(code).or_default() += 1;
            }
        }
        let totals = self.totals.clone();
        Stats {
            accounts: self.accounts.len() as u64,
            token_calls: self.calls.len() as u64,
            finished: totals.finished,
            rotations: totals.rotations,
            reused,
            reuse_refused: totals.reuse_refused,
            families_revoked: totals.families_revoked,
            by_status,
            by_code: by_code
                .into_iter()
                .map(|(code, count)| (code.to_owned(), count))
                .collect(),
            in_flight: totals.in_flight,
            max_in_flight: totals.max_in_flight,
            max_concurrent_per_token: totals.max_concurrent_per_token,
            revocations: totals.revocations,
            connections: totals.connections,
            incomplete_requests: totals.incomplete_requests,
            redirects_followed: totals.redirects_followed,
        }
    }
}

/// A refusal by the rules of the endpoint.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: Cow<'static, str>,
    pub(super) message: &'static str,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            message,
        }
    }
}
