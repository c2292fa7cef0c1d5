//! Use cases: make a key, change it, revoke it. Each is written down in the audit log with its change.

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, Tx, audit, keys},
    id::KeyId,
    model::{
        audit::{Action, Actor, Deed, TargetKind},
        credential::{MAX_TAG_CHARS, check_biz_id, check_label},
        key::{ApiKey, KeyProfile, MAX_NAME_CHARS, MAX_REACH, NewSecret, Reach, Scope, Scopes},
    },
    vault::Secret,
};

use super::Keys;
use crate::{credentials::Patch, error::FieldError};

/// More is a slip: nothing here answers so often.
const MAX_RATE_LIMIT: u32 = 1_000_000;
/// Tries of a change whose key is changed by somebody else between reading and writing.
const TRIES: u32 = 3;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Fields that cannot be accepted.
    #[error("some fields cannot be accepted")]
    Invalid(Vec<FieldError>),
    /// There is no such key.
    #[error("there is no such key")]
    NotFound,
    /// It was revoked, and that is for good.
    #[error("the key was revoked, which is for good; make a new one")]
    Revoked,
    /// It kept changing under our hands.
    #[error("the key kept changing; try again")]
    Contended,
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// A key that was just made, with its secret, which nobody sees again.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub secret: Secret,
}

/// A change.
#[derive(Debug)]
pub struct KeyEdit {
    /// For people.
    pub name: Patch<String>,
    /// What it is good for.
    pub scopes: Patch<Vec<Scope>>,
    /// With which credentials.
    pub reach: Patch<Reach>,
    /// Until when.
    pub expires_at: Patch<Millis>,
    /// Most requests a minute.
    pub rate_limit_per_minute: Patch<u32>,
    /// Whether it is good at the moment.
    pub enabled: Patch<bool>,
}

impl Keys {
    /// Makes a key.
    pub async fn create(&self, profile: KeyProfile, actor: &Actor) -> Result<NewKey, KeyError> {
        let now = self.0.clock.now();
        let mut errors = problems(&profile);
        errors.extend(past(profile.expires_at, now));
        done(errors)?;
        let new = NewSecret::generate();
        let key = ApiKey {
            id: KeyId::generate(),
            profile,
            prefix: new.prefix,
            hash: new.hash,
            revoked_at: None,
            last_used_at: None,
            created_by: actor.name.clone(),
            created_at: now,
            updated_at: now,
            revision: 1,
        };
        let deed = rights(Deed::new(Action::KeyCreate), &key);
        let mut tx = self.0.db.begin().await?;
        keys::insert(&mut tx, &key).await?;
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
        Ok(NewKey {
            key,
            secret: new.secret,
        })
    }

    /// Changes a key.
    pub async fn edit(&self, id: KeyId, edit: &KeyEdit, actor: &Actor) -> Result<ApiKey, KeyError> {
        for _ in 0..TRIES {
            let mut tx = self.0.db.begin().await?;
            if let Some(key) = self.try_edit(&mut tx, id, edit, actor).await? {
                tx.commit().await?;
                return Ok(key);
            }
        }
        Err(KeyError::Contended)
    }

    async fn try_edit(
        &self,
        tx: &mut Tx,
        id: KeyId,
        edit: &KeyEdit,
        actor: &Actor,
    ) -> Result<Option<ApiKey>, KeyError> {
        let now = self.0.clock.now();
        let mut key = keys::read(tx, id).await?.ok_or(KeyError::NotFound)?;
        if key.revoked_at.is_some() {
            return Err(KeyError::Revoked);
        }
        let before = key.profile.clone();
        let mut errors = edit.apply(&mut key.profile);
        errors.extend(problems(&key.profile));
        if key.profile.expires_at != before.expires_at {
            errors.extend(past(key.profile.expires_at, now));
        }
        done(errors)?;
        let fields = changed(&before, &key.profile);
        if fields.is_empty() {
            return Ok(Some(key));
        }
        if !keys::update(tx, id, key.revision, &key.profile, now).await? {
            return Ok(None);
        }
        key.revision += 1;
        key.updated_at = now;
        let deed = rights(Deed::new(Action::KeyEdit), &key).with("fields", fields);
        audit::record(tx, actor, &deed, now).await?;
        Ok(Some(key))
    }

