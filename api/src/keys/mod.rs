//! API keys: who a program is, what it may do, and how often it does.
//!
//! Checking a key costs no round trip to the database while what was read of it is younger than a second; see `cache.rs`.
//! Limits and counts are kept in memory, each process its own; counts are added up in the database every few seconds.

mod cache;
mod counts;
mod limits;
mod manage;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use axum::http::HeaderMap;
use rt_manage_shared::{
    clock::{BootInstant, Clock},
    config::Config,
    db::{Db, DbError},
    id::CredentialId,
    model::key::{ApiKey, KeyHash, KeyRef, Reach, Scopes, TokenKind, Unusable},
};
use tokio_util::sync::CancellationToken;

pub use self::manage::{KeyEdit, KeyError, NewKey};
use self::{cache::Cache, counts::Counts, limits::Limits};
use crate::auth::{
    WrongKeys,
    placeholder::{ApiSecret, check_api_secret},
};

/// The name of the key that nobody made.
const CONFIGURED_NAME: &str = "auth.api_secret";

/// What was presented as a key, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The secret.
    pub secret: &'a [u8],
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
    /// The request's headers, which tell whether it was forwarded.
    pub headers: &'a HeaderMap,
}

/// Who calls the public API, and what they may do.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Their key.
    pub key: KeyRef,
    /// Its name, for people.
    pub name: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// With which credentials.
    pub reach: Reach,
    /// Most requests a minute.
    pub rate_limit_per_minute: Option<u32>,
}

impl From<&ApiKey> for Holder {
    fn from(key: &ApiKey) -> Self {
        let profile = &key.profile;
        Self {
            key: KeyRef::Made(key.id),
            name: profile.name.clone(),
            scopes: profile.scopes,
            reach: profile.reach.clone(),
            rate_limit_per_minute: profile.rate_limit_per_minute,
        }
    }
}

/// Why a key opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such key.
    #[error("the key is wrong")]
    Wrong,
    /// Too many wrong ones came from this address; this was another.
    #[error("too many wrong keys")]
    Slow(Duration),
    /// The published secret, from a caller who is not near.
    #[error("the example's secret is for callers who are near")]
    PlaceholderFromOutside,
    /// It was good once, or will be.
    #[error("the key is good for nothing at the moment")]
    Unusable(Unusable),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl Refused {
    /// A word for the metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Slow(_) => "too_many_wrong",
            Self::PlaceholderFromOutside => "placeholder",
            Self::Unusable(Unusable::Revoked) => "revoked",
            Self::Unusable(Unusable::Disabled) => "disabled",
            Self::Unusable(Unusable::Expired) => "expired",
            Self::Database(_) => "database",
        }
    }
}

/// Counts a request that was refused for its key.
pub fn count_refusal(reason: &'static str) {
    metrics::counter!("rtm_api_key_refusals_total", "reason" => reason).increment(1);
}

/// The API keys of this installation; cheap to clone.
#[derive(Debug, Clone)]
pub struct Keys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    db: Db,
    clock: Clock,
    cache: Cache,
    wrong: WrongKeys,
    limits: Limits,
    counts: Counts,
}

impl Keys {
    /// Over this database. Nothing is counted up before [`Keys::run`].
    pub fn new(config: &Arc<Config>, db: &Db, clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            config: Arc::clone(config),
            db: db.clone(),
            clock: clock.clone(),
            cache: Cache::default(),
            wrong: WrongKeys::new(),
            limits: Limits::default(),
            counts: Counts::default(),
        }))
    }

    /// Whose key this is.
    pub async fn authenticate(&self, presented: Presented<'_>) -> Result<Arc<Holder>, Refused> {
        let (inner, secret) = (&self.0, presented.secret);
        let Presented { peer, headers, .. } = presented;
        match check_api_secret(&inner.config.auth, secret, peer, headers) {
            ApiSecret::Accepted => return Ok(Arc::new(self.configured())),
            ApiSecret::PlaceholderFromOutside => return Err(Refused::PlaceholderFromOutside),
            ApiSecret::Wrong => {}
        }
        let found = match KeyHash::of(secret) {
            Some(hash) => inner.cache.find(&inner.db, &hash).await?,
            None => None,
        };
        let Some(found) = found else {
            // Only wrong ones wait, so that nobody is kept out by what a neighbour tries.
            let address = peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
            return Err(match inner.wrong.count(address, BootInstant::now()) {
                Ok(()) => Refused::Wrong,
                Err(wait) => Refused::Slow(wait),
            });
        };
        let now = inner.clock.now();
        if let Some(why) = found.key.unusable(now) {
            return Err(Refused::Unusable(why));
        }
        inner.counts.used(found.key.id, now);
        Ok(Arc::clone(&found.holder))
    }

    /// The configured `api_secret` as a key: the seed's rights and no others.
    pub fn configured(&self) -> Holder {
        let auth = &self.0.config.auth;
        Holder {
            key: KeyRef::Configured,
            name: CONFIGURED_NAME.to_owned(),
            scopes: Scopes::configured(auth.public_api_return_refresh_token),
            reach: Reach::All,
            rate_limit_per_minute: Some(auth.api_rate_limit_per_minute).filter(|limit| *limit > 0),
        }
    }

    /// Takes so many requests from what a key may make in a minute, or tells how long to wait.
    pub fn charge(&self, holder: &Holder, requests: u32) -> Result<(), Duration> {
        match holder.rate_limit_per_minute {
            Some(limit) => self.0.limits.charge(holder.key, limit, requests),
            None => Ok(()),
        }
    }

    /// Counts a token that is handed out.
    pub fn handed_out(&self, credential: CredentialId, key: KeyRef, kind: TokenKind) {
        metrics::counter!("rtm_handouts_total", "kind" => kind.as_str()).increment(1);
        let now = self.0.clock.now();
        self.0.counts.handed_out(credential, key, kind, now);
    }

    /// Adds what was counted up in the database, every few seconds, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(counts::DISTANCE) => self.flush().await,
                () = stop.cancelled() => return,
            }
        }
    }

    /// Adds what was counted up in the database now.
    pub async fn flush(&self) {
        self.0.counts.flush(&self.0.db).await;
    }
}
