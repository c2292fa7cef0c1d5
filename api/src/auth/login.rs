//! Logging in, and setting a password.

use std::time::Duration;

use rt_manage_shared::{
    clock::{BootInstant, Millis},
    config::PLACEHOLDER_PASSWORD,
    db::{DbError, audit, sessions, sessions::StoredSession, users},
    model::{
        audit::{Action, Actor, ActorKind, Deed, TargetKind},
        role::Role,
    },
    vault::Secret,
};

use super::{
    caller::Caller,
    password::{HashError, PasswordRule, Reference, check_new_password},
    placeholder::same_secret,
    sessions::{Session, Sessions},
    signing::About,
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
    /// What they may do.
    pub role: Role,
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

/// A program that opens a session, as it presents itself.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where it is.
    pub caller: Caller,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// Its request.
    pub request_id: String,
}

impl Client {
    fn actor(&self, username: &str) -> Actor {
        self.caller.actor(username, &self.request_id)
    }
}

/// Longest name of a program that is kept.
const MAX_USER_AGENT_CHARS: usize = 255;

impl Sessions {
    /// Opens a session for whoever knows the password.
    pub async fn log_in(
        &self,
        client: &Client,
        username: &str,
        password: &Secret,
    ) -> Result<LoggedIn, AuthError> {
        let now = self.0.clock.now();
        let actor = client.actor(username);
        let proven = self.prove(client.caller, &actor, password).await?;
        let about = About {
            username,
            epoch: proven.epoch,
            configured: proven.configured,
            must_change: proven.placeholder,
        };
        let signed = self.0.signer.sign(about, now)?;
        let cut = |text: &String| text.chars().take(MAX_USER_AGENT_CHARS).collect();
        let session = StoredSession {
            id: signed.session,
            username: username.to_owned(),
            address: client.caller.address.to_string(),
            user_agent: client.user_agent.as_ref().map(cut),
            created_at: now,
            expires_at: signed.expires_at,
        };
        let mut tx = self.0.db.begin().await?;
        sessions::open(&mut tx, &session).await?;
        let deed = Deed::new(Action::LogIn).to(TargetKind::Session, session.id);
        audit::record(&mut tx, &actor, &deed, now).await?;
        tx.commit().await?;
        tracing::info!(username, peer = %client.caller.address, "somebody logged in");
        Ok(LoggedIn {
            token: signed.token,
            expires_at: signed.expires_at,
            username: username.to_owned(),
            role: proven.role,
            must_change_password: proven.placeholder,
        })
    }

    /// Ends a session.
    pub async fn log_out(&self, session: &Session, actor: &Actor) -> Result<(), DbError> {
        let mut tx = self.0.db.begin().await?;
        if sessions::close(&mut tx, session.id).await? {
            let deed = Deed::new(Action::LogOut).to(TargetKind::Session, session.id);
            audit::record(&mut tx, actor, &deed, self.0.clock.now()).await?;
        }
        tx.commit().await
    }

    /// Sets a new password and ends all sessions of this person, this one included.
    pub async fn change_password(
        &self,
        caller: Caller,
        session: &Session,
        actor: &Actor,
        current: &Secret,
        new: &Secret,
    ) -> Result<(), AuthError> {
        // Rules first: they cost nothing and tell nothing about the current password.
        check_new_password(new)?;
        self.prove(caller, actor, current).await?;
        if same_secret(current.expose().as_bytes(), new.expose().as_bytes()) {
            return Err(PasswordRule::Unchanged.into());
        }
        let hash = self.0.passwords.hash(new.clone()).await?;
        let (username, now) = (&session.username, self.0.clock.now());
        let mut tx = self.0.db.begin().await?;
        users::set_password(&mut tx, username, session.role, &hash, now).await?;
        sessions::close_all(&mut tx, username).await?;
        let deed = Deed::new(Action::PasswordSet).to(TargetKind::User, username);
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
        tracing::info!(username = %session.username, peer = %caller.address, "a new password was set; all sessions have ended");
        Ok(())
    }

    /// Whether somebody with a session knows their password still: asked before secrets are shown. Counts like a log-in. Whoever
    /// runs the command line beside the database has no password; the sealing keys, which they hold, tell them more.
    pub async fn confirm(
        &self,
        caller: Caller,
        actor: &Actor,
        password: &Secret,
    ) -> Result<(), AuthError> {
        if actor.kind == ActorKind::CommandLine {
            return Ok(());
        }
        let actor = Actor {
            request_id: None,
            ..actor.clone()
        };
        self.prove(caller, &actor, password).await.map(|_| ())
    }

    /// Whether `actor` knows the password of the account that they name. A refusal is written down.
    async fn prove(
        &self,
        caller: Caller,
        actor: &Actor,
        password: &Secret,
    ) -> Result<Proven, AuthError> {
        let (backoff, username) = (&self.0.backoff, actor.name.as_str());
        backoff
            .begin(username, caller.address, BootInstant::now())
            .map_err(AuthError::Slow)?;
        let account = self.account(username).await?;
        let known = account.is_some();
        let reference = account
            .as_ref()
            .map_or_else(Reference::nobodys, |account| account.reference.clone());
        // Computed for an unknown name too, so that it takes as long.
        let right = self
            .0
            .passwords
            .matches(reference, password.clone())
            .await?;
        let placeholder = password.expose() == PLACEHOLDER_PASSWORD;
        let Some(account) = account.filter(|account| right && account.enabled) else {
            tracing::warn!(peer = %caller.address, "a log-in failed");
            return Err(self.refuse(actor, known).await?);
        };
        if placeholder && !caller.is_near() {
            // Answered like a wrong one: outside, nobody learns that it is in force.
            tracing::warn!(
                peer = %caller.address,
                forwarded = caller.forwarded,
                "the example's password was refused: log in from this host or a private network without a proxy, or set auth.password"
            );
            return Err(self.refuse(actor, known).await?);
        }
        backoff.succeeded(username, caller.address);
        Ok(Proven {
            role: account.role,
            epoch: account.epoch,
            configured: account.configured,
            placeholder,
        })
    }

    /// Writes a refusal down, where there are not too many of them.
    async fn refuse(&self, actor: &Actor, known: bool) -> Result<AuthError, DbError> {
        let Some(unwritten) = self.0.refusals.admit(BootInstant::now()) else {
            return Ok(AuthError::Credentials);
        };
        // A name that is nobody's may be a password in the wrong field.
        let name = if known { actor.name.as_str() } else { NOBODY };
        let actor = Actor {
            name: name.to_owned(),
            ..actor.clone()
        };
        let mut deed = Deed::new(Action::LogInFailed);
        if unwritten > 0 {
            deed = deed.with("not_recorded", unwritten);
        }
        audit::record(&mut &self.0.db, &actor, &deed, self.0.clock.now()).await?;
        Ok(AuthError::Credentials)
    }
}

/// Stands in the audit log for a name that nobody has. No user name has parentheses.
const NOBODY: &str = "(unknown)";

struct Proven {
    role: Role,
    epoch: i64,
    configured: Option<String>,
    /// The published password was used.
    placeholder: bool,
}
