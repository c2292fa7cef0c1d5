//! Use cases on credentials: create, edit, delete. Each is one transaction: everything or nothing is written.

mod arrival;
mod create;
mod delete;
mod edit;
mod edit_many;
mod fields;
mod lifecycle;
mod migrate;
mod orphans;
mod resolve;
mod reveal;
mod revoke;
pub mod selection;
mod take_in;
mod token_rules;

use std::sync::Arc;

use rand::RngExt as _;
use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{
        Db, DbError, Execute, MaybeBusy, Tx, attempts, attempts::Ending, audit, coordination,
        credentials,
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::OutcomeKind,
        audit::{Action, Actor, Deed, TargetKind},
        grant::{Context, Grant, NoDecision, State},
    },
    notify::{Event, Notifier},
    vault::{Vault, VaultError},
};
use rt_manage_worker::WorkerSettings;

pub(crate) use self::fields::{Checks, check_named_proxy};
pub use self::{
    arrival::{Arrival, Defaults, Past, PastState, Told},
    create::{Created, NewCredential},
    edit::Expected,
    edit::{Edit, Patch},
    edit_many::{Became, OneOfMany},
    fields::MAX_ACCESS_TOKEN_BYTES,
    migrate::{Migrated, TakenOver},
    resolve::Decision,
    reveal::{Revealed, What},
    revoke::Revocation,
    selection::{Filters, Selection},
    take_in::{Rules, Taken, Taking},
};
use crate::{error::FieldError, state::App};

/// Tries of one use case whose rows are moved by somebody else between reading and writing.
const TRIES: u32 = 3;

/// The use cases, and what they work with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The database.
    pub db: Db,
    /// Seals tokens and proxies.
    pub vault: Vault,
    /// Stored time.
    pub clock: Clock,
    /// Announcements.
    pub notifier: Notifier,
    /// Policy of schedules.
    pub settings: Arc<WorkerSettings>,
    /// The client id of credentials that come without one.
    pub default_client_id: Arc<str>,
}

/// A credential that stands in the way of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub id: CredentialId,
    /// Its `biz_id`; `None` where it was deleted.
    pub biz_id: Option<String>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.biz_id {
            Some(biz_id) => write!(f, "`{biz_id}` ({})", self.id),
            None => write!(f, "a deleted credential ({})", self.id),
        }
    }
}

/// Why a use case changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// Fields that cannot be accepted.
    #[error("{}", shown(.0))]
    Invalid(Vec<FieldError>),
    /// There is no such credential.
    #[error("there is no such credential")]
    NotFound,
    /// The refresh token was spent before; using it again could end the whole session.
    #[error("this refresh token was spent before by {0}; its successor is in use or lost")]
    Spent(Holder),
    /// Another credential holds this refresh token.
    #[error("this refresh token is held by {0}")]
    InUse(Holder),
    /// A call with this refresh token may be under way, for a credential that was deleted or holds another one by now.
    #[error("this refresh token is being refreshed for {0}; try again in a minute")]
    Refreshing(Holder),
    /// Another credential has this `biz_id`.
    #[error("another credential has this biz_id")]
    BizIdTaken,
    /// It has changed since the caller read it.
    #[error("the credential has changed since it was read; read it again")]
    Stale,
    /// It was deleted too long ago.
    #[error(
        "the credential was deleted too long ago (retention.deleted_days) and can only be purged"
    )]
    NotRestorable,
    /// There is no such secret.
    #[error("the credential has none")]
    NothingToReveal,
    /// A decision about a doubt that is not there, or that cannot be carried out now.
    #[error("{}", told(*.0))]
    NoDecision(NoDecision),
    /// It waits for something else than a retry.
    #[error(
        "the program that the credential was taken over from may still refresh it; stop that one, then confirm the migration"
    )]
    AwaitsMigration,
    /// The credential is not held.
    #[error("the credential is not held")]
    NotHeld,
    /// There is no such orphan.
    #[error("there is no such orphan")]
    NoOrphan,
    /// The orphan's credential was deleted.
    #[error("the credential of this orphan was deleted; the orphan can only be discarded")]
    OrphanWithoutCredential,
    /// There is no refresh token in the orphan.
    #[error("there is no refresh token in this orphan that can be read")]
    OrphanUnreadable,
    /// The credential holds a refresh token that is not known to be bad.
    #[error(
        "the credential is neither dead nor in doubt, and what it holds would be lost: say `replace`"
    )]
    Healthy(CredentialId),
    /// The credential kept changing under our hands.
    #[error("the credential kept changing; try again")]
    Contended,
    /// The database went away with an earlier one of many, so this one was not tried.
    #[error("not tried, because the database does not answer")]
    NotTried,
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl CredentialError {
    /// The stable word for it, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "validation_failed",
            Self::NotFound | Self::NoOrphan => "not_found",
            Self::Spent(_) => "refresh_token_spent",
            Self::InUse(_) => "refresh_token_in_use",
            Self::Refreshing(_) | Self::NoDecision(NoDecision::Open(_)) => "refresh_in_progress",
            Self::BizIdTaken => "biz_id_taken",
            Self::NoDecision(NoDecision::NotInDoubt) => "not_in_doubt",
            Self::NoDecision(NoDecision::ProbesSpent) => "probes_spent",
            Self::NoDecision(NoDecision::Disabled) => "disabled",
            Self::Stale => "precondition_failed",
            Self::NotRestorable => "not_restorable",
            Self::NothingToReveal => "no_secret",
            Self::AwaitsMigration => "migration_unconfirmed",
            Self::NotHeld => "not_held",
            Self::OrphanWithoutCredential => "credential_deleted",
            Self::OrphanUnreadable => "orphan_unreadable",
            Self::Healthy(_) => "credential_healthy",
            Self::Contended => "contended",
            Self::NotTried => "database_unavailable",
            Self::Database(_) | Self::Vault(_) => "internal",
        }
    }
}

