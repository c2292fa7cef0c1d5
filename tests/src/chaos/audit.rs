//! The audit: is every account's live refresh token somewhere where it will be found again, and where it is not, is there a
//! crash or a cut that explains it?
//!
//! A token is **stored** where a credential holds it, where an orphan holds it, or where a journal holds it in an answer that
//! is still to be replayed. An answer that some journal calls *done* does not count: nobody looks at it again, and the
//! retention deletes it.
//!
//! A loss is **explained** only if all of this holds:
//!
//! 1. the credential says so itself: it is in doubt, or a probe of that doubt was refused as a second use;
//! 2. the database has an attempt on the spent token that was given up or is ambiguous: the one that lost it; or it was
//!    restored from a copy that does not know the attempt, and a journal does;
//! 3. either the answer was not delivered whole, or the worker of that attempt was killed no later than [`WINDOW_MS`] after
//!    the answer's last byte had left the upstream;
//! 4. that worker had not yet told in its log that it holds new tokens: it tells so after the answer is on the disk;
//! 5. no journal has an answer of that attempt that was delivered whole.
//!
//! Everything else is **unexplained**, and so is what no loss excuses: a living token that is called dead, a spent token that
//! was sent without being counted as a probe, two calls at once with one token, more calls with a token than attempts.

use std::collections::{BTreeMap, HashMap, HashSet};

use rt_manage_shared::{
    model::grant::StateName,
    vault::{Fingerprint, Secret},
};

use super::{
    facts::{Deeds, Logs},
    snapshot::{Snapshot, StoredAttempt, StoredCredential},
};
use crate::standin::{AccountLedger, CallRecord, Written};

/// How long an answer may have been complete when its worker is killed, for the kill to explain its loss: an answer is on
/// the disk within milliseconds, but this machine may be busy and its disk slow (measured: 9 ms at the 99th percentile).
pub const WINDOW_MS: i64 = 2000;

/// What became of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Its credential holds the live token.
    Held,
    /// Its credential holds the live token, and does not know it: in doubt.
    Doubted,
    /// The upstream has ended the session, and the credential says dead.
    Ended,
    /// Its live token is kept as an orphan.
    Orphaned,
    /// Its live token is in no safe place, and the reason is known.
    Explained(String),
    /// Anything else.
    Unexplained(String),
}

/// What the audit looks at.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The upstream's accounts.
    pub ledger: &'a [AccountLedger],
    /// The upstream's calls, in order.
    pub calls: &'a [CallRecord],
    /// What is stored.
    pub snapshot: &'a Snapshot,
    /// What the processes have told.
    pub logs: &'a Logs,
    /// What was done to them.
    pub deeds: &'a Deeds,
}

/// The judgement.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// The fate of each account, by key.
    pub fates: BTreeMap<String, Fate>,
    /// What no loss excuses.
    pub violations: Vec<String>,
    /// Milliseconds between the last byte of a lost answer and the kill of its worker, for losses that a kill explains.
    pub margins_ms: Vec<i64>,
}

impl Verdict {
    /// How many accounts met such a fate.
    pub fn count(&self, wanted: impl Fn(&Fate) -> bool) -> usize {
        self.fates.values().filter(|fate| wanted(fate)).count()
    }

    /// The accounts that were lost without an explanation, with what is missing in it.
    pub fn unexplained(&self) -> Vec<(&str, &str)> {
        let unexplained = self.fates.iter().filter_map(|(key, fate)| match fate {
            Fate::Unexplained(why) => Some((key.as_str(), why.as_str())),
            _ => None,
        });
        unexplained.collect()
    }

    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.unexplained().is_empty()
    }
}

/// Judges.
pub fn judge(evidence: &Evidence<'_>) -> Verdict {
    let index = Index::of(evidence);
    let mut verdict = Verdict::default();
    for account in evidence.ledger {
        let fate = index.fate(account, &mut verdict.margins_ms);
        verdict.fates.insert(account.key.clone(), fate);
    }
    index.check_calls(&mut verdict.violations);
    for text in &evidence.snapshot.unreadable {
        verdict.violations.push(format!("unreadable: {text}"));
    }
    for line in &evidence.logs.panics {
        verdict.violations.push(format!("a panic: {line}"));
    }
    verdict
}

/// The evidence, arranged for looking things up.
struct Index<'a> {
    evidence: Evidence<'a>,
    /// Credentials by the token that they hold.
    holders: HashMap<&'a str, &'a StoredCredential>,
    credentials: HashMap<&'a str, &'a StoredCredential>,
    orphans: HashSet<&'a str>,
    /// Tokens in answers that are to be replayed.
    waiting: HashSet<&'a str>,
    /// Tokens in answers that are called done.
    done: HashSet<&'a str>,
    /// Attempts that some journal has an answer of.
    answered: HashSet<&'a str>,
    /// Attempts by the fingerprint of their token.
    attempts: HashMap<&'a str, Vec<&'a StoredAttempt>>,
    killed: HashMap<&'a str, i64>,
}

