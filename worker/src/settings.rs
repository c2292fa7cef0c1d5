//! What a process needs of the configuration, resolved anew with each change (`live.rs`).

use std::{collections::HashMap, path::PathBuf, time::Duration};

use rt_manage_shared::{
    config::{Adopted, Config, Ignored, Loaded},
    db::{grants::GrantRecord, revisions::Revisions},
    id::ProxyId,
    model::{
        credential::{DEFAULT_EGRESS, egress_of_named, is_named, named_proxy},
        schedule::SchedulePolicy,
    },
    openai::{Egress, EgressKey, ProxyUrlError},
    vault::Secret,
};
use url::Url;

/// The resolved settings of one worker.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// When things are due, and how doubt is handled.
    pub policy: SchedulePolicy,
    /// The token endpoint.
    pub token_url: Url,
    /// The way out of credentials that have no proxy of their own.
    pub default_egress: Egress,
    default_egress_label: String,
    /// Longest time for a connection.
    pub connect_timeout: Duration,
    /// From claim to the first byte of the request body.
    pub send_budget: Duration,
    /// From sending to the whole answer.
    pub answer_deadline: Duration,
    /// A refresh that succeeded this recently answers the next request, too.
    pub coalesce: Duration,
    /// Life assumed of an access token that does not tell its own.
    pub default_life: Duration,
    /// Calls in flight at once.
    pub concurrency: usize,
    /// Distance of heartbeats.
    pub heartbeat: Duration,
    /// After this time without a word a claim's worker is taken for lost. Longer than these settings say for a while
    /// after others that allowed more.
    pub abandon_after: Duration,
    pub(crate) own_abandon_after: Duration,
    /// The folder of all journals.
    pub journal_directory: PathBuf,
    /// Room set aside for each journal file, in bytes.
    pub journal_segment_bytes: u64,
    /// How long finished journals are kept.
    pub journal_retention: Duration,
    /// The named proxies that can be used.
    pub proxies: HashMap<ProxyId, NamedProxy>,
    /// What of the database all of this was made from.
    pub revisions: Revisions,
    /// Saved values that do not fit the rest, and count as not saved.
    pub ignored: Vec<Ignored>,
    /// The whole configuration, and where it comes from.
    pub loaded: Loaded,
}

/// A proxy with a name, which credentials refer to.
#[derive(Debug, Clone)]
pub struct NamedProxy {
    /// Its name.
    pub name: String,
    /// The way out that it is.
    pub egress: Egress,
    /// The same without secrets, for people.
    pub label: String,
}

impl NamedProxy {
    pub(crate) fn new(name: String, egress: Egress) -> Self {
        Self {
            name,
            label: egress.to_string(),
            egress,
        }
    }
}

