//! What became of a row, in the words of items of jobs: a state, a stable code, and a sentence for people.

use rt_manage_shared::{
    id::CredentialId,
    model::{credential::check_biz_id, job::ItemState},
};

use crate::credentials::{Arrival, CredentialError, Holder, Taken};

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether somebody has to look at it.
    pub state: ItemState,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people; never repeats a token.
    pub detail: Option<String>,
    /// The credential that it became, or that stands in its way.
    pub credential: Option<CredentialId>,
    /// How people know that credential.
    pub biz_id: Option<String>,
}

/// Code of a row that is a new credential.
pub const CREATED: &str = "created";
/// Code of a row that changed a credential.
pub const UPDATED: &str = "updated";
/// Code of a row that is there already.
pub const DUPLICATE: &str = "duplicate";
/// Code of a row whose refresh token was used before.
pub const SPENT: &str = "spent";
/// Code of a row that is no credential.
pub const INVALID: &str = "invalid";

impl Verdict {
    fn new(state: ItemState, code: &'static str) -> Self {
        Self {
            state,
            code,
            detail: None,
            credential: None,
            biz_id: None,
        }
    }

    fn about(self, holder: Holder) -> Self {
        Self {
            credential: Some(holder.id),
            biz_id: holder.biz_id,
            ..self
        }
    }

    fn because(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    /// Of a row that says nothing that can be taken in.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::new(ItemState::Failed, INVALID).because(reason)
    }

    /// Of a row that says the same as an earlier one.
    pub fn repeated(reason: impl Into<String>) -> Self {
        Self::new(ItemState::Skipped, DUPLICATE).because(reason)
    }

    /// Of a row that could not be taken in for a reason that is not its own.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::new(ItemState::Failed, "failed").because(reason)
    }

    /// With the name that the row gives, where nobody else tells one. A dry run has made no credential.
    #[must_use]
    pub fn named(self, arrival: &Arrival, is_dry: bool) -> Self {
        let is_made_up = is_dry && self.code == CREATED;
        // One that cannot be a name cannot be stored as one.
        let told = arrival.biz_id.clone();
        let told = told.filter(|name| check_biz_id(name).is_ok());
        Self {
            credential: self.credential.filter(|_| !is_made_up),
            biz_id: self.biz_id.filter(|_| !is_made_up).or(told),
            ..self
        }
    }

    /// Of a row that was looked at.
    pub fn of(result: Result<Taken, CredentialError>) -> Self {
        let failed = |code| Self::new(ItemState::Failed, code);
        match result {
            Ok(Taken::Created(created)) => Self {
                credential: Some(created.id),
                biz_id: Some(created.biz_id),
                ..Self::new(ItemState::Done, CREATED)
            },
            Ok(Taken::Updated(created, fields)) => Self {
                credential: Some(created.id),
                biz_id: Some(created.biz_id),
                ..Self::new(ItemState::Done, UPDATED).because(fields.join(", "))
            },
            Ok(Taken::Held(holder)) => {
                let detail = format!("already held by {holder}");
                Self::new(ItemState::Skipped, DUPLICATE).about(holder).because(detail)
            }
            Err(CredentialError::Spent(holder)) => {
                let detail = format!("this refresh token was used before by {holder}");
                failed(SPENT).about(holder).because(detail)
            }
            Err(CredentialError::Healthy(id)) => Self {
                credential: Some(id),
                ..failed("needs_replace").because(
                    "this credential holds a refresh token that is not known to be bad; it is replaced only where `replace` says so",
                )
            },
            Err(error @ CredentialError::Refreshing(_)) => {
                let detail = error.to_string();
                match error {
                    CredentialError::Refreshing(holder) => failed("refreshing").about(holder),
                    _ => failed("refreshing"),
                }
                .because(detail)
            }
            Err(error @ CredentialError::BizIdTaken) => failed("biz_id_taken").because(error.to_string()),
            Err(error @ CredentialError::Invalid(_)) => failed(INVALID).because(error.to_string()),
            Err(error) => failed("failed").because(error.to_string()),
        }
    }
}
