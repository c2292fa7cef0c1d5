//! Proxies with names. Credentials refer to an entry and follow it: another URL moves all of them, and no entry goes while
//! one of them refers to it.

use rand::RngExt as _;
use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{
        Db, DbError, audit,
        counts::Count,
        grants,
        grants::TokenWrite,
        proxies::{self, Proxy},
        repeat_while_busy,
        revisions::{self, Subject},
    },
    id::{CredentialId, ProxyId},
    model::{
        audit::{Action, Actor, Deed, TargetKind},
        grant::{Context, HeldReason, State},
    },
    notify::{Event, Notifier},
    openai::{Egress, ProxyUrl},
    vault::{Place, Secret, Vault},
};
use rt_manage_worker::Live;

use super::{NamedError, check_name, done};
use crate::{error::FieldError, state::App};

/// Credentials released at once.
const CHUNK: u32 = 200;

/// The use cases; cheap to make.
#[derive(Debug, Clone)]
pub struct Proxies {
    pub(super) db: Db,
    pub(super) vault: Vault,
    pub(super) clock: Clock,
    pub(super) live: Live,
    notifier: Notifier,
}

/// An entry and who uses it.
#[derive(Debug, Clone)]
pub struct Use {
    /// The entry.
    pub entry: Proxy,
    /// How many credentials refer to it.
    pub uses: Count,
}

/// What shall become of an entry.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Its name.
    pub name: Option<String>,
    /// Its URL.
    pub url: Option<Secret>,
}

impl Proxies {
    /// The use cases over the server's own parts.
    pub fn of(app: &App) -> Self {
        Self {
            db: app.db.clone(),
            vault: app.vault.clone(),
            clock: app.clock.clone(),
            live: app.settings.clone(),
            notifier: app.notifier.clone(),
        }
    }

    /// The use cases without a server.
    pub fn new(db: Db, vault: Vault, clock: Clock, live: Live, notifier: Notifier) -> Self {
        Self {
            db,
            vault,
            clock,
            live,
            notifier,
        }
    }

    /// One part of the list, and how many there are in all.
    pub async fn list(&self, skip: i64, limit: u32) -> Result<(Vec<Use>, i64), NamedError> {
        let db = &mut &self.db;
        let mut found = Vec::new();
        for entry in proxies::page(db, skip, limit).await? {
            found.push(self.with_use(entry).await?);
        }
        Ok((found, proxies::total(db).await?))
    }

    /// One of them.
    pub async fn read(&self, id: ProxyId) -> Result<Use, NamedError> {
        let found = proxies::by_id(&mut &self.db, id).await?;
        self.with_use(found.ok_or(NamedError::NotFound)?).await
    }

    async fn with_use(&self, entry: Proxy) -> Result<Use, NamedError> {
        let uses = proxies::uses(&mut &self.db, entry.id).await?;
        Ok(Use { entry, uses })
    }

