//! Taking a credential in.

use std::sync::Arc;

use rt_manage_shared::{
    db::{
        DbError, Tx, credentials,
        credentials::{Credential, Profile},
        grants, repeat_while_busy,
    },
    id::{CredentialId, ProxyId},
    model::{
        audit::{Action, Actor},
        credential::generated_biz_id,
        grant::Grant,
    },
    openai::ProxyUrl,
    vault::{Fingerprint, Secret},
};

use super::{
    CredentialError, Credentials, Past, Told,
    fields::{Checks, ProxyColumns, seal_token},
    token_rules::{Admitted, admit},
};

/// What somebody hands in.
#[derive(Debug, Clone, Default)]
pub struct NewCredential {
    /// Its name; absent: one is generated.
    pub biz_id: Option<String>,
    /// The refresh token.
    pub refresh_token: Secret,
    /// An access token that came with it.
    pub access_token: Option<Secret>,
    /// The client id that it was issued to; absent: the access token's, else the configuration's.
    pub client_id: Option<String>,
    /// Its own proxy; absent or empty: the configuration's.
    pub proxy: Option<Secret>,
    /// A named proxy instead of its own.
    pub proxy_id: Option<ProxyId>,
    /// A label.
    pub tag: String,
    /// A note.
    pub memo: String,
    /// An e-mail address that the access token does not tell.
    pub email: Option<String>,
    /// Whether it may be refreshed and handed out.
    pub enabled: bool,
    /// How its name begins where it is generated.
    pub biz_id_prefix: Option<Arc<str>>,
    /// Whether it is refreshed at once where its access token is good for a while, too.
    pub refresh_now: bool,
    /// What its tokens tell, where the caller has read them.
    pub told: Option<Told>,
    /// What is remembered of it where it comes from.
    pub past: Past,
}

impl NewCredential {
    pub(super) fn check(&self) -> Result<Option<ProxyUrl>, CredentialError> {
        let mut checks = Checks::default();
        checks.refresh_token(&self.refresh_token);
        if let Some(biz_id) = &self.biz_id {
            checks.biz_id(biz_id);
        }
        if let Some(token) = &self.access_token {
            checks.access_token(token);
        }
        if let Some(client_id) = &self.client_id {
            checks.client_id(client_id);
        }
        checks.tag(&self.tag);
        checks.memo(&self.memo);
        let proxy = self
            .proxy
            .as_ref()
            .filter(|proxy| !proxy.expose().trim().is_empty());
        let proxy = proxy.and_then(|proxy| checks.proxy(proxy));
        if self.proxy_id.is_some() && self.proxy.is_some() {
            checks.one_proxy();
        }
        checks.done()?;
        Ok(proxy)
    }

    /// What the access token tells, and else the caller.
    fn told(&self) -> Told {
        let mut told = match (&self.told, &self.access_token) {
            (Some(told), _) => told.clone(),
            (None, Some(token)) => Told::by(token),
            (None, None) => Told::default(),
        };
        told.identity.email = told.identity.email.or_else(|| self.email.clone());
        told
    }
}

/// A credential that was checked and sealed, and is ready to be written.
pub(super) struct Prepared {
    pub(super) row: credentials::New,
    pub(super) grant: grants::New,
}

/// A credential that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: CredentialId,
    /// Its name.
    pub biz_id: String,
}

impl Credentials {
    /// Takes a credential in. Without a usable access token it is due for a refresh at once.
    pub async fn create(
        &self,
        new: &NewCredential,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        repeat_while_busy(|| self.create_once(new, actor)).await
    }

    async fn create_once(
        &self,
        new: &NewCredential,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        let mut tx = self.begin_admission().await?;
        let Created { id, .. } = match self.create_in(&mut tx, new).await {
            Err(CredentialError::Database(DbError::Duplicate)) => {
                return Err(CredentialError::BizIdTaken);
            }
            other => other?,
        };
        let created = credentials::by_id(&mut tx, id)
            .await?
            .ok_or(CredentialError::NotFound)?;
        self.record(&mut tx, actor, Action::CredentialCreate, id)
            .await?;
        tx.commit().await?;
        self.changed(id, None);
        Ok(created)
    }

