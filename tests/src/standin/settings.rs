//! How the stand-in behaves when no fault is set.

use std::{fmt, net::SocketAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::ledger::CallRecord;

/// Client id of the Codex CLI: what accounts get unless told otherwise.
pub const CODEX_CLIENT_ID: &str = "app_EMoamEEZ73f0CkXaXp7hrann";

/// Behaviour that nobody has confirmed for the real endpoint is a switch here.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    /// Life of access tokens; those of `oaiapp_…` clients live an hour at most. Zero or less: born expired.
    pub at_life_seconds: i64,
    /// Within this time after it was spent, a refresh token gets its successor again, as long as that one is unspent.
    pub reuse_leeway_ms: u64,
    /// A refusal of a spent refresh token also kills the live one and the access tokens.
    pub reuse_revokes_family: bool,
    /// The answer to a refresh token that was issued to another client id.
    pub client_mismatch: ClientMismatch,
    /// Wait between request and rotation.
    pub latency_before_ms: u64,
    /// Wait between rotation and answer.
    pub latency_after_ms: u64,
    /// Client id of new accounts.
    pub client_id: String,
    /// Plan of new accounts.
    pub plan: String,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            at_life_seconds: 864_000,
            reuse_leeway_ms: 0,
            reuse_revokes_family: false,
            client_mismatch: ClientMismatch::default(),
            latency_before_ms: 0,
            latency_after_ms: 0,
            client_id: CODEX_CLIENT_ID.to_owned(),
            plan: "plus".to_owned(),
        }
    }
}

/// The answer to a refresh token that was issued to another client id.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientMismatch {
    /// 400 `invalid_grant`
    #[default]
    InvalidGrant,
    /// 401 `invalid_client`
    InvalidClient,
}

/// Called with each finished call, under no lock.
pub type Observer = Arc<dyn Fn(&CallRecord) + Send + Sync>;

/// How a stand-in starts.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Threads of its runtime.
    pub threads: usize,
    /// What `reset` returns to.
    pub defaults: Defaults,
    /// Is told of each finished call.
    pub observer: Option<Observer>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            threads: 2,
            defaults: Defaults::default(),
            observer: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("threads", &self.threads)
            .field("defaults", &self.defaults)
            .finish_non_exhaustive()
    }
}