    /// Adds one.
    pub async fn create(&self, name: &str, url: &Secret, actor: &Actor) -> Result<Use, NamedError> {
        let url = checked(Some(name), Some(url))?.ok_or(NamedError::NotFound)?;
        let (id, now) = (ProxyId::generate(), self.clock.now());
        let mut entry = Proxy {
            id,
            name: name.to_owned(),
            url: Vec::new(),
            egress: String::new(),
            egress_label: String::new(),
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        self.put_url(&mut entry, url)?;
        let deed = Deed::new(Action::ProxyCreate)
            .to(TargetKind::Proxy, id)
            .with("name", name)
            .with("url", entry.egress_label.clone());
        repeat_while_busy(async || {
            let mut tx = self.db.begin().await?;
            proxies::insert(&mut tx, &entry).await.map_err(taken)?;
            revisions::raise(&mut tx, Subject::Proxies).await?;
            audit::record(&mut tx, actor, &deed, now).await?;
            Ok::<_, NamedError>(tx.commit().await?)
        })
        .await?;
        self.follow().await;
        self.with_use(entry).await
    }

    /// Changes one that still has this revision. Whoever refers to it follows.
    pub async fn edit(
        &self,
        id: ProxyId,
        revision: i64,
        change: &Change,
        actor: &Actor,
    ) -> Result<Use, NamedError> {
        let url = checked(change.name.as_deref(), change.url.as_ref())?;
        let (entry, moved) =
            repeat_while_busy(|| self.edit_once(id, revision, change, url.clone(), actor)).await?;
        self.follow().await;
        if moved {
            self.release(id).await?;
        }
        self.with_use(entry).await
    }

    async fn edit_once(
        &self,
        id: ProxyId,
        revision: i64,
        change: &Change,
        url: Option<ProxyUrl>,
        actor: &Actor,
    ) -> Result<(Proxy, bool), NamedError> {
        let mut tx = self.db.begin().await?;
        let before = proxies::by_id(&mut tx, id).await?;
        let before = before.ok_or(NamedError::NotFound)?;
        if before.revision != revision {
            return Err(NamedError::Changed(before.revision));
        }
        let now = self.clock.now();
        let mut entry = before.clone();
        if let Some(name) = &change.name {
            entry.name.clone_from(name);
        }
        if let Some(url) = url
            && Egress::Proxy(url.clone()).key().as_str() != before.egress
        {
            self.put_url(&mut entry, url)?;
        }
        if entry == before {
            return Ok((entry, false));
        }
        entry.revision += 1;
        entry.updated_at = now;
        if !proxies::update(&mut tx, &entry).await.map_err(taken)? {
            return Err(NamedError::Changed(entry.revision));
        }
        revisions::raise(&mut tx, Subject::Proxies).await?;
        let moved = entry.egress != before.egress;
        let deed = Deed::new(Action::ProxyEdit)
            .to(TargetKind::Proxy, id)
            .with("name", entry.name.clone())
            .with("url", entry.egress_label.clone())
            .with("url_changed", moved);
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
        Ok((entry, moved))
    }

    /// Removes one that no credential refers to.
    pub async fn delete(&self, id: ProxyId, actor: &Actor) -> Result<(), NamedError> {
        let now = self.clock.now();
        repeat_while_busy(async || {
            let mut tx = self.db.begin().await?;
            if !proxies::hold(&mut tx, id).await? {
                return Err(NamedError::NotFound);
            }
            let uses = proxies::uses(&mut tx, id).await?;
            if !uses.is_none() {
                return Err(NamedError::InUse(uses));
            }
            proxies::delete(&mut tx, id).await?;
            revisions::raise(&mut tx, Subject::Proxies).await?;
            let deed = Deed::new(Action::ProxyDelete).to(TargetKind::Proxy, id);
            audit::record(&mut tx, actor, &deed, now).await?;
            Ok(tx.commit().await?)
        })
        .await?;
        self.follow().await;
        Ok(())
    }

    fn put_url(&self, entry: &mut Proxy, url: ProxyUrl) -> Result<(), NamedError> {
        let row = entry.id.to_string();
        let place = Place {
            table: "proxies",
            row: &row,
            column: "url",
        };
        entry.url = self.vault.seal_secret(place, url.expose())?;
        url.shown().clone_into(&mut entry.egress_label);
        Egress::Proxy(url)
            .key()
            .as_str()
            .clone_into(&mut entry.egress);
        Ok(())
    }

    /// At once here; other processes follow within seconds, and none claims anything before.
    async fn follow(&self) {
        if let Err(error) = self.live.catch_up().await {
            tracing::warn!(error = %error, "a changed proxy could not be read back yet");
        }
    }

    /// Whoever was refused for the region of the old address is tried again by the new one.
    async fn release(&self, id: ProxyId) -> Result<(), NamedError> {
        let mut after = None;
        loop {
            let held = proxies::refused_for_region(&mut &self.db, id, after, CHUNK).await?;
            let Some(last) = held.last().copied() else {
                return Ok(());
            };
            for credential in held {
                self.release_one(credential).await?;
            }
            after = Some(last);
        }
    }

    async fn release_one(&self, id: CredentialId) -> Result<(), DbError> {
        let settings = self.live.current();
        let db = &mut &self.db;
        let Some(record) = grants::read_one(db, id).await? else {
            return Ok(());
        };
        let now: Millis = self.clock.now();
        let ctx = Context {
            now,
            enabled: record.schedulable(),
            policy: &settings.policy,
            jitter: rand::rng().random(),
        };
        if record.grant.state != State::Held(HeldReason::Region) {
            return Ok(());
        }
        // Moved by somebody else in between: then it is not held any more.
        if let Some(released) = record.grant.release(&ctx)
            && grants::compare_and_set(db, &record.grant.guard(), &released, TokenWrite::default())
                .await?
        {
            self.notifier.announce(Event::Changed(id));
        }
        Ok(())
    }
}

fn taken(error: DbError) -> NamedError {
    match error {
        DbError::Duplicate => NamedError::Taken,
        other => other.into(),
    }
}

fn checked(name: Option<&str>, url: Option<&Secret>) -> Result<Option<ProxyUrl>, NamedError> {
    let mut errors = Vec::new();
    if let Some(name) = name {
        check_name(name, &mut errors);
    }
    let url = url.map(|url| ProxyUrl::parse(url.expose()));
    let url = url.transpose().unwrap_or_else(|error| {
        errors.push(FieldError::new("url", error.to_string()));
        None
    });
    done(errors)?;
    Ok(url)
}
