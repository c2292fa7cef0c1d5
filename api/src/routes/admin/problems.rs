//! How the refusals of use cases are told over HTTP.

use axum::http::{HeaderValue, StatusCode, header};
use rt_manage_shared::{id::CredentialId, model::grant::NoDecision};
use serde_json::json;

use crate::{
    auth::{AuthError, HashError},
    credentials::{CredentialError, Holder},
    error::{FieldError, Problem},
    users::UsersError,
};

impl From<CredentialError> for Problem {
    fn from(error: CredentialError) -> Self {
        let detail = error.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, detail.clone());
        let about = |code, holder: &Holder| conflict(code).with("credential_id", id(holder.id));
        match error {
            CredentialError::Invalid(errors) => Self::invalid(errors),
            CredentialError::NotFound | CredentialError::NoOrphan => Self::not_found(detail),
            CredentialError::Spent(holder) => about("refresh_token_spent", &holder),
            CredentialError::InUse(holder) => about("refresh_token_in_use", &holder),
            CredentialError::Refreshing(holder) => about("refresh_in_progress", &holder),
            CredentialError::BizIdTaken => conflict("biz_id_taken"),
            CredentialError::NoDecision(why) => match why {
                NoDecision::NotInDoubt => conflict("not_in_doubt"),
                NoDecision::Open(attempt) => {
                    conflict("refresh_in_progress").with("attempt", json!({"id": attempt}))
                }
                NoDecision::ProbesSpent => conflict("probes_spent"),
                NoDecision::Disabled => Self::forbidden("disabled", detail),
            },
            CredentialError::Stale => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                detail,
            ),
            CredentialError::NotRestorable => conflict("not_restorable"),
            CredentialError::NothingToReveal => conflict("no_secret"),
            CredentialError::AwaitsMigration => conflict("migration_unconfirmed"),
            CredentialError::NotHeld => conflict("not_held"),
            CredentialError::OrphanWithoutCredential => conflict("credential_deleted"),
            CredentialError::OrphanUnreadable => conflict("orphan_unreadable"),
            CredentialError::Healthy(healthy) => {
                conflict("credential_healthy").with("credential_id", id(healthy))
            }
            CredentialError::Contended => conflict("contended"),
            CredentialError::NotTried => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "database_unavailable",
                detail,
            ),
            CredentialError::Database(error) => error.into(),
            CredentialError::Vault(error) => error.into(),
        }
    }
}

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
