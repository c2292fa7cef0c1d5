//! [`Finished`]: the outcome of one attempt, sealed and ready to be written.

use rt_manage_shared::{
    clock::Millis,
    db::{
        DbError, Tx,
        attempts::Ending,
        credentials::Identity,
        grants::TokenWrite,
        recovered::{self, Recovered},
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::OutcomeKind,
        grant::{NewTokens, Verdict},
        settlement::Report,
    },
    openai::{Claims, Outcome, Tokens, access_expiry},
    vault::{Fingerprint, Place, Vault, VaultError},
};

use crate::commit::Committed;

/// What people read of an attempt whose answer came from a journal.
const REPLAYED: &str = "replayed from a journal";

/// The outcome of one attempt, ready to be written: all tokens in it are sealed.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    /// The attempt.
    pub(crate) attempt: AttemptId,
    /// Whose.
    pub(crate) credential: CredentialId,
    /// The refresh token that was used.
    pub(crate) spent: Fingerprint,
    pub(crate) verdict: Verdict,
    pub(crate) code: Option<String>,
    pub(crate) http_status: Option<u16>,
    pub(crate) duration_ms: Option<u32>,
    pub(crate) rt: Option<Vec<u8>>,
    pub(crate) access_token: Option<Vec<u8>>,
    pub(crate) identity: Identity,
    /// The sealed answer as it stands in the journal, in case that it cannot be applied.
    pub(crate) answer: Option<Vec<u8>>,
    /// It was read from a journal: the worker that made the call has not written it to the database.
    pub(crate) replayed: bool,
}

/// What a call told, besides its outcome.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallFacts {
    /// Status of the answer.
    pub(crate) http_status: Option<u16>,
    /// From claim to answer.
    pub(crate) duration_ms: Option<u32>,
    /// The sealed answer as it stands in the journal.
    pub(crate) answer: Option<Vec<u8>>,
    /// It was read from a journal.
    pub(crate) replayed: bool,
}

impl Finished {
    /// Seals what an outcome brought.
    pub(crate) fn new(
        attempt: AttemptId,
        credential: CredentialId,
        spent: Fingerprint,
        outcome: &Outcome,
        received_at: Millis,
        facts: CallFacts,
        seal: &Sealing<'_>,
    ) -> Result<Self, VaultError> {
        let mut finished = Self {
            attempt,
            credential,
            spent,
            verdict: Verdict::Ambiguous,
            code: outcome.code().map(ToString::to_string),
            http_status: facts.http_status,
            duration_ms: facts.duration_ms,
            rt: None,
            access_token: None,
            identity: Identity::default(),
            answer: facts.answer,
            replayed: facts.replayed,
        };
        finished.verdict = match outcome {
            Outcome::Rotated(tokens) => finished.take(tokens, received_at, seal)?,
            Outcome::NotSent { .. } => Verdict::NotSent,
            Outcome::Transient { retry_after, .. } => Verdict::Transient {
                retry_after: *retry_after,
            },
            Outcome::Held { reason, .. } => Verdict::Held(*reason),
            Outcome::Rejected { .. } => Verdict::Rejected,
            Outcome::Ambiguous { .. } => Verdict::Ambiguous,
        };
        Ok(finished)
    }

    /// How it ended.
    pub(crate) const fn outcome(&self) -> OutcomeKind {
        self.verdict.kind()
    }

    /// Its code, where it failed.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    fn take(
        &mut self,
        tokens: &Tokens,
        received_at: Millis,
        seal: &Sealing<'_>,
    ) -> Result<Verdict, VaultError> {
        let row = self.credential.to_string();
        let place = |column| Place {
            table: "grants",
            row: &row,
            column,
        };
        self.rt = tokens
            .refresh_token
            .as_ref()
            .map(|token| seal.vault.seal_secret(place("rt"), token))
            .transpose()?;
        self.access_token = tokens
            .access_token
            .as_ref()
            .map(|token| seal.vault.seal_secret(place("access_token"), token))
            .transpose()?;
        self.identity = identity_of(tokens);
        Ok(Verdict::Rotated(NewTokens {
            rt_fp: tokens.refresh_token.as_ref().map(Fingerprint::of),
            at_expires_at: tokens
                .access_token
                .is_some()
                .then(|| access_expiry(tokens, received_at, seal.default_life)),
        }))
    }

    pub(crate) fn ending(&self, now: Millis, detail: Option<String>) -> Ending {
        Ending {
            outcome: self.outcome(),
            code: self.code.clone(),
            detail: detail.or_else(|| self.replayed.then(|| REPLAYED.to_owned())),
            http_status: self.http_status,
            duration_ms: self.duration_ms,
            finished_at: now,
        }
    }

    /// The same without what the upstream told about the person.
    pub(crate) fn without_identity(&self) -> Self {
        Self {
            identity: Identity::default(),
            ..self.clone()
        }
    }

    pub(crate) fn tokens(&self) -> TokenWrite {
        TokenWrite {
            rt: self.rt.clone(),
            access_token: self.access_token.clone(),
        }
    }

    /// Notes for the operator that this answer came another way than the usual one.
    pub(crate) async fn note_way(
        &self,
        tx: &mut Tx,
        committed: Committed,
        now: Millis,
    ) -> Result<(), DbError> {
        let way = Recovered {
            attempt: self.attempt,
            credential: self.credential,
            replayed: self.replayed && (committed.is_applied() || committed == Committed::Orphaned),
            late: committed == Committed::AppliedLate,
        };
        if way.replayed || way.late {
            recovered::note(tx, &way, now).await?;
        }
        Ok(())
    }

    /// The new refresh token's fingerprint, where one came.
    pub(crate) fn successor(&self) -> Option<&Fingerprint> {
        self.verdict.successor()
    }

    /// The part that decides what is written.
    pub(crate) fn report(&self) -> Report<'_> {
        Report {
            attempt: self.attempt,
            spent: &self.spent,
            verdict: &self.verdict,
            code: self.code(),
        }
    }
}

/// How new tokens are sealed and dated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealing<'a> {
    /// The vault.
    pub(crate) vault: &'a Vault,
    /// Life assumed of an access token that does not tell its own.
    pub(crate) default_life: std::time::Duration,
}

fn identity_of(tokens: &Tokens) -> Identity {
    let read = |token: &Option<_>| token.as_ref().map(Claims::read).unwrap_or_default();
    let claims = read(&tokens.access_token).or(read(&tokens.id_token));
    Identity {
        email: claims.email,
        name: claims.name,
        account_id: claims.account_id,
        user_id: claims.user_id,
        plan: claims.plan_type,
    }
}
