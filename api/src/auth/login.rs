//! Logging in, and setting a password.

use std::time::Duration;

use rt_manage_shared::{
    clock::{BootInstant, Millis},
    config::PLACEHOLDER_PASSWORD,
    db::{DbError, admins},
    vault::Secret,
};

use super::{
    caller::Caller,
    password::{HashError, PasswordRule, check_new_password},
    placeholder::same_secret,
    sessions::{Session, Sessions},
};

/// A session that has just begun.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The token that proves it.
    pub token: Secret,
    /// When it ends.
    pub expires_at: Millis,
    /// Whose it is.
    pub username: String,
    /// It is only good for setting a password.
    pub must_change_password: bool,
}

/// Why a log-in or a change of password was refused.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Unknown user or wrong password; which of the two is not told.
    #[error("user name or password is wrong")]
    Credentials,
    /// Too many failures.
    #[error("too many failed attempts")]
    Slow(Duration),
    /// The new password breaks a rule.
    #[error("the new password {0}")]
    Rule(#[from] PasswordRule),
    /// The hash was not computed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The token was not signed.
    #[error("the session token could not be signed")]
    Signing(#[from] jsonwebtoken::errors::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl Sessions {
    /// Opens a session for whoever knows the password.
    pub async fn log_in(
        &self,
        caller: Caller,
        username: &str,
        password: &Secret,
    ) -> Result<LoggedIn, AuthError> {
        let proven = self.prove(caller, username, password).await?;
        let signed = self.0.signer.sign(
            username,
            proven.epoch,
            proven.placeholder,
            self.0.clock.now(),
        )?;
        tracing::info!(username, peer = %caller.address, "an administrator logged in");
        Ok(LoggedIn {
            token: signed.token,
            expires_at: signed.expires_at,
            username: username.to_owned(),
            must_change_password: proven.placeholder,
        })
    }

    /// Sets a new password and ends all sessions, this one included.
    pub async fn change_password(
        &self,
        caller: Caller,
        session: &Session,
        current: &Secret,
        new: &Secret,
    ) -> Result<(), AuthError> {
        // Rules first: they cost nothing and tell nothing about the current password.
        check_new_password(new)?;
        self.prove(caller, &session.username, current).await?;
        if same_secret(current.expose().as_bytes(), new.expose().as_bytes()) {
            return Err(PasswordRule::Unchanged.into());
        }
        let hash = self.0.passwords.hash(new.clone()).await?;
        let mut tx = self.0.db.begin().await?;
        admins::set_password(&mut tx, &session.username, &hash, self.0.clock.now()).await?;
        tx.commit().await?;
        tracing::info!(username = %session.username, peer = %caller.address, "a new password was set; all sessions have ended");
        Ok(())
    }

    async fn prove(
        &self,
        caller: Caller,
        username: &str,
        password: &Secret,
    ) -> Result<Proven, AuthError> {
        let (backoff, now) = (&self.0.backoff, BootInstant::now());
        backoff
            .begin(username, caller.address, now)
            .map_err(AuthError::Slow)?;
        let account = self.account().await?;
        // Computed for an unknown name too, so that it takes as long.
        let right = self
            .0
            .passwords
            .matches(account.reference, password.clone())
            .await?;
        let known = same_secret(username.as_bytes(), self.0.auth.username.as_bytes());
        let placeholder = password.expose() == PLACEHOLDER_PASSWORD;
        if !right || !known {
            tracing::warn!(peer = %caller.address, "a log-in failed");
            return Err(AuthError::Credentials);
        }
        if placeholder && !caller.is_near() {
            // Answered like a wrong one: outside, nobody learns that it is in force.
            tracing::warn!(
                peer = %caller.address,
                forwarded = caller.forwarded,
                "the example's password was refused: log in from this host or a private network without a proxy, or set auth.password"
            );
            return Err(AuthError::Credentials);
        }
        backoff.succeeded(username, caller.address);
        Ok(Proven {
            epoch: account.epoch,
            placeholder,
        })
    }
}

struct Proven {
    epoch: i64,
    /// The published password was used.
    placeholder: bool,
}