/// The configuration names something that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `openai.token_url` is not a URL.
    #[error("openai.token_url: {0}")]
    TokenUrl(#[from] url::ParseError),
    /// `openai.proxy` is not a proxy's URL.
    #[error("openai.proxy: {0}")]
    Proxy(#[from] ProxyUrlError),
}

/// A credential has no usable way out.
#[derive(Debug, thiserror::Error)]
pub enum UnusableEgress {
    /// Its own proxy.
    #[error("the proxy cannot be used: {0}")]
    Own(#[from] ProxyUrlError),
    /// The named one that it refers to.
    #[error("there is no such proxy that can be used")]
    Unknown,
}

impl WorkerSettings {
    /// Resolves a configuration as it is.
    pub fn resolve(config: &Config) -> Result<Self, SettingsError> {
        Self::of(Adopted {
            loaded: Loaded::of(config.clone()),
            ignored: Vec::new(),
        })
    }

    /// Resolves a configuration with what was saved.
    pub(crate) fn of(adopted: Adopted) -> Result<Self, SettingsError> {
        let Adopted { loaded, ignored } = adopted;
        let config = &loaded.config;
        let abandon_after = config.refresh.abandon_after(&config.openai);
        let egress = Egress::parse(config.openai.proxy.as_ref())?;
        Ok(Self {
            policy: config.refresh.schedule_policy(),
            token_url: Url::parse(&config.openai.token_url)?,
            default_egress_label: egress.to_string(),
            default_egress: egress,
            connect_timeout: Duration::from_secs(config.openai.connect_timeout_seconds),
            send_budget: Duration::from_secs(config.refresh.send_budget_seconds),
            answer_deadline: Duration::from_secs(config.openai.request_timeout_seconds),
            coalesce: Duration::from_secs(config.refresh.coalesce_seconds),
            default_life: Duration::from_secs(config.refresh.default_access_token_seconds),
            concurrency: usize::try_from(config.worker.concurrency)
                .unwrap_or(1)
                .max(1),
            heartbeat: Duration::from_secs(config.worker.heartbeat_seconds),
            abandon_after,
            own_abandon_after: abandon_after,
            journal_directory: config.journal.directory.clone(),
            journal_segment_bytes: config.journal.segment_mib.saturating_mul(1024 * 1024),
            journal_retention: Duration::from_hours(config.journal.retention_hours),
            proxies: HashMap::new(),
            revisions: Revisions::default(),
            ignored,
            loaded,
        })
    }

    /// The whole configuration.
    pub fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// Gives calls that began under earlier settings the time that those allowed.
    pub(crate) fn allow_for(&mut self, earlier: impl Iterator<Item = Duration>) {
        self.abandon_after = earlier.fold(self.own_abandon_after, Duration::max);
    }

    /// The named proxy that a stored egress refers to, where it can be used.
    pub fn named(&self, stored: &str) -> Option<&NamedProxy> {
        self.proxies.get(&named_proxy(stored)?)
    }

    /// The way out of a credential with this proxy of its own, opened, and this stored egress. One that cannot be used is an
    /// error: the way without it is never taken instead.
    pub fn egress(&self, own: Option<&Secret>, stored: &str) -> Result<Egress, UnusableEgress> {
        match own {
            Some(proxy) => Ok(Egress::parse(Some(proxy))?),
            None if is_named(stored) => {
                let named = self.named(stored);
                named
                    .map(|proxy| proxy.egress.clone())
                    .ok_or(UnusableEgress::Unknown)
            }
            None => Ok(self.default_egress.clone()),
        }
    }

    /// How credentials name this egress that do not have it as a proxy of their own.
    pub fn stored_as(&self, egress: &str) -> Vec<String> {
        let default = self.default_egress.key();
        let default = (default.as_str() == egress).then(|| DEFAULT_EGRESS.to_owned());
        let named = self.proxies.iter().filter_map(|(id, proxy)| {
            let key = proxy.egress.key();
            (key.as_str() == egress).then(|| egress_of_named(*id))
        });
        default.into_iter().chain(named).collect()
    }

    /// The effective key of a credential's egress, from what is stored with it.
    pub fn egress_key(&self, stored: &str) -> EgressKey {
        if stored == DEFAULT_EGRESS {
            return self.default_egress.key();
        }
        if is_named(stored) {
            // One that is not known never leaves by any way, so it must not slow another one down either.
            let named = self.named(stored);
            return named.map_or_else(|| EgressKey::of_name(stored), |proxy| proxy.egress.key());
        }
        // A key that does not parse was not written by us; it is paced with the default egress.
        stored.parse().unwrap_or_else(|_| self.default_egress.key())
    }

    /// The egress of a credential without secrets, for people.
    pub fn egress_label<'a>(&'a self, record: &'a GrantRecord) -> &'a str {
        if record.egress == DEFAULT_EGRESS {
            &self.default_egress_label
        } else {
            let named = self.named(&record.egress);
            named.map_or(&record.egress_label, |proxy| &proxy.label)
        }
    }

    /// Calls that bulk work may occupy: a quarter, at least one, stays free for somebody who waits.
    pub fn bulk_concurrency(&self) -> usize {
        let reserved = if self.concurrency > 1 {
            (self.concurrency / 4).max(1)
        } else {
            0
        };
        self.concurrency - reserved
    }
}
