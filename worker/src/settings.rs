//! What a worker needs of the configuration, resolved once.

use std::{path::PathBuf, time::Duration};

use rt_manage_shared::{
    config::Config,
    db::grants::GrantRecord,
    model::{credential::DEFAULT_EGRESS, schedule::SchedulePolicy},
    openai::{Egress, EgressKey, ProxyUrlError},
};
use url::Url;

/// The resolved settings of one worker.
#[derive(Debug)]
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
    /// Life assumed of an access token that does not tell its own.
    pub default_life: Duration,
    /// Calls in flight at once.
    pub concurrency: usize,
    /// Distance of heartbeats.
    pub heartbeat: Duration,
    /// After this time without a word a claim's worker is taken for lost.
    pub abandon_after: Duration,
    /// The folder of all journals.
    pub journal_directory: PathBuf,
    /// Room set aside for each journal file, in bytes.
    pub journal_segment_bytes: u64,
    /// How long finished journals are kept.
    pub journal_retention: Duration,
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

impl WorkerSettings {
    /// Resolves a configuration.
    pub fn resolve(config: &Config) -> Result<Self, SettingsError> {
        let egress = Egress::parse(config.openai.proxy.as_ref())?;
        Ok(Self {
            policy: config.refresh.schedule_policy(),
            token_url: Url::parse(&config.openai.token_url)?,
            default_egress_label: egress.to_string(),
            default_egress: egress,
            connect_timeout: Duration::from_secs(config.openai.connect_timeout_seconds),
            send_budget: Duration::from_secs(config.refresh.send_budget_seconds),
            answer_deadline: Duration::from_secs(config.openai.request_timeout_seconds),
            default_life: Duration::from_secs(config.refresh.default_access_token_seconds),
            concurrency: usize::try_from(config.worker.concurrency)
                .unwrap_or(1)
                .max(1),
            heartbeat: Duration::from_secs(config.worker.heartbeat_seconds),
            abandon_after: config.refresh.abandon_after(&config.openai),
            journal_directory: config.journal.directory.clone(),
            journal_segment_bytes: config.journal.segment_mib.saturating_mul(1024 * 1024),
            journal_retention: Duration::from_hours(config.journal.retention_hours),
        })
    }

    /// The effective key of a credential's egress, from what is stored with it.
    pub fn egress_key(&self, stored: &str) -> EgressKey {
        if stored == DEFAULT_EGRESS {
            return self.default_egress.key();
        }
        // A key that does not parse was not written by us; it is paced with the default egress.
        stored.parse().unwrap_or_else(|_| self.default_egress.key())
    }

    /// The egress of a credential without secrets, for people.
    pub fn egress_label<'a>(&'a self, record: &'a GrantRecord) -> &'a str {
        if record.egress == DEFAULT_EGRESS {
            &self.default_egress_label
        } else {
            &record.egress_label
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
