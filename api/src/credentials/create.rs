//! Taking a credential in.

use rt_manage_shared::{
    db::{
        DbError, Tx, credentials,
        credentials::{Credential, Identity, Profile},
        grants, repeat_while_busy,
    },
    id::{CredentialId, ProxyId},
    model::{
        audit::{Action, Actor},
        credential::generated_biz_id,
        grant::{Context, Grant},
    },
    openai::{Claims, ProxyUrl, Tokens, access_expiry},
    vault::{Fingerprint, Secret},
};

use super::{
    CredentialError, Credentials,
    fields::{Checks, ProxyColumns, seal_token},
    token_rules::admit,
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
}

impl NewCredential {
    fn check(&self) -> Result<Option<ProxyUrl>, CredentialError> {
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
    fn claims(&self) -> Claims {
        let told = Claims {
            email: self.email.clone(),
            ..Claims::default()
        };
        self.access_token
            .as_ref()
            .map(Claims::read)
            .unwrap_or_default()
            .or(told)
    }
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
        repeat_while_busy(|| self.create_once(new, Some(actor))).await
    }

    /// `actor`: who is written down for it; `None` where one entry tells of many.
    pub(super) async fn create_once(
        &self,
        new: &NewCredential,
        actor: Option<&Actor>,
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
        if let Some(actor) = actor {
            self.record(&mut tx, actor, Action::CredentialCreate, id)
                .await?;
        }
        tx.commit().await?;
        self.changed(id, None);
        Ok(created)
    }

    /// Takes a credential in, inside the caller's transaction. Everything is checked before anything is
    /// written: after any error but one of the database, the transaction is as it was.
    pub(super) async fn create_in(
        &self,
        tx: &mut Tx,
        new: &NewCredential,
    ) -> Result<Created, CredentialError> {
        let proxy = new.check()?;
        let (id, now) = (CredentialId::generate(), self.clock.now());
        let rt_fp = Fingerprint::of(&new.refresh_token);
        let admitted = admit(tx, &rt_fp, None).await?;
        let claims = new.claims();
        let mut profile = self.profile(id, new, &claims, proxy)?;
        if let Some(named) = new.proxy_id {
            ProxyColumns::named(tx, named).await?.put(&mut profile);
        }
        if credentials::biz_id_taken(tx, &profile.biz_id).await? {
            return Err(CredentialError::BizIdTaken);
        }
        let identity = Identity {
            email: claims.email,
            name: claims.name,
            account_id: claims.account_id,
            user_id: claims.user_id,
            plan: claims.plan_type,
        };
        let ctx = self.context(now, new.enabled);
        let grant = admitted.heir(&self.grant(id, rt_fp, new, &ctx), &ctx);
        let rt = seal_token(&self.vault, id, "rt", &new.refresh_token)?;
        let access = new.access_token.as_ref();
        let access = access
            .map(|token| seal_token(&self.vault, id, "access_token", token))
            .transpose()?;

        admitted.purge(tx).await?;
        credentials::insert(tx, id, &profile, &identity, now).await?;
        grants::insert(tx, &grant, rt, access).await?;
        Ok(Created {
            id,
            biz_id: profile.biz_id,
        })
    }

    fn profile(
        &self,
        id: CredentialId,
        new: &NewCredential,
        claims: &Claims,
        proxy: Option<ProxyUrl>,
    ) -> Result<Profile, CredentialError> {
        let proxy = ProxyColumns::new(&self.vault, id, proxy)?;
        let client_id = new.client_id.clone().or_else(|| claims.client_id.clone());
        Ok(Profile {
            biz_id: new.biz_id.clone().unwrap_or_else(|| generated_biz_id(id)),
            client_id: client_id.unwrap_or_else(|| self.default_client_id.to_string()),
            proxy: proxy.sealed,
            egress: proxy.egress,
            egress_label: proxy.label,
            tag: new.tag.clone(),
            memo: new.memo.clone(),
            enabled: new.enabled,
        })
    }

    fn grant(
        &self,
        id: CredentialId,
        rt_fp: Fingerprint,
        new: &NewCredential,
        ctx: &Context<'_>,
    ) -> Grant {
        let expires = new.access_token.clone().map(|token| {
            let tokens = Tokens {
                access_token: Some(token),
                ..Tokens::default()
            };
            access_expiry(&tokens, ctx.now, self.settings.default_life)
        });
        Grant::new(id, rt_fp, expires, ctx)
    }
}
