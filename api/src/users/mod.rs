//! People: who may log in, and what they may do.
//!
//! The account that the configuration names (`auth.username`) is always an administrator who may log in, whatever its row
//! says: so there is always an administrator, and nobody can take the last one away.

mod error;

use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{Db, audit, sessions, users},
    model::{
        audit::{Action, Actor, Deed, TargetKind},
        role::Role,
    },
    vault::Secret,
};

pub use self::error::UsersError;
use crate::{
    auth::{Caller, Sessions, check_new_password},
    error::FieldError,
    state::App,
};

/// Most people: all of them are shown at once, and each is an account to be guarded.
const MAX_USERS: usize = 500;
/// Longest user name.
const MAX_NAME_CHARS: usize = 64;

/// A person, as others may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they log in with.
    pub username: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may log in.
    pub enabled: bool,
    /// The account of the configuration.
    pub configured: bool,
    /// When they were added; none for an account that is in the configuration only.
    pub created_at: Option<Millis>,
    /// When anything was changed last.
    pub updated_at: Option<Millis>,
}

/// A person who is added.
#[derive(Debug)]
pub struct NewPerson {
    /// What they log in with.
    pub username: String,
    /// Their first password.
    pub password: Secret,
    /// What they may do.
    pub role: Role,
}

/// What of a person is changed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Edit {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they may log in.
    pub enabled: Option<bool>,
}

/// The use cases about people.
#[derive(Debug, Clone, Copy)]
pub struct Users<'a> {
    db: &'a Db,
    clock: &'a Clock,
    sessions: &'a Sessions,
}

impl<'a> Users<'a> {
    /// Of this application.
    pub fn new(app: &'a App) -> Self {
        Self {
            db: &app.db,
            clock: &app.clock,
            sessions: &app.sessions,
        }
    }

    fn is_configured(&self, username: &str) -> bool {
        username == self.sessions.configured_username()
    }

    fn show(&self, user: users::User) -> Person {
        let configured = self.is_configured(&user.username);
        Person {
            role: if configured {
                Role::Administrator
            } else {
                user.role
            },
            enabled: configured || user.enabled,
            configured,
            username: user.username,
            created_at: Some(user.created_at),
            updated_at: Some(user.updated_at),
        }
    }

    /// The account of the configuration, where its password was never set in the system.
    fn unwritten(&self) -> Person {
        Person {
            username: self.sessions.configured_username().to_owned(),
            role: Role::Administrator,
            enabled: true,
            configured: true,
            created_at: None,
            updated_at: None,
        }
    }

    /// Everybody, by name.
    pub async fn list(&self) -> Result<Vec<Person>, UsersError> {
        let users = users::all(&mut &*self.db).await?;
        let mut people: Vec<_> = users.into_iter().map(|user| self.show(user)).collect();
        if !people.iter().any(|person| person.configured) {
            people.push(self.unwritten());
            people.sort_by(|one, other| one.username.cmp(&other.username));
        }
        Ok(people)
    }

    /// One person.
    pub async fn read(&self, username: &str) -> Result<Person, UsersError> {
        // No column of PostgreSQL takes that character, so nobody has it in their name.
        if username.contains('\0') {
            return Err(UsersError::NotFound);
        }
        match users::read(&mut &*self.db, username).await? {
            Some(user) => Ok(self.show(user)),
            None if self.is_configured(username) => Ok(self.unwritten()),
            None => Err(UsersError::NotFound),
        }
    }

