//! [`Live`]: the settings in force, which follow what the console saves while the process runs.
//!
//! Nothing here decides whether a claim may be made: a claim compares, inside its own transaction, what it was made with
//! to what the database has (`claim.rs`). So no attempt begins under settings that were replaced before, however far a
//! process lags behind, and one that has begun keeps those that it began with.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::{BootInstant, Millis},
    config::{Adopted, Loaded, Stored},
    db::{Db, DbError, proxies, revisions, revisions::Revisions, settings, settings::Version},
    deadlines::FOLLOW,
    id::ProxyId,
    openai::{Egress, ProxyUrl},
    vault::{Place, Vault},
};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use crate::settings::{NamedProxy, SettingsError, WorkerSettings};

/// Versions that are looked at for longer deadlines than today's. Nobody saves more within the minutes that count.
const LOOKED_AT: u32 = 32;
/// What the watcher of claims may need to notice one that began just before a change: some of its rounds.
const NOTICE: Duration = Duration::from_secs(10);

/// The settings in force; cheap to clone.
#[derive(Debug, Clone)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    newest: watch::Sender<Arc<WorkerSettings>>,
    source: Option<Source>,
}

/// Where they come from.
#[derive(Debug)]
struct Source {
    base: Loaded,
    db: Db,
    vault: Vault,
    earlier: Mutex<Vec<Earlier>>,
}

/// Settings that were replaced: calls that began under them may take as long as they allowed.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    abandon_after: Duration,
    until: BootInstant,
}

impl Earlier {
    /// Replaced just now.
    fn new(abandon_after: Duration) -> Self {
        Self {
            abandon_after,
            until: BootInstant::now() + abandon_after + NOTICE,
        }
    }
}

/// Why the settings in force cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The configuration.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl Live {
    /// Settings that nobody changes.
    pub fn fixed(settings: impl Into<Arc<WorkerSettings>>) -> Self {
        Self(Arc::new(Inner {
            newest: watch::Sender::new(settings.into()),
            source: None,
        }))
    }

    /// The configuration with what was saved in this database. What does not fit is told and left out: tokens must stay
    /// alive.
    pub async fn open(loaded: &Loaded, db: &Db, vault: &Vault) -> Result<Self, LiveError> {
        let source = Source {
            base: loaded.clone(),
            db: db.clone(),
            vault: vault.clone(),
            earlier: Mutex::default(),
        };
        let found = revisions::read(&mut &*db).await?;
        let earlier = source.replaced_lately().await?;
        let mut settings = source.load(found).await?;
        settings.allow_for(earlier.iter().map(|one| one.abandon_after));
        *source.earlier.lock().await = earlier;
        Ok(Self(Arc::new(Inner {
            newest: watch::Sender::new(Arc::new(settings)),
            source: Some(source),
        })))
    }

    /// Those in force now. Whoever begins something keeps what it gets here until it has ended.
    pub fn current(&self) -> Arc<WorkerSettings> {
        Arc::clone(&self.0.newest.borrow())
    }

    /// Tells of changes.
    pub fn subscribe(&self) -> watch::Receiver<Arc<WorkerSettings>> {
        self.0.newest.subscribe()
    }

    /// Whether these are as new as what the database has.
    pub(crate) fn are_current(&self, settings: &WorkerSettings, found: Revisions) -> bool {
        self.0.source.is_none() || settings.revisions == found
    }

    /// Looks whether the database has something newer, and follows.
    pub async fn catch_up(&self) -> Result<(), LiveError> {
        let Some(source) = &self.0.source else {
            return Ok(());
        };
        let mut earlier = source.earlier.lock().await;
        let known = self.current();
        let found = revisions::read(&mut &source.db).await?;
        let before = earlier.len();
        earlier.retain(|one| !one.until.has_passed());
        if found == known.revisions && earlier.len() == before {
            return Ok(());
        }
        let mut next = source.load(found).await?;
        if next.own_abandon_after != known.own_abandon_after {
            earlier.push(Earlier::new(known.own_abandon_after));
        }
        next.allow_for(earlier.iter().map(|one| one.abandon_after));
        if found != known.revisions {
            tracing::info!(
                settings = found.settings,
                proxies = found.proxies,
                "following changed settings"
            );
        }
        self.0.newest.send_replace(Arc::new(next));
        Ok(())
    }

    /// Follows until `stop`. While the database is away everything stays as it is.
    pub async fn follow(self, stop: CancellationToken) {
        let mut failing = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(FOLLOW) => {}
                () = stop.cancelled() => return,
            }
            let looked = self.catch_up().await;
            if let Err(error) = &looked
                && !failing
            {
                tracing::warn!(error = %error, "cannot see whether settings have changed");
            }
            failing = looked.is_err();
        }
    }
}

impl Source {
    async fn load(&self, revisions: Revisions) -> Result<WorkerSettings, LiveError> {
        let newest = settings::newest(&mut &self.db).await?;
        let adopted = self.adopt(newest.as_ref());
        for one in &adopted.ignored {
            tracing::error!(key = %one.key, reason = %one.reason, "a saved setting does not fit the configuration and is ignored");
        }
        let mut settings = WorkerSettings::of(adopted)?;
        settings.revisions = revisions;
        settings.proxies = self.proxies().await?;
        Ok(settings)
    }

    fn adopt(&self, version: Option<&Version>) -> Adopted {
        let stored = version.map(|version| {
            Stored::parse(&version.document).unwrap_or_else(|| {
                tracing::error!(
                    version = version.version,
                    "the saved settings cannot be read; they are ignored"
                );
                Stored::default()
            })
        });
        self.base.adopt(&stored.unwrap_or_default())
    }

    async fn proxies(&self) -> Result<HashMap<ProxyId, NamedProxy>, DbError> {
        let mut found = HashMap::new();
        for proxy in proxies::all(&mut &self.db).await? {
            let row = proxy.id.to_string();
            let place = Place {
                table: "proxies",
                row: &row,
                column: "url",
            };
            let url = self.vault.open_secret(place, &proxy.url);
            let url = url.map_err(|error| error.to_string());
            match url
                .and_then(|url| ProxyUrl::parse(url.expose()).map_err(|error| error.to_string()))
            {
                Ok(url) => {
                    let named = NamedProxy::new(proxy.name, Egress::Proxy(url));
                    found.insert(proxy.id, named);
                }
                // Left out: whoever refers to it does not go out at all.
                Err(error) => {
                    tracing::error!(proxy = %proxy.id, error = %error, "a named proxy cannot be used");
                }
            }
        }
        Ok(found)
    }

    /// What was replaced so lately that calls may go on that began under it. Their time is counted from now on, which is
    /// longer than need be.
    async fn replaced_lately(&self) -> Result<Vec<Earlier>, LiveError> {
        let now = self.db.server_time().await?;
        let versions = settings::history(&mut &self.db, None, LOOKED_AT).await?;
        let mut replaced_at: Option<Millis> = None;
        let mut found = Vec::new();
        for version in versions.iter().map(Some).chain([None]) {
            if let Some(replaced_at) = replaced_at {
                let abandon_after = WorkerSettings::of(self.adopt(version))?.own_abandon_after;
                if now.since(replaced_at) <= abandon_after + NOTICE {
                    found.push(Earlier::new(abandon_after));
                }
            }
            replaced_at = version.map(|version| version.saved_at);
        }
        Ok(found)
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