impl<'a> Index<'a> {
    fn of(evidence: &Evidence<'a>) -> Self {
        let snapshot = evidence.snapshot;
        let mut index = Self {
            evidence: *evidence,
            holders: HashMap::new(),
            credentials: HashMap::new(),
            orphans: snapshot.orphans.iter().map(String::as_str).collect(),
            waiting: HashSet::new(),
            done: HashSet::new(),
            answered: HashSet::new(),
            attempts: HashMap::new(),
            killed: HashMap::new(),
        };
        for credential in &snapshot.credentials {
            index.holders.insert(&credential.token, credential);
            index.credentials.insert(&credential.biz_id, credential);
        }
        for answer in &snapshot.answers {
            index.answered.insert(&answer.attempt);
            if let Some(token) = &answer.successor {
                let place = if answer.done {
                    &mut index.done
                } else {
                    &mut index.waiting
                };
                place.insert(token);
            }
        }
        for attempt in &snapshot.attempts {
            let on_token = index.attempts.entry(&attempt.rt_fp).or_default();
            on_token.push(attempt);
        }
        for kill in &evidence.deeds.kills {
            if let Some(boot) = &kill.boot {
                index.killed.insert(boot, kill.at_ms);
            }
        }
        index
    }

    fn fate(&self, account: &AccountLedger, margins: &mut Vec<i64>) -> Fate {
        let unexplained = |why: &str| Fate::Unexplained(why.to_owned());
        let own = self.credentials.get(account.key.as_str());
        let Some(live) = account.live.as_deref() else {
            // Somebody may have given the credential another account's token.
            let holds = |own: &&StoredCredential| {
                let tokens = account.tokens.iter();
                tokens
                    .map(|one| &one.refresh_token)
                    .any(|one| *one == own.token)
            };
            return match own.copied().filter(holds).map(|own| own.state) {
                Some(StateName::Dead) | None => Fate::Ended,
                Some(state) => Fate::Unexplained(format!(
                    "the upstream has ended the session and the credential is {state}"
                )),
            };
        };
        if let Some(holder) = self.holders.get(live) {
            return match holder.state {
                StateName::Idle | StateName::Held => Fate::Held,
                StateName::InDoubt => Fate::Doubted,
                StateName::Dead => unexplained("a living token is called dead"),
                StateName::Queued | StateName::Refreshing => {
                    unexplained("its attempt was never finished")
                }
            };
        }
        if self.waiting.contains(live) {
            return unexplained("its token is in a journal, and nobody has replayed it");
        }
        if self.orphans.contains(live) {
            return Fate::Orphaned;
        }
        if self.done.contains(live) {
            return unexplained("a journal calls the answer done that the database does not have");
        }
        match self.explanation(account, own.copied(), margins) {
            Ok(why) => Fate::Explained(why),
            Err(why) => Fate::Unexplained(why),
        }
    }

    /// Why a token that is stored nowhere was lost; the error says what is missing in the explanation.
    fn explanation(
        &self,
        account: &AccountLedger,
        own: Option<&StoredCredential>,
        margins: &mut Vec<i64>,
    ) -> Result<String, String> {
        let own = own.ok_or("there is no credential of this name any more")?;
        let [.., spent, live] = account.tokens.as_slice() else {
            return Err("it holds another token than the one that it was given".to_owned());
        };
        if own.token != spent.refresh_token {
            return Err(format!(
                "it holds a token that is older than the one spent last, and is {}",
                own.state
            ));
        }
        let fingerprint = Fingerprint::of(&Secret::new(spent.refresh_token.as_str()));
        let attempts = self.attempts.get(fingerprint.as_str());
        let attempts = attempts.map(Vec::as_slice).unwrap_or_default();
        let refused = |attempt: &&StoredAttempt| {
            attempt.probe && attempt.code.as_deref() == Some("refresh_token_reused")
        };
        match own.state {
            StateName::InDoubt => {}
            StateName::Dead if attempts.iter().any(refused) => {}
            state => {
                return Err(format!(
                    "nothing tells of the loss: the credential is {state}"
                ));
            }
        }
        let call = live.issued_by_call.and_then(|number| self.call(number));
        let call = call.ok_or("the ledger does not know the call that spent its token")?;
        let mut missing = "no attempt on its token was given up".to_owned();
        for (attempt, worker) in self.given_up(fingerprint.as_str(), attempts) {
            match self.witness(attempt, worker, call, margins) {
                Ok(why) => return Ok(why),
                Err(why) => missing = why,
            }
        }
        Err(missing)
    }

