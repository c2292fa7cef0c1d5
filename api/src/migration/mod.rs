//! Moving from the predecessor: its database is read, and its records become credentials that wait until an operator says that
//! the old program has stopped. It may be repeated: what is here already stays as it is.
//!
//! `source` finds the database, `shared/src/db/predecessor.rs` reads it, `row` and `times` say what a record is here, `settings`
//! takes the lists and switches over, `report` tells; admission is `credentials/migrate.rs`.

mod report;
mod row;
mod settings;
mod source;
mod times;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use rt_manage_shared::{
    clock::Millis,
    db::{
        DbError, audit,
        predecessor::{OldRow, Predecessor},
        proxies,
    },
    id::ProxyId,
    model::audit::{Action, Actor, Deed},
    openai::Egress,
    vault::Fingerprint,
};
use rt_manage_worker::{Live, LiveError};

pub use self::{
    report::{Code, Entry, Subject, Summary},
    source::{Source, SourceError},
};
use crate::{
    credentials::{CredentialError, Credentials, TakenOver},
    named::{ClientIds, NamedError, Proxies},
    settings::{Settings, SettingsError},
};

/// Records that are read at once: the old program's database is locked no longer than that takes.
const PAGE: u32 = 200;

/// Why a migration did not begin, or has ended in the middle. What was taken over until then stays; it may be repeated.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The predecessor's database.
    #[error("the old database: {0}")]
    Old(DbError),
    /// Our own.
    #[error(transparent)]
    Database(DbError),
    /// Our settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The settings in force.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// Our proxies and client ids.
    #[error(transparent)]
    Named(NamedError),
}

/// The use case.
#[derive(Debug)]
pub struct Migration {
    credentials: Credentials,
    proxies: Proxies,
    client_ids: ClientIds,
    settings: Settings,
    actor: Actor,
    dry_run: bool,
}

/// What a first look at all records has found.
#[derive(Default)]
struct Survey {
    /// The first record that holds a token.
    held: HashMap<Fingerprint, i64>,
    /// The record that has spent one.
    spent: HashMap<Fingerprint, i64>,
}

impl Migration {
    /// `dry_run`: everything is found out and nothing written.
    pub fn new(credentials: Credentials, live: &Live, actor: Actor, dry_run: bool) -> Self {
        let (db, clock) = (credentials.db.clone(), credentials.clock.clone());
        let default = credentials.default_client_id.to_string();
        Self {
            proxies: Proxies::new(
                db.clone(),
                credentials.vault.clone(),
                clock.clone(),
                live.clone(),
                credentials.notifier.clone(),
            ),
            client_ids: ClientIds::new(db.clone(), clock.clone(), default),
            settings: Settings::new(db, clock, live.clone()),
            credentials,
            actor,
            dry_run,
        }
    }

    /// Takes everything over, and tells of each thing what became of it.
    pub async fn run(
        &self,
        source: &Source,
        mut tell: impl FnMut(&Entry),
    ) -> Result<Summary, MigrationError> {
        let mut old = Predecessor::open(&source.target, &source.prefix)
            .await
            .map_err(MigrationError::Old)?;
        let mut summary = Summary::default();
        let settings = old.settings().await.map_err(MigrationError::Old)?;
        for entry in self.take_settings(&settings, &source.settings).await? {
            summary.count(&entry);
            tell(&entry);
        }
        let survey = survey(&mut old).await.map_err(MigrationError::Old)?;
        let named = self.named_proxies().await?;
        let defaults = row::Defaults {
            client_id: source.client_id.clone(),
        };
        let mut after = i64::MIN;
        loop {
            let page = old.page(after, PAGE).await.map_err(MigrationError::Old)?;
            let Some(last) = page.last().map(|row| row.id) else {
                break;
            };
            let now = self.credentials.clock.now();
            for entry in self.take_page(&page, &survey, &named, &defaults, now).await {
                summary.count(&entry);
                tell(&entry);
            }
            after = last;
        }
        old.close().await;
        if !self.dry_run {
            self.record(&summary).await?;
        }
        Ok(summary)
    }