    /// Adds a person.
    pub async fn create(&self, actor: &Actor, new: NewPerson) -> Result<Person, UsersError> {
        let mut errors = Vec::new();
        if !is_username(&new.username) {
            errors.push(FieldError::new("username", USERNAME_RULE));
        }
        if let Err(rule) = check_new_password(&new.password) {
            errors.push(FieldError::new("password", rule.to_string()));
        }
        if !errors.is_empty() {
            return Err(UsersError::Invalid(errors));
        }
        if self.is_configured(&new.username) {
            return Err(UsersError::NameTaken);
        }
        let hash = self.sessions.hash(&new.password).await?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if users::all(&mut tx).await?.len() >= MAX_USERS {
            return Err(UsersError::Full);
        }
        if !users::add(&mut tx, &new.username, new.role, &hash, now).await? {
            return Err(UsersError::NameTaken);
        }
        // Of a namesake who was removed while they logged in.
        sessions::close_all(&mut tx, &new.username).await?;
        let deed = Deed::new(Action::UserCreate)
            .to(TargetKind::User, &new.username)
            .with("role", new.role.as_str());
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
        self.read(&new.username).await
    }

    /// Changes what a person may do; what really changes ends their sessions.
    pub async fn edit(
        &self,
        actor: &Actor,
        username: &str,
        edit: Edit,
    ) -> Result<Person, UsersError> {
        let before = self.read(username).await?;
        let role = edit.role.unwrap_or(before.role);
        let enabled = edit.enabled.unwrap_or(before.enabled);
        if (role, enabled) == (before.role, before.enabled) {
            return Ok(before);
        }
        if before.configured {
            return Err(UsersError::Configured);
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let user = users::read(&mut tx, username).await?;
        let user = user.ok_or(UsersError::NotFound)?;
        if (user.role, user.enabled) != (before.role, before.enabled)
            || !users::edit(&mut tx, &user, role, enabled, now).await?
        {
            return Err(UsersError::Contended);
        }
        sessions::close_all(&mut tx, username).await?;
        let mut deed = Deed::new(Action::UserEdit).to(TargetKind::User, username);
        if role != before.role {
            deed = deed.with("role", role.as_str());
        }
        if enabled != before.enabled {
            deed = deed.with("enabled", enabled);
        }
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
        self.read(username).await
    }

    /// Sets somebody's password and ends their sessions. An administrator proves with the own password that it is them.
    pub async fn set_password(
        &self,
        caller: Caller,
        actor: &Actor,
        username: &str,
        own: &Secret,
        new: &Secret,
    ) -> Result<(), UsersError> {
        if let Err(rule) = check_new_password(new) {
            let error = FieldError::new("new_password", rule.to_string());
            return Err(UsersError::Invalid(vec![error]));
        }
        let person = self.read(username).await?;
        self.sessions.confirm(caller, actor, own).await?;
        let hash = self.sessions.hash(new).await?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if person.configured {
            users::set_password(&mut tx, username, person.role, &hash, now).await?;
        } else if !users::replace_password(&mut tx, username, &hash, now).await? {
            return Err(UsersError::NotFound);
        }
        sessions::close_all(&mut tx, username).await?;
        let deed = Deed::new(Action::PasswordSet).to(TargetKind::User, username);
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes a person and ends their sessions. What they did stays in the audit log.
    pub async fn delete(&self, actor: &Actor, username: &str) -> Result<(), UsersError> {
        if self.is_configured(username) {
            return Err(UsersError::Configured);
        }
        self.read(username).await?;
        let mut tx = self.db.begin().await?;
        if !users::remove(&mut tx, username).await? {
            return Err(UsersError::NotFound);
        }
        sessions::close_all(&mut tx, username).await?;
        let deed = Deed::new(Action::UserDelete).to(TargetKind::User, username);
        audit::record(&mut tx, actor, &deed, self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

const USERNAME_RULE: &str =
    "must have 1 to 64 letters, digits or any of . _ - + @, and begin with a letter or digit";

/// No two names that look the same, and none that needs care in an address.
fn is_username(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+@".contains(c);
    text.len() <= MAX_NAME_CHARS
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people() {
        for good in ["a", "ann", "ann.lee+x@example.com", "0-9_", &"x".repeat(64)] {
            assert!(is_username(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "-x",
            "a b",
            "a/b",
            "ä",
            "a\u{200b}",
            "(unknown)",
            &"x".repeat(65),
        ] {
            assert!(!is_username(bad), "{bad}");
        }
    }
}