    /// The attempts on a token that were given up, with their workers: as the database tells, or, where it was restored from
    /// a copy and has forgotten them, as the journals do.
    fn given_up<'b>(
        &'b self,
        fingerprint: &str,
        attempts: &[&'b StoredAttempt],
    ) -> Vec<(&'b str, &'b str)> {
        let told = |attempt: &&&StoredAttempt| {
            matches!(attempt.outcome.as_deref(), Some("abandoned" | "ambiguous"))
        };
        let mut given_up: Vec<_> = attempts
            .iter()
            .filter(told)
            .map(|attempt| {
                (
                    attempt.id.as_str(),
                    attempt.worker.as_deref().unwrap_or_default(),
                )
            })
            .collect();
        let forgotten = |id: &str| {
            let known = attempts.iter().find(|attempt| attempt.id == id);
            known.is_none_or(|attempt| attempt.code.as_deref() == Some("journal_ahead"))
        };
        let intents = self.evidence.snapshot.intents.get(fingerprint);
        given_up.extend(
            intents
                .into_iter()
                .flatten()
                .filter(|(id, _)| forgotten(id))
                .map(|(id, worker)| (id.as_str(), worker.as_str())),
        );
        given_up
    }

    /// Whether this attempt's loss of that call's answer is somebody else's fault.
    fn witness(
        &self,
        id: &str,
        worker: &str,
        call: &CallRecord,
        margins: &mut Vec<i64>,
    ) -> Result<String, String> {
        if self.evidence.logs.knew(worker, id) {
            return Err(format!(
                "worker {worker} had told that attempt {id} brought new tokens"
            ));
        }
        let killed = self.killed.get(worker).copied();
        // What there was of a cut answer may be in the journal; it does not have the token.
        let reached = self.answered.contains(id);
        if call.answer != Written::Complete && (reached || killed.is_none()) {
            return Ok("the answer was not delivered whole".to_owned());
        }
        if reached {
            return Err(format!("a journal has the answer of attempt {id}"));
        }
        if let Some(killed) = killed {
            // What a process has sent is read by the other side even where it is dead by then.
            if call.at_ms - killed > WINDOW_MS {
                return Err(format!(
                    "worker {worker} was killed {} ms before the upstream read the call of attempt {id}",
                    call.at_ms - killed
                ));
            }
            let margin = killed - call.finished_at_ms.unwrap_or(killed);
            if margin > WINDOW_MS {
                return Err(format!(
                    "worker {worker} was killed {margin} ms after the answer of attempt {id} was complete"
                ));
            }
            margins.push(margin.max(0));
            return Ok("its worker was killed before the answer was on the disk".to_owned());
        }
        Err(format!(
            "worker {worker} lived, and the answer of attempt {id} was delivered whole"
        ))
    }

    fn call(&self, number: u64) -> Option<&'a CallRecord> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.evidence.calls.get(at)
    }

    /// How many attempts on a token were begun: those that a worker has claimed, and those that only a journal knows after
    /// the database was restored from a copy.
    fn begun(&self, fingerprint: &str, attempts: &[&StoredAttempt]) -> usize {
        let claimed = attempts.iter().filter(|one| one.worker.is_some());
        let mut begun: HashSet<&str> = claimed.map(|one| one.id.as_str()).collect();
        let intents = self.evidence.snapshot.intents.get(fingerprint);
        begun.extend(intents.into_iter().flatten().map(|(id, _)| id.as_str()));
        begun.len()
    }

    /// What each token was sent for.
    fn check_calls(&self, violations: &mut Vec<String>) {
        for account in self.evidence.ledger {
            if account.max_concurrent > 1 {
                violations.push(format!(
                    "{} calls at once with one token of {}",
                    account.max_concurrent, account.key
                ));
            }
        }
        let mut uses: HashMap<&str, (usize, usize)> = HashMap::new();
        for call in self.evidence.calls {
            if let Some(fingerprint) = &call.fingerprint {
                let (sent, again) = uses.entry(fingerprint).or_default();
                *sent += 1;
                *again += usize::from(call.spent_before);
            }
        }
        for account in self.evidence.ledger {
            for token in &account.tokens {
                let Some((sent, again)) = uses.get(token.fingerprint.as_str()) else {
                    continue;
                };
                let ours = Fingerprint::of(&Secret::new(token.refresh_token.as_str()));
                let attempts = self.attempts.get(ours.as_str());
                let attempts = attempts.map(Vec::as_slice).unwrap_or_default();
                let claimed = self.begun(ours.as_str(), attempts);
                let probes = attempts.iter().filter(|one| one.probe).count();
                if *sent > claimed {
                    violations.push(format!(
                        "{sent} calls with token {} of {}, and {claimed} attempts",
                        token.position, account.key
                    ));
                }
                if *again > probes {
                    violations.push(format!(
                        "spent token {} of {} was sent {again} times, and {probes} of them as a probe",
                        token.position, account.key
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
