//! The settings document: what it holds, where each value comes from, and changing it.

use std::collections::{BTreeMap, BTreeSet};

use rt_manage_shared::{
    clock::Clock,
    config::{ConfigError, Key, Loaded, Source, Stored, find, keys},
    db::{
        Db, DbError, MaybeBusy, audit,
        revisions::{self, Subject},
        settings::{self, Version},
    },
    model::audit::{Action, Actor, Deed, TargetKind},
};
use rt_manage_worker::{Live, LiveError};
use serde_json::{Map, Value, json};

use crate::{error::FieldError, state::App};

/// The use cases; cheap to make.
#[derive(Debug, Clone)]
pub struct Settings {
    db: Db,
    clock: Clock,
    live: Live,
}

/// One setting.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its key.
    pub key: &'static Key,
    /// The value in force.
    pub value: Value,
    /// The value where nobody sets one.
    pub default: Value,
    /// The saved value.
    pub saved: Option<Value>,
    /// Where the value in force comes from.
    pub source: Source,
    /// Why the saved value does not count.
    pub ignored: Option<String>,
}

/// All settings.
#[derive(Debug, Clone)]
pub struct Document {
    /// The version that is saved; 0: none was.
    pub version: i64,
    /// In the order of the configuration.
    pub settings: Vec<Setting>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Values that cannot be accepted.
    #[error("some settings cannot be accepted")]
    Invalid(Vec<FieldError>),
    /// Somebody else has saved another version.
    #[error("the settings have version {0} by now")]
    Changed(i64),
    /// What is saved cannot be read.
    #[error("what is saved cannot be read")]
    Unreadable,
    /// The database, or the configuration.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The settings in force.
    #[error(transparent)]
    Live(#[from] LiveError),
}

impl MaybeBusy for SettingsError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_busy())
    }
}

impl Settings {
    /// The use cases over the server's own parts.
    pub fn of(app: &App) -> Self {
        Self {
            db: app.db.clone(),
            clock: app.clock.clone(),
            live: app.settings.clone(),
        }
    }

    /// The use cases without a server.
    pub const fn new(db: Db, clock: Clock, live: Live) -> Self {
        Self { db, clock, live }
    }

