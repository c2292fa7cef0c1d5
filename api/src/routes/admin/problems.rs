//! How the refusals of use cases are told over HTTP.

use axum::http::{HeaderValue, StatusCode, header};
use rt_manage_shared::{id::CredentialId, model::grant::NoDecision};
use serde_json::json;

use crate::{
    auth::{AuthError, HashError},
    credentials::{CredentialError, Holder},
    error::{FieldError, Problem},
    jobs::JobsError,
    users::UsersError,
};

impl From<CredentialError> for Problem {
    fn from(error: CredentialError) -> Self {
        let (code, detail) = (error.code(), error.to_string());
        let refused = |status| Self::new(status, code, detail.clone());
        let conflict = || refused(StatusCode::CONFLICT);
        let about = |holder: &Holder| conflict().with("credential_id", id(holder.id));
        match error {
            CredentialError::Invalid(errors) => Self::invalid(errors),
            CredentialError::NotFound | CredentialError::NoOrphan => Self::not_found(detail),
            CredentialError::Spent(holder)
            | CredentialError::InUse(holder)
            | CredentialError::Refreshing(holder) => about(&holder),
            CredentialError::NoDecision(NoDecision::Open(attempt)) => {
                conflict().with("attempt", json!({"id": attempt}))
            }
            CredentialError::NoDecision(NoDecision::Disabled) => Self::forbidden(code, detail),
            CredentialError::Stale => refused(StatusCode::PRECONDITION_FAILED),
            CredentialError::Healthy(healthy) => conflict().with("credential_id", id(healthy)),
            CredentialError::NotTried => refused(StatusCode::SERVICE_UNAVAILABLE),
            CredentialError::BizIdTaken
            | CredentialError::NoDecision(NoDecision::NotInDoubt | NoDecision::ProbesSpent)
            | CredentialError::NotRestorable
            | CredentialError::NothingToReveal
            | CredentialError::AwaitsMigration
            | CredentialError::NotHeld
            | CredentialError::OrphanWithoutCredential
            | CredentialError::OrphanUnreadable
            | CredentialError::Contended => conflict(),
            CredentialError::Database(error) => error.into(),
            CredentialError::Vault(error) => error.into(),
        }
    }
}

impl From<JobsError> for Problem {
    fn from(error: JobsError) -> Self {
        let detail = error.to_string();
        let refused = |status, code| Self::new(status, code, detail.clone());
        match error {
            JobsError::NotFound => Self::not_found(detail),
            JobsError::Ended => refused(StatusCode::CONFLICT, "job_ended"),
            JobsError::Running => refused(StatusCode::CONFLICT, "job_running"),
            JobsError::NothingFailed => refused(StatusCode::CONFLICT, "nothing_failed"),
            JobsError::TooMany(_) => refused(StatusCode::TOO_MANY_REQUESTS, "too_many_jobs")
                .retry_after(TOO_MANY_JOBS_SECONDS),
            JobsError::KeyReused => {
                refused(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
            }
            JobsError::Credential(error) => error.into(),
            JobsError::Database(error) => error.into(),
            JobsError::Vault(error) => error.into(),
        }
    }
}

/// When one of many jobs may have ended.
const TOO_MANY_JOBS_SECONDS: u64 = 60;

fn id(id: CredentialId) -> String {
    id.to_string()
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let detail = error.to_string();
        match error {
            AuthError::Credentials => {
                let problem = Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", detail);
                problem.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            AuthError::Slow(wait) => {
                // Rounded up: a client that comes back on time is let through.
                let seconds = wait.as_millis().div_ceil(1000);
                let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
                let detail = format!("too many failed attempts; try again in {seconds} s");
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail)
                    .retry_after(seconds)
            }
            AuthError::Rule(rule) => {
                Self::invalid(vec![FieldError::new("new_password", rule.to_string())])
            }
            AuthError::Hash(HashError::Busy) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(1)
            }
            AuthError::Hash(HashError::Failed(_)) | AuthError::Signing(_) => {
                tracing::error!(error = %detail, "a log-in failed on our side");
                Self::internal()
            }
            AuthError::Database(error) => error.into(),
        }
    }
}

impl From<UsersError> for Problem {
    fn from(error: UsersError) -> Self {
        let detail = error.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, detail.clone());
        match error {
            UsersError::Invalid(errors) => Self::invalid(errors),
            UsersError::NotFound => Self::not_found(detail),
            UsersError::NameTaken => conflict("username_taken"),
            UsersError::Configured => conflict("configured_account"),
            UsersError::Full => conflict("too_many_users"),
            UsersError::Contended => conflict("contended"),
            UsersError::Auth(error) => error.into(),
            UsersError::Database(error) => error.into(),
        }
    }
}