    /// Takes a credential in, inside the caller's transaction. Everything is checked before anything is
    /// written: after any error but one of the database, the transaction is as it was.
    async fn create_in(
        &self,
        tx: &mut Tx,
        new: &NewCredential,
    ) -> Result<Created, CredentialError> {
        let proxy = new.check()?;
        let rt_fp = Fingerprint::of(&new.refresh_token);
        let admitted = admit(tx, &rt_fp, None).await?;
        let columns = match new.proxy_id {
            Some(named) => ProxyColumns::named(tx, named).await?,
            None => ProxyColumns::default(),
        };
        let prepared = self.prepare(new, rt_fp, proxy, columns, &admitted)?;
        let biz_id = prepared.row.profile.biz_id.clone();
        if credentials::biz_id_taken(tx, &biz_id).await? {
            return Err(CredentialError::BizIdTaken);
        }
        let id = prepared.row.id;
        admitted.purge(tx).await?;
        credentials::insert_many(tx, vec![prepared.row]).await?;
        grants::insert_many(tx, vec![prepared.grant]).await?;
        Ok(Created { id, biz_id })
    }

    /// Seals what was checked. `named`: the columns of the named proxy that it refers to.
    pub(super) fn prepare(
        &self,
        new: &NewCredential,
        rt_fp: Fingerprint,
        proxy: Option<ProxyUrl>,
        named: ProxyColumns,
        admitted: &Admitted,
    ) -> Result<Prepared, CredentialError> {
        let (id, now) = (CredentialId::generate(), self.clock.now());
        let told = new.told();
        let mut profile = self.profile(id, new, &told, proxy)?;
        if new.proxy_id.is_some() {
            named.put(&mut profile);
        }
        let ctx = self.context(now, new.enabled);
        let expires = new.access_token.as_ref();
        let expires = expires.map(|_| told.ends(now, self.settings.default_life));
        let grant = Grant::new(id, rt_fp, expires, &ctx)
            .refreshed_elsewhere(new.past.refreshed_at, &ctx)
            .inherit(&new.past.known(now), &ctx);
        let grant = admitted.heir(&grant, &ctx);
        let grant = if new.refresh_now {
            grant.due_at_once(&ctx)
        } else {
            grant
        };
        let rt = seal_token(&self.vault, id, "rt", &new.refresh_token)?;
        let access = new.access_token.as_ref();
        let access_token = access
            .map(|token| seal_token(&self.vault, id, "access_token", token))
            .transpose()?;
        Ok(Prepared {
            row: credentials::New {
                id,
                profile,
                identity: told.identity,
                created_at: new.past.created_at.filter(|at| *at <= now).unwrap_or(now),
                updated_at: now,
            },
            grant: grants::New {
                grant,
                rt,
                access_token,
            },
        })
    }

    fn profile(
        &self,
        id: CredentialId,
        new: &NewCredential,
        told: &Told,
        proxy: Option<ProxyUrl>,
    ) -> Result<Profile, CredentialError> {
        let proxy = ProxyColumns::new(&self.vault, id, proxy)?;
        let client_id = new.client_id.clone().or_else(|| told.client_id.clone());
        let generated = || generated_biz_id(new.biz_id_prefix.as_deref(), id);
        Ok(Profile {
            biz_id: new.biz_id.clone().unwrap_or_else(generated),
            client_id: client_id.unwrap_or_else(|| self.default_client_id.to_string()),
            proxy: proxy.sealed,
            egress: proxy.egress,
            egress_label: proxy.label,
            tag: new.tag.clone(),
            memo: new.memo.clone(),
            enabled: new.enabled,
        })
    }
}