    /// Whoever is confirmed here reads in the log what was taken over.
    async fn record(&self, summary: &Summary) -> Result<(), DbError> {
        let deed = summary
            .rows
            .iter()
            .fold(Deed::new(Action::Migrate), |deed, (code, count)| {
                deed.with(code.as_str(), *count)
            });
        let now = self.credentials.clock.now();
        audit::record(&mut &self.credentials.db, &self.actor, &deed, now)
            .await
            .map(|_| ())
    }

    /// Named proxies by the key of their URL.
    async fn named_proxies(&self) -> Result<HashMap<String, ProxyId>, DbError> {
        let all = proxies::all(&mut &self.credentials.db).await?;
        Ok(all.into_iter().map(|one| (one.egress, one.id)).collect())
    }

    async fn take_page(
        &self,
        page: &[OldRow],
        survey: &Survey,
        named: &HashMap<String, ProxyId>,
        defaults: &row::Defaults,
        now: Millis,
    ) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(page.len());
        let (mut taken, mut places) = (Vec::new(), Vec::new());
        for old in page {
            let subject = Subject::Row(old.id, row::name(old));
            if let Some((code, detail)) = survey.refuses(old) {
                entries.push(Entry::new(subject, code, detail));
                continue;
            }
            match row::read(old, defaults, now) {
                Err(reason) => entries.push(Entry::new(subject, Code::Invalid, reason)),
                Ok(row::Readable {
                    mut migrated,
                    notes,
                }) => {
                    let key = migrated.proxy.clone().map(|url| Egress::Proxy(url).key());
                    migrated.proxy_id = key.and_then(|key| named.get(key.as_str()).copied());
                    places.push(entries.len());
                    // Filled in below.
                    entries.push(Entry::new(subject, Code::Created, notes.join("; ")));
                    taken.push(migrated);
                }
            }
        }
        let results = self.credentials.take_over(&taken, self.dry_run).await;
        for (place, result) in places.into_iter().zip(results) {
            if let Some(entry) = entries.get_mut(place) {
                let (code, detail) = told(result);
                entry.code = code;
                if !matches!(code, Code::Created | Code::Updated) {
                    entry.detail = detail;
                }
            }
        }
        entries
    }
}

impl Survey {
    /// Why a record is not even looked at.
    fn refuses(&self, old: &OldRow) -> Option<(Code, String)> {
        let held = row::prints(old).held?;
        if let Some(by) = self.spent.get(&held).filter(|by| **by != old.id) {
            let detail = format!("row {by} has refreshed this refresh token since");
            return Some((Code::Spent, detail));
        }
        let first = self.held.get(&held).filter(|first| **first != old.id)?;
        let detail = format!("row {first} holds the same refresh token");
        Some((Code::Duplicate, detail))
    }
}

/// Fingerprints only: a hundred bytes for each record.
async fn survey(old: &mut Predecessor) -> Result<Survey, DbError> {
    let mut survey = Survey::default();
    let mut after = i64::MIN;
    loop {
        let page = old.page(after, PAGE).await?;
        let Some(last) = page.last().map(|row| row.id) else {
            return Ok(survey);
        };
        for row in &page {
            let prints = row::prints(row);
            if let Some(held) = prints.held {
                survey.held.entry(held).or_insert(row.id);
            }
            if let Some(spent) = prints.spent {
                survey.spent.entry(spent).or_insert(row.id);
            }
        }
        after = last;
    }
}

fn told(result: Result<TakenOver, CredentialError>) -> (Code, String) {
    match result {
        Ok(TakenOver::Created(_)) => (Code::Created, String::new()),
        Ok(TakenOver::Updated(_)) => (Code::Updated, String::new()),
        Ok(TakenOver::Unchanged(_)) => (Code::Unchanged, String::new()),
        Ok(TakenOver::RefreshedHere(_)) => (Code::RefreshedHere, String::new()),
        Ok(TakenOver::Differs(holder)) => {
            let detail = format!(
                "{holder} holds another refresh token here and does not wait for confirmation; put the right one in by hand"
            );
            (Code::Differs, detail)
        }
        Err(error) => {
            let code = match &error {
                CredentialError::InUse(_) => Code::Duplicate,
                CredentialError::Spent(_) => Code::Spent,
                CredentialError::Refreshing(_) => Code::Refreshing,
                CredentialError::Invalid(_) => Code::Invalid,
                _ => Code::Failed,
            };
            (code, error.to_string())
        }
    }
}
