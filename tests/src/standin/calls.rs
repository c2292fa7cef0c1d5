//! The record of calls: begun when the request is read, finished when its answer has left or its connection ended.

use std::net::SocketAddr;

use super::{
    clock::wall_ms,
    fault::Fault,
    ledger::{BodyFormat, CallRecord, Written, hex},
    request::{Endpoint, TokenRequest},
    state::{Digest, State},
};

/// A call in compact form: benchmarks make millions.
#[derive(Debug)]
pub(super) struct CallRow {
    at_ms: i64,
    finished_at_ms: Option<i64>,
    account: Option<usize>,
    endpoint: Endpoint,
    format: BodyFormat,
    client_id: Option<Box<str>>,
    redirect_uri: Option<Box<str>>,
    scope: Option<Box<str>>,
    resource: Option<Box<str>>,
    digest: Option<Digest>,
    pub(super) status: Option<u16>,
    pub(super) code: Option<Box<str>>,
    peer: SocketAddr,
    pub(super) spent_before: bool,
    pub(super) rotated: bool,
    pub(super) answer: Written,
    pub(super) answer_length: Option<u64>,
    pub(super) peer_gone: bool,
    fault: Option<u64>,
}

/// A call that has begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) number: u64,
    pub(super) generation: u64,
    pub(super) account: Option<String>,
    pub(super) fault: Fault,
    pub(super) latency_before_ms: u64,
    pub(super) latency_after_ms: u64,
}

impl State {
    pub(super) fn call(&self, number: u64) -> Option<&CallRow> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.calls.get(at)
    }

    pub(super) fn call_mut(&mut self, number: u64) -> Option<&mut CallRow> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.calls.get_mut(at)
    }

    /// Whether this refresh token is spent.
    pub(super) fn is_spent(&self, digest: Option<Digest>) -> bool {
        digest
            .and_then(|digest| self.tokens.get(&digest))
            .is_some_and(|found| {
                self.accounts[found.account].tokens[found.position]
                    .spent
                    .is_some()
            })
    }

    pub(super) fn begin_call(&mut self, request: &TokenRequest, peer: SocketAddr) -> Begun {
        let account = request
            .digest
            .and_then(|digest| self.tokens.get(&digest))
            .map(|found| found.account);
        let key = account.map(|at| self.accounts[at].key.clone());
        let picked = self.rules.pick(key.as_deref());
        let totals = &mut self.totals;
        totals.in_flight += 1;
        totals.max_in_flight = totals.max_in_flight.max(totals.in_flight);
        if let Some(digest) = request.digest {
            let together = self.in_flight.entry(digest).or_default();
            *together += 1;
            totals.max_concurrent_per_token = totals.max_concurrent_per_token.max(*together);
            if let Some(at) = account {
                let row = &mut self.accounts[at];
                row.calls += 1;
                row.max_concurrent = row.max_concurrent.max(*together);
            }
        }
        let own = |text: Option<&str>| text.map(Box::from);
        self.calls.push(CallRow {
            at_ms: wall_ms(),
            finished_at_ms: None,
            account,
            endpoint: request.endpoint,
            format: request.format,
            client_id: own(request.client_id()),
            redirect_uri: own(request.redirect_uri()),
            scope: own(request.scope()),
            resource: own(request.resource()),
            digest: request.digest,
            status: None,
            code: None,
            peer,
            spent_before: false,
            rotated: false,
            answer: Written::Pending,
            answer_length: None,
            peer_gone: false,
            fault: picked.as_ref().map(|(id, _)| *id),
        });
        let number = self.calls.len() as u64;
        self.note_spent(number);
        let fault = picked.map(|(_, fault)| fault).unwrap_or_default();
        Begun {
            number,
            generation: self.generation,
            account: key,
            latency_before_ms: fault
                .latency_before_ms
                .unwrap_or(self.defaults.latency_before_ms),
            latency_after_ms: fault
                .latency_after_ms
                .unwrap_or(self.defaults.latency_after_ms),
            fault,
        }
    }

    /// Notes whether the token is spent by now. Done on arrival and again at the moment of decision, where it is true for
    /// the second of two calls at the same time.
    pub(super) fn note_spent(&mut self, number: u64) {
        let digest = self.call(number).and_then(|call| call.digest);
        if !self.is_spent(digest) {
            return;
        }
        if let Some(call) = self.call_mut(number)
            && !call.spent_before
        {
            call.spent_before = true;
            if let Some(at) = call.account {
                self.accounts[at].reused += 1;
            }
        }
    }

    /// Returns false when a reset has made the call forgotten.
    pub(super) fn finish_call(&mut self, begun: &Begun, answer: Written) -> bool {
        if begun.generation != self.generation {
            return false;
        }
        let Some(call) = self.call_mut(begun.number) else {
            return false;
        };
        call.finished_at_ms = Some(wall_ms());
        call.answer = answer;
        let digest = call.digest;
        self.totals.finished += 1;
        self.totals.in_flight -= 1;
        if let Some(digest) = digest
            && let Some(together) = self.in_flight.get_mut(&digest)
        {
            *together -= 1;
            if *together == 0 {
                self.in_flight.remove(&digest);
            }
        }
        true
    }

    /// Corrects what was expected to be written: the connection broke in the middle of the answer.
    pub(super) fn amend_call(&mut self, begun: &Begun, answer: Written) {
        if begun.generation == self.generation
            && let Some(call) = self.call_mut(begun.number)
        {
            call.answer = answer;
        }
    }

    pub(super) fn call_record(&self, number: u64) -> Option<CallRecord> {
        let call = self.call(number)?;
        Some(CallRecord {
            number,
            at_ms: call.at_ms,
            finished_at_ms: call.finished_at_ms,
            account: call.account.map(|at| self.accounts[at].key.clone()),
            path: call.endpoint.path().to_owned(),
            body: call.format,
            client_id: call.client_id.as_deref().map(str::to_owned),
            redirect_uri: call.redirect_uri.as_deref().map(str::to_owned),
            scope: call.scope.as_deref().map(str::to_owned),
            resource: call.resource.as_deref().map(str::to_owned),
            fingerprint: call.digest.map(|digest| hex(&digest)),
            status: call.status,
            code: call.code.as_deref().map(str::to_owned),
            peer: call.peer,
            spent_before: call.spent_before,
            rotated: call.rotated,
            answer: call.answer,
            answer_length: call.answer_length,
            peer_gone: call.peer_gone,
            fault: call.fault,
        })
    }

    /// The calls after number `after`, in order, of one account or of all.
    pub(super) fn call_records(&self, account: Option<&str>, after: u64) -> Vec<CallRecord> {
        let wanted = account.map(|key| self.by_key.get(key).copied());
        (after + 1..=self.calls.len() as u64)
            .filter(|number| match wanted {
                None => true,
                // An unknown key matches nothing, not the calls with made-up tokens.
                Some(None) => false,
                Some(at) => self.call(*number).is_some_and(|call| call.account == at),
            })
            .filter_map(|number| self.call_record(number))
            .collect()
    }
}
