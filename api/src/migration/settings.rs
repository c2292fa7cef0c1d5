//! The predecessor's settings: its lists become entries with names, its switches stored settings. What somebody has set here
//! already stays: a second run changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use rt_manage_shared::{
    db::{DbError, client_ids, proxies},
    openai::{CODEX_CLIENT_ID, Egress, IOS_CLIENT_ID, PREDECESSOR_CLIENT_ID, ProxyUrl},
    vault::Secret,
};
use serde_json::Value;

use super::{
    Migration, MigrationError,
    report::{Code, Entry, Subject},
};
use crate::{
    named::{MAX_NAME_CHARS, NamedError},
    settings::SettingsError,
};

/// Tries of a change that somebody else's stands in the way of.
const TRIES: u32 = 3;

impl Migration {
    /// Takes the settings over and tells what became of each.
    pub(super) async fn take_settings(
        &self,
        old: &[(String, String)],
        configured: &[(&'static str, Value)],
    ) -> Result<Vec<Entry>, MigrationError> {
        let mut told = Vec::new();
        // What the old console has saved stands over what its file says.
        let mut wanted: BTreeMap<&'static str, Value> = configured.iter().cloned().collect();
        for (key, value) in old {
            let setting = |what: &str| Subject::Setting(what.to_owned());
            match key.as_str() {
                "proxy_list" => match list(value) {
                    Some(items) => told.extend(self.take_proxies(&items).await?),
                    None => told.push(unreadable(setting(key))),
                },
                "client_id_list" => match list(value) {
                    Some(items) => told.extend(self.take_client_ids(&items).await?),
                    None => told.push(unreadable(setting(key))),
                },
                "auto_refresh_enabled" => match flag(value) {
                    Some(on) => drop(wanted.insert("refresh.auto", on.into())),
                    None => told.push(unreadable(setting(key))),
                },
                "auto_refresh_interval" => match value.trim().parse::<u32>() {
                    Ok(days) => drop(wanted.insert("refresh.interval_days", days.into())),
                    Err(_) => told.push(unreadable(setting(key))),
                },
                _ => {}
            }
        }
        for (key, value) in wanted {
            told.push(self.take_setting(key, &value).await?);
        }
        Ok(told)
    }

    async fn take_proxies(&self, items: &[Item]) -> Result<Vec<Entry>, MigrationError> {
        let there = proxies::all(&mut &self.credentials.db).await?;
        let mut known: BTreeSet<_> = there.iter().map(|one| one.egress.clone()).collect();
        let mut names: BTreeSet<_> = there.into_iter().map(|one| one.name).collect();
        let mut told = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let subject = |shown: &str| Subject::Proxy(shown.to_owned());
            let url = match ProxyUrl::parse(item.value.expose()) {
                Ok(url) => url,
                Err(error) => {
                    let at = format!("proxy_list, entry {}", place + 1);
                    told.push(Entry::new(subject(&at), Code::Invalid, error.to_string()));
                    continue;
                }
            };
            if !known.insert(Egress::Proxy(url.clone()).key().as_str().to_owned()) {
                told.push(Entry::new(subject(url.shown()), Code::Unchanged, ""));
                continue;
            }
            let name = free(item.name.as_deref().unwrap_or(url.shown()), &mut names);
            if !self.dry_run {
                let created = self.proxies.create(&name, url.expose(), &self.actor);
                created.await.map_err(named)?;
            }
            told.push(Entry::new(subject(url.shown()), Code::Created, ""));
        }
        Ok(told)
    }

    async fn take_client_ids(&self, items: &[Item]) -> Result<Vec<Entry>, MigrationError> {
        let mut told = Vec::new();
        let mut seen = BTreeSet::new();
        for item in items {
            let client_id = item.value.expose().trim();
            let subject = || Subject::ClientId(client_id.to_owned());
            let db = &mut &self.credentials.db;
            if !seen.insert(client_id) || client_ids::read(db, client_id).await?.is_some() {
                told.push(Entry::new(subject(), Code::Unchanged, ""));
                continue;
            }
            let name = item.name.as_deref().unwrap_or_else(|| known_as(client_id));
            let name: String = name.chars().take(MAX_NAME_CHARS).collect();
            let created = if self.dry_run {
                Ok(())
            } else {
                let created = self.client_ids.create(client_id, &name, &self.actor);
                created.await.map(|_| ())
            };
            told.push(match created {
                Ok(()) => Entry::new(subject(), Code::Created, ""),
                Err(NamedError::Taken) => Entry::new(subject(), Code::Unchanged, ""),
                // Not the text itself: it may be anything.
                Err(NamedError::Invalid(errors)) => {
                    let subject = Subject::ClientId("client_id_list".to_owned());
                    let message = errors.first().map_or("", |error| &error.message);
                    Entry::new(subject, Code::Invalid, message)
                }
                Err(error) => return Err(named(error)),
            });
        }
        Ok(told)
    }

    async fn take_setting(
        &self,
        key: &'static str,
        value: &Value,
    ) -> Result<Entry, MigrationError> {
        let subject = Subject::Setting(key.to_owned());
        for _ in 0..TRIES {
            let document = self.settings.read().await?;
            let found = document.settings.iter().find(|one| one.key.path() == key);
            let saved = found.and_then(|one| one.saved.as_ref());
            let in_force = found.map(|one| &one.value);
            if saved == Some(value) || (saved.is_none() && in_force == Some(value)) {
                return Ok(Entry::new(subject, Code::Unchanged, ""));
            }
            if let Some(saved) = saved {
                let detail =
                    format!("{saved} is saved here and stays; the old program had {value}");
                return Ok(Entry::new(subject, Code::Kept, detail));
            }
            if self.dry_run {
                return Ok(Entry::new(subject, Code::Created, value.to_string()));
            }
            let edit = BTreeMap::from([(key.to_owned(), value.clone())]);
            match self
                .settings
                .edit(document.version, &edit, &self.actor)
                .await
            {
                Ok(()) => return Ok(Entry::new(subject, Code::Created, value.to_string())),
                Err(SettingsError::Changed(_)) => {}
                Err(SettingsError::Invalid(errors)) => {
                    let message = errors.first().map_or("", |error| &error.message);
                    return Ok(Entry::new(subject, Code::Kept, message));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let detail = "somebody else kept changing the settings";
        Ok(Entry::new(subject, Code::Failed, detail))
    }
}

/// An entry of a list.
struct Item {
    name: Option<String>,
    value: Secret,
}

/// A list as text: of texts, or of objects with a name and a value.
fn list(text: &str) -> Option<Vec<Item>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let found: Vec<Value> = serde_json::from_str(text).ok()?;
    let items = found.into_iter().map(|value| match value {
        Value::String(value) => Some(Item {
            name: None,
            value: Secret::new(value.trim()),
        }),
        Value::Object(object) => {
            let text = |names: &[&str]| {
                let mut found = names.iter().filter_map(|name| object.get(*name)?.as_str());
                found.find(|text| !text.trim().is_empty()).map(str::trim)
            };
            Some(Item {
                name: text(&["name", "label", "remark"]).map(str::to_owned),
                value: Secret::new(text(&["url", "proxy", "client_id", "value"])?),
            })
        }
        _ => None,
    });
    let items: Option<Vec<_>> = items.collect();
    Some(
        items?
            .into_iter()
            .filter(|item| !item.value.is_empty())
            .collect(),
    )
}

fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// What people call a client id.
fn known_as(client_id: &str) -> &str {
    match client_id {
        CODEX_CLIENT_ID => "Codex CLI",
        PREDECESSOR_CLIENT_ID => "predecessor's default",
        IOS_CLIENT_ID => "iOS",
        other => other,
    }
}

/// A name that nobody has yet.
fn free(wanted: &str, names: &mut BTreeSet<String>) -> String {
    let plain: String = wanted
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME_CHARS - 6)
        .collect();
    let mut name = plain.clone();
    let mut number = 2_u32;
    while !names.insert(name.clone()) {
        name = format!("{plain} {number}");
        number = number.saturating_add(1);
    }
    name
}

fn unreadable(subject: Subject) -> Entry {
    Entry::new(subject, Code::Invalid, "cannot be read")
}

fn named(error: NamedError) -> MigrationError {
    match error {
        NamedError::Database(error) => MigrationError::Database(error),
        error => MigrationError::Named(error),
    }
}

impl From<DbError> for MigrationError {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_both_forms() {
        let items = list(r#"[" http://a:1 ", {"name": "b", "url": "http://b:1"}, ""]"#).unwrap();
        let told: Vec<_> = items
            .iter()
            .map(|item| (item.name.as_deref(), item.value.expose()))
            .collect();
        assert_eq!(told, [(None, "http://a:1"), (Some("b"), "http://b:1")]);
        assert!(list("").unwrap().is_empty());
        for bad in ["{}", "[1]", "http://a:1", r#"[{"x": "y"}]"#] {
            assert!(list(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn names_stay_different() {
        let mut names = BTreeSet::from(["a".to_owned()]);
        assert_eq!(
            [
                free("a", &mut names),
                free("a", &mut names),
                free("b", &mut names)
            ],
            ["a 2", "a 3", "b"]
        );
    }
}