    /// All settings as they are in force here, and as they are saved.
    pub async fn read(&self) -> Result<Document, SettingsError> {
        self.live.catch_up().await?;
        let newest = settings::newest(&mut &self.db).await?;
        let saved = saved(newest.as_ref())?;
        let now = self.live.current();
        let setting = |key: &'static Key| Setting {
            key,
            value: key.json(now.config()),
            default: now.loaded.default_of(key),
            saved: saved.0.get(key.path()).cloned(),
            source: now.loaded.source(key.path()),
            ignored: now
                .ignored
                .iter()
                .find(|one| one.key == key.path())
                .map(|one| one.reason.clone()),
        };
        Ok(Document {
            version: newest.map_or(0, |newest| newest.version),
            settings: keys().filter(|key| key.is_live()).map(setting).collect(),
        })
    }

    /// Sets and removes saved values of this version; a null removes one.
    pub async fn edit(
        &self,
        version: i64,
        edit: &BTreeMap<String, Value>,
        actor: &Actor,
    ) -> Result<(), SettingsError> {
        // What is in force here decides what is ignored.
        self.live.catch_up().await?;
        rt_manage_shared::db::repeat_while_busy(|| self.edit_once(version, edit, actor)).await?;
        self.live.catch_up().await?;
        Ok(())
    }

    async fn edit_once(
        &self,
        version: i64,
        edit: &BTreeMap<String, Value>,
        actor: &Actor,
    ) -> Result<(), SettingsError> {
        let mut tx = self.db.begin().await?;
        // Whoever else saves waits here.
        revisions::raise(&mut tx, Subject::Settings).await?;
        let newest = settings::newest(&mut tx).await?;
        let found = newest.as_ref().map_or(0, |newest| newest.version);
        if found != version {
            return Err(SettingsError::Changed(found));
        }
        let before = saved(newest.as_ref())?;
        let after = self.checked(&before, edit)?;
        if after == before {
            // Dropped: the number is as it was.
            return Ok(());
        }
        let now = self.clock.now();
        let changes = changes(&before, &after);
        let version = Version {
            version: found + 1,
            document: json!(after.0).to_string(),
            changes: changes.to_string(),
            saved_by: actor.name.chars().take(255).collect(),
            saved_at: now,
        };
        let deed = Deed::new(Action::SettingsEdit)
            .to(TargetKind::Settings, version.version)
            .with("changes", changes);
        match settings::insert(&mut tx, &version).await {
            Err(DbError::Duplicate) => return Err(SettingsError::Changed(found + 1)),
            result => result?,
        }
        audit::record(&mut tx, actor, &deed, now).await?;
        Ok(tx.commit().await?)
    }

    /// What is saved after an edit, its new values in their plain form.
    fn checked(
        &self,
        before: &Stored,
        edit: &BTreeMap<String, Value>,
    ) -> Result<Stored, SettingsError> {
        let now = self.live.current();
        let mut errors = Vec::new();
        let mut after = before.clone();
        for (name, value) in edit {
            if !find(name).is_some_and(Key::is_live) {
                errors.push(FieldError::new(name, "is not a setting that can be saved"));
            } else if now.loaded.source(name).locks() {
                let place = now.loaded.source(name);
                let message = format!("is fixed by the {place} and cannot be changed here");
                errors.push(FieldError::new(name, message));
            } else if value.is_null() {
                after.0.remove(name);
            } else {
                after.0.insert(name.clone(), value.clone());
            }
        }
        // What was ignored already must not keep others from being changed.
        let mut considered = after.clone();
        let ignored = |key: &str| now.ignored.iter().any(|one| one.key == key);
        considered
            .0
            .retain(|key, _| edit.contains_key(key) || !ignored(key));
        match now.loaded.with_stored(&considered) {
            Ok(loaded) if errors.is_empty() => Ok(plain(after, edit, &loaded)),
            Ok(_) => Err(SettingsError::Invalid(errors)),
            Err(error) => {
                errors.extend(by_field(&error, edit));
                Err(SettingsError::Invalid(errors))
            }
        }
    }

    /// The versions before `before`, the newest first.
    pub async fn history(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Version>, SettingsError> {
        Ok(settings::history(&mut &self.db, before, limit).await?)
    }
}

fn saved(version: Option<&Version>) -> Result<Stored, SettingsError> {
    let Some(version) = version else {
        return Ok(Stored::default());
    };
    Stored::parse(&version.document).ok_or_else(|| {
        tracing::error!(
            version = version.version,
            "the saved settings cannot be read"
        );
        SettingsError::Unreadable
    })
}

/// The values of an edit as a configuration of them has them: `"8"` becomes 8. What unsets a value stays as it was written.
fn plain(mut after: Stored, edit: &BTreeMap<String, Value>, loaded: &Loaded) -> Stored {
    for (name, value) in &mut after.0 {
        if edit.contains_key(name)
            && let Some(key) = find(name)
        {
            let read = key.json(&loaded.config);
            if !read.is_null() {
                *value = read;
            }
        }
    }
    after
}

/// Each problem at the field of the edit that it is about.
fn by_field(error: &ConfigError, edit: &BTreeMap<String, Value>) -> Vec<FieldError> {
    let mut told = BTreeSet::new();
    let mut errors = Vec::new();
    for problem in &error.problems {
        let of_edit = problem.keys.iter().find(|key| edit.contains_key(**key));
        let blamed = of_edit.or(problem.keys.first()).copied();
        let field = blamed.unwrap_or("body");
        // About another key than the one that it stands at: say which.
        let message = match problem.keys.first() {
            Some(first) if *first != field => format!("does not fit: {first} {}", problem.message),
            _ => problem.message.clone(),
        };
        if told.insert((field, message.clone())) {
            errors.push(FieldError::new(field, message));
        }
    }
    errors
}

fn changes(before: &Stored, after: &Stored) -> Value {
    let keys: BTreeSet<_> = before.0.keys().chain(after.0.keys()).collect();
    let changed = keys.into_iter().filter_map(|key| {
        let (old, new) = (before.0.get(key), after.0.get(key));
        (old != new).then(|| (key.clone(), json!({"from": old, "to": new})))
    });
    Value::Object(changed.collect::<Map<_, _>>())
}
