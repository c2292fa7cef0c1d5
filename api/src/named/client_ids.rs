//! Names for the client ids that credentials have.

use rt_manage_shared::{
    clock::Clock,
    db::{
        Db, audit,
        client_ids::{self, ClientId},
        counts::Count,
        repeat_while_busy,
    },
    model::{
        audit::{Action, Actor, Deed, TargetKind},
        credential::check_client_id,
    },
};

use super::{NamedError, check_name, done};
use crate::{error::FieldError, state::App};

/// The use cases; cheap to make.
#[derive(Debug, Clone)]
pub struct ClientIds {
    db: Db,
    clock: Clock,
    default: String,
}

/// An entry and who uses it.
#[derive(Debug, Clone)]
pub struct Use {
    /// The entry.
    pub entry: ClientId,
    /// How many credentials have it.
    pub uses: Count,
    /// Whether credentials get it that come without one.
    pub is_default: bool,
}

impl ClientIds {
    /// The use cases over the server's own parts.
    pub fn of(app: &App) -> Self {
        Self {
            db: app.db.clone(),
            clock: app.clock.clone(),
            default: app.settings.current().config().openai.client_id.clone(),
        }
    }

    /// The use cases without a server; `default`: the client id of credentials that come without one.
    pub const fn new(db: Db, clock: Clock, default: String) -> Self {
        Self { db, clock, default }
    }

    /// One part of the list, and how many there are in all.
    pub async fn list(&self, skip: i64, limit: u32) -> Result<(Vec<Use>, i64), NamedError> {
        let db = &mut &self.db;
        let mut found = Vec::new();
        for entry in client_ids::page(db, skip, limit).await? {
            found.push(self.with_use(entry).await?);
        }
        Ok((found, client_ids::total(db).await?))
    }

    async fn with_use(&self, entry: ClientId) -> Result<Use, NamedError> {
        Ok(Use {
            uses: client_ids::uses(&mut &self.db, &entry.client_id).await?,
            is_default: entry.client_id == self.default,
            entry,
        })
    }

    /// Adds one.
    pub async fn create(
        &self,
        client_id: &str,
        name: &str,
        actor: &Actor,
    ) -> Result<Use, NamedError> {
        let mut errors = Vec::new();
        if let Err(error) = check_client_id(client_id) {
            errors.push(FieldError::new("client_id", error.to_string()));
        }
        check_name(name, &mut errors);
        done(errors)?;
        let now = self.clock.now();
        let entry = ClientId {
            client_id: client_id.to_owned(),
            name: name.to_owned(),
            created_at: now,
            updated_at: now,
        };
        let deed = Deed::new(Action::ClientIdCreate)
            .to(TargetKind::ClientId, client_id)
            .with("name", name);
        repeat_while_busy(async || {
            let mut tx = self.db.begin().await?;
            if !client_ids::insert(&mut tx, &entry).await? {
                return Err(NamedError::Taken);
            }
            audit::record(&mut tx, actor, &deed, now).await?;
            Ok(tx.commit().await?)
        })
        .await?;
        self.with_use(entry).await
    }

    /// Gives one another name.
    pub async fn rename(
        &self,
        client_id: &str,
        name: &str,
        actor: &Actor,
    ) -> Result<Use, NamedError> {
        let mut errors = Vec::new();
        check_name(name, &mut errors);
        done(errors)?;
        let now = self.clock.now();
        let deed = Deed::new(Action::ClientIdEdit)
            .to(TargetKind::ClientId, client_id)
            .with("name", name);
        let entry = repeat_while_busy(async || {
            let mut tx = self.db.begin().await?;
            if !client_ids::rename(&mut tx, client_id, name, now).await? {
                return Err(NamedError::NotFound);
            }
            audit::record(&mut tx, actor, &deed, now).await?;
            let entry = client_ids::read(&mut tx, client_id).await?;
            tx.commit().await?;
            entry.ok_or(NamedError::NotFound)
        })
        .await?;
        self.with_use(entry).await
    }

    /// Removes one that no credential uses.
    pub async fn delete(&self, client_id: &str, actor: &Actor) -> Result<(), NamedError> {
        let now = self.clock.now();
        let deed = Deed::new(Action::ClientIdDelete).to(TargetKind::ClientId, client_id);
        repeat_while_busy(async || {
            let mut tx = self.db.begin().await?;
            if client_ids::read(&mut tx, client_id).await?.is_none() {
                return Err(NamedError::NotFound);
            }
            // Credentials hold the client id itself: one that comes in between loses a name, nothing else.
            let uses = client_ids::uses(&mut tx, client_id).await?;
            if !uses.is_none() {
                return Err(NamedError::InUse(uses));
            }
            if !client_ids::delete(&mut tx, client_id).await? {
                return Err(NamedError::NotFound);
            }
            audit::record(&mut tx, actor, &deed, now).await?;
            Ok(tx.commit().await?)
        })
        .await
    }
}