impl MaybeBusy for CredentialError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_busy())
    }
}

fn told(why: NoDecision) -> String {
    match why {
        NoDecision::NotInDoubt => "the credential is not in doubt".into(),
        NoDecision::Open(attempt) => {
            format!("attempt {attempt} is open and may settle the doubt by itself")
        }
        NoDecision::ProbesSpent => {
            "all probes are spent; only a new refresh token helps, or give it up".into()
        }
        NoDecision::Disabled => "the credential is disabled; enable it first".into(),
    }
}

fn shown(errors: &[FieldError]) -> String {
    let named = errors
        .iter()
        .map(|error| format!("{}: {}", error.field, error.message));
    named.collect::<Vec<_>>().join("; ")
}

impl Credentials {
    /// Begins a transaction that takes in refresh tokens from outside: one at a time, so that what it checks still
    /// holds when it writes.
    async fn begin_admission(&self) -> Result<Tx, DbError> {
        let mut tx = self.db.begin().await?;
        coordination::take_turn(&mut tx, coordination::TOKEN_ADMISSION).await?;
        Ok(tx)
    }

    /// The use cases over the server's own parts.
    pub fn of(app: &App) -> Self {
        let settings = app.settings.current();
        Self {
            db: app.db.clone(),
            vault: app.vault.clone(),
            clock: app.clock.clone(),
            notifier: app.notifier.clone(),
            default_client_id: settings.config().openai.client_id.as_str().into(),
            settings,
        }
    }

    /// Writes down what somebody did to a credential, in the transaction of the deed.
    async fn record(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        action: Action,
        id: CredentialId,
    ) -> Result<(), DbError> {
        let deed = Deed::new(action).to(TargetKind::Credential, id);
        audit::record(tx, actor, &deed, self.clock.now())
            .await
            .map(|_| ())
    }

    fn context(&self, now: Millis, enabled: bool) -> Context<'_> {
        Context {
            now,
            enabled,
            policy: &self.settings.policy,
            jitter: rand::rng().random(),
        }
    }

    /// Announces a change.
    pub(crate) fn changed(&self, id: CredentialId, ended: Option<AttemptId>) {
        if let Some(attempt) = ended {
            self.notifier.announce(Event::Finished {
                attempt,
                credential: id,
            });
        }
        self.notifier.announce(Event::Changed(id));
    }
}

/// A credential by name, for messages.
async fn holder(db: &mut impl Execute, id: CredentialId) -> Result<Holder, DbError> {
    let found = credentials::by_id(db, id).await?;
    Ok(Holder {
        id,
        biz_id: found.map(|found| found.profile.biz_id),
    })
}

/// Closes the attempt that waits for a worker and that a new refresh token made pointless; gives it. One that a worker has in
/// hand stays open until that worker has reported on it or it is given up: as long as its call may be under way, nobody may
/// take its refresh token in again.
async fn supersede(tx: &mut Tx, before: &Grant, now: Millis) -> Result<Option<AttemptId>, DbError> {
    let State::Queued(attempt) = before.state else {
        return Ok(None);
    };
    let ending = Ending {
        outcome: OutcomeKind::Superseded,
        code: Some("refresh_token_replaced".to_owned()),
        detail: Some("an administrator replaced the refresh token".to_owned()),
        http_status: None,
        duration_ms: None,
        finished_at: now,
    };
    attempts::finish(tx, attempt, &ending).await?;
    Ok(Some(attempt))
}