    /// Revokes a key, for good; one that was revoked before stays so.
    pub async fn revoke(&self, id: KeyId, actor: &Actor) -> Result<(), KeyError> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin().await?;
        let key = keys::read(&mut tx, id).await?.ok_or(KeyError::NotFound)?;
        if keys::revoke(&mut tx, id, now).await? {
            let deed = Deed::new(Action::KeyRevoke).to(TargetKind::Key, id);
            let deed = deed.with("prefix", key.prefix);
            audit::record(&mut tx, actor, &deed, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

impl KeyEdit {
    /// Takes the changes over; tells of those that nothing can be taken from.
    fn apply(&self, profile: &mut KeyProfile) -> Vec<FieldError> {
        let mut errors = Vec::new();
        required("name", &self.name, &mut profile.name, &mut errors);
        required("reach", &self.reach, &mut profile.reach, &mut errors);
        required("enabled", &self.enabled, &mut profile.enabled, &mut errors);
        let mut scopes = profile.scopes.list();
        required("scopes", &self.scopes, &mut scopes, &mut errors);
        profile.scopes = Scopes::new(&scopes);
        optional(&self.expires_at, &mut profile.expires_at);
        optional(
            &self.rate_limit_per_minute,
            &mut profile.rate_limit_per_minute,
        );
        errors
    }
}

fn required<T: Clone>(field: &str, patch: &Patch<T>, value: &mut T, errors: &mut Vec<FieldError>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => errors.push(FieldError::new(field, "must not be null")),
        Patch::Set(new) => *value = new.clone(),
    }
}

fn optional<T: Clone>(patch: &Patch<T>, value: &mut Option<T>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *value = None,
        Patch::Set(new) => *value = Some(new.clone()),
    }
}

fn problems(profile: &KeyProfile) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if profile.name.trim().is_empty() {
        errors.push(FieldError::new("name", "must not be empty"));
    } else if let Err(error) = check_label(&profile.name, MAX_NAME_CHARS) {
        errors.push(FieldError::new("name", error.to_string()));
    }
    if !profile.scopes.open_something() {
        let message =
            "must hold `get_at`, `refresh`, `view` or `manage`: `read_rt` opens nothing by itself";
        errors.push(FieldError::new("scopes", message));
    }
    if profile.scopes.open_admin_api() && profile.reach != Reach::All {
        let message = "must be of the kind `all` where a scope is `view` or `manage`";
        errors.push(FieldError::new("reach", message));
    }
    if let Some(message) = reach_problem(&profile.reach) {
        errors.push(FieldError::new("reach.values", message));
    }
    let limit = profile.rate_limit_per_minute;
    if limit.is_some_and(|limit| !(1..=MAX_RATE_LIMIT).contains(&limit)) {
        let message = format!("must be from 1 to {MAX_RATE_LIMIT}");
        errors.push(FieldError::new("rate_limit_per_minute", message));
    }
    errors
}

fn reach_problem(reach: &Reach) -> Option<String> {
    let check = match reach {
        Reach::All => return None,
        Reach::Tags(_) => |text: &str| check_label(text, MAX_TAG_CHARS),
        Reach::BizIds(_) => check_biz_id,
    };
    let values = reach.values().count();
    if !(1..=MAX_REACH).contains(&values) {
        return Some(format!("must hold 1 to {MAX_REACH} entries"));
    }
    let mut errors = reach.values().filter_map(|value| {
        let empty = value.is_empty().then(|| "must not be empty".to_owned());
        empty.or_else(|| check(value).err().map(|error| error.to_string()))
    });
    errors.next().map(|error| format!("one of them {error}"))
}

fn past(expires_at: Option<Millis>, now: Millis) -> Option<FieldError> {
    let over = expires_at.is_some_and(|at| at <= now);
    over.then(|| FieldError::new("expires_at", "must be in the future"))
}

fn done(errors: Vec<FieldError>) -> Result<(), KeyError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(KeyError::Invalid(errors))
    }
}

fn changed(before: &KeyProfile, after: &KeyProfile) -> Vec<&'static str> {
    let fields = [
        ("name", before.name != after.name),
        ("scopes", before.scopes != after.scopes),
        ("reach", before.reach != after.reach),
        ("expires_at", before.expires_at != after.expires_at),
        (
            "rate_limit_per_minute",
            before.rate_limit_per_minute != after.rate_limit_per_minute,
        ),
        ("enabled", before.enabled != after.enabled),
    ];
    let changed = fields.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(name, _)| name).collect()
}

/// What a key is good for, as the audit log remembers it.
fn rights(deed: Deed, key: &ApiKey) -> Deed {
    let profile = &key.profile;
    let scopes: Vec<_> = profile
        .scopes
        .list()
        .iter()
        .map(|one| one.as_str())
        .collect();
    deed.to(TargetKind::Key, key.id)
        .with("prefix", key.prefix.clone())
        .with("scopes", scopes)
        .with("reach", profile.reach.kind().as_str())
        .with("reaches", profile.reach.values().count())
        .with("enabled", profile.enabled)
        .with("expires_at", profile.expires_at.map(Millis::to_rfc3339))
}
