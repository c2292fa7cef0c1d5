//! Changing a credential.

use rt_manage_shared::{
    db::{
        DbError, Tx, attempts, audit, credentials,
        credentials::{Credential, Profile},
        grants,
        grants::TokenWrite,
        repeat_while_busy,
    },
    id::{AttemptId, CredentialId, ProxyId},
    model::{
        audit::{Action, Actor, Deed, TargetKind},
        grant::{Context, Grant, HeldReason, State},
    },
    openai::ProxyUrl,
    vault::{Fingerprint, Secret},
};

use super::{
    CredentialError, Credentials, TRIES,
    fields::{Checks, ProxyColumns, seal_token},
    supersede,
    token_rules::admit,
};

/// What shall become of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// It stays.
    #[default]
    Keep,
    /// It is emptied.
    Clear,
    /// It becomes this.
    Set(T),
}

/// What shall become of a credential.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Its name.
    pub biz_id: Patch<String>,
    /// Its client id; cleared: the configuration's.
    pub client_id: Patch<String>,
    /// Its proxy; cleared: the configuration's.
    pub proxy: Patch<Secret>,
    /// A named proxy instead of its own; cleared: the configuration's.
    pub proxy_id: Patch<ProxyId>,
    /// Its label.
    pub tag: Patch<String>,
    /// Its note.
    pub memo: Patch<String>,
    /// Whether it may be refreshed and handed out.
    pub enabled: Patch<bool>,
    /// A new refresh token; the one it has changes nothing.
    pub refresh_token: Patch<Secret>,
}

/// As what a caller has read a credential: what it changes must still be that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is by now.
    #[default]
    Anything,
    /// In one of these revisions.
    Revisions(Vec<i64>),
}

impl Expected {
    fn fits(&self, found: &Credential) -> Result<(), CredentialError> {
        match self {
            Self::Revisions(known) if !known.contains(&found.revision) => {
                Err(CredentialError::Stale)
            }
            _ => Ok(()),
        }
    }

    /// Looks at the credential, where it matters.
    pub(super) async fn check(&self, tx: &mut Tx, id: CredentialId) -> Result<(), CredentialError> {
        if *self == Self::Anything {
            return Ok(());
        }
        let found = credentials::by_id(tx, id).await?;
        self.fits(&found.ok_or(CredentialError::NotFound)?)
    }
}

impl Edit {
    pub(super) fn check(&self) -> Result<Option<ProxyUrl>, CredentialError> {
        const REQUIRED: &str = "must not be null";
        let mut checks = Checks::default();
        let mut proxy = None;
        match &self.biz_id {
            Patch::Keep => {}
            Patch::Clear => checks.fail("biz_id", REQUIRED),
            Patch::Set(text) => checks.biz_id(text),
        }
        match &self.refresh_token {
            Patch::Keep => {}
            Patch::Clear => checks.fail("refresh_token", REQUIRED),
            Patch::Set(token) => checks.refresh_token(token),
        }
        if self.enabled == Patch::Clear {
            checks.fail("enabled", REQUIRED);
        }
        if let Patch::Set(text) = &self.client_id {
            checks.client_id(text);
        }
        if let Patch::Set(text) = &self.tag {
            checks.tag(text);
        }
        if let Patch::Set(text) = &self.memo {
            checks.memo(text);
        }
        if let Patch::Set(url) = &self.proxy
            && !url.expose().trim().is_empty()
        {
            proxy = checks.proxy(url);
        }
        if matches!(
            (&self.proxy, &self.proxy_id),
            (Patch::Set(_), Patch::Set(_))
        ) {
            checks.one_proxy();
        }
        checks.done()?;
        Ok(proxy)
    }
}

/// One edit under way.
pub(super) struct Work<'a> {
    pub(super) edit: &'a Edit,
    pub(super) before: Credential,
    pub(super) after: Profile,
}

/// What an edit makes of a grant.
pub(super) struct NewGrant {
    pub(super) grant: Grant,
    pub(super) tokens: TokenWrite,
    /// The attempt that it ended.
    pub(super) ended: Option<AttemptId>,
}

impl Work<'_> {
    /// Whether there is another refresh token.
    fn replaces(&self) -> bool {
        matches!(&self.edit.refresh_token, Patch::Set(token) if Fingerprint::of(token) != self.before.grant.rt_fp)
    }

    /// The names of the fields that change.
    fn changed(&self) -> Vec<&'static str> {
        let (old, new) = (&self.before.profile, &self.after);
        let fields = [
            ("biz_id", old.biz_id != new.biz_id),
            ("client_id", old.client_id != new.client_id),
            ("proxy", old.egress != new.egress),
            ("tag", old.tag != new.tag),
            ("memo", old.memo != new.memo),
            ("enabled", old.enabled != new.enabled),
            ("refresh_token", self.replaces()),
        ];
        let changed = fields.into_iter().filter(|(_, changed)| *changed);
        changed.map(|(name, _)| name).collect()
    }

    fn is_enabled_changed(&self) -> bool {
        self.before.profile.enabled != self.after.enabled
    }

    /// Whether what holds the grant has changed.
    fn unlocks(&self, grant: &Grant) -> bool {
        match grant.state {
            State::Held(HeldReason::ClientId) => {
                self.before.profile.client_id != self.after.client_id
            }
            State::Held(HeldReason::Region) => self.before.profile.egress != self.after.egress,
            _ => false,
        }
    }
}

impl Credentials {
    /// Changes a credential; answers with it as it is then.
    pub async fn edit(
        &self,
        id: CredentialId,
        edit: &Edit,
        expected: &Expected,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        repeat_while_busy(|| self.edit_once(id, edit, expected, actor)).await
    }

    async fn edit_once(
        &self,
        id: CredentialId,
        edit: &Edit,
        expected: &Expected,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        let proxy = edit.check()?;
        for _ in 0..TRIES {
            let mut tx = match edit.refresh_token {
                Patch::Set(_) => self.begin_admission().await?,
                Patch::Keep | Patch::Clear => self.db.begin().await?,
            };
            expected.check(&mut tx, id).await?;
            match self.edit_in(&mut tx, id, edit, proxy.as_ref()).await {
                Ok((edited, ended, changed)) => {
                    if !changed.is_empty() {
                        let deed = Deed::new(Action::CredentialEdit)
                            .to(TargetKind::Credential, id)
                            .with("fields", changed);
                        audit::record(&mut tx, actor, &deed, self.clock.now()).await?;
                    }
                    tx.commit().await?;
                    self.changed(id, ended);
                    return Ok(edited);
                }
                // Rolled back; the next reading decides.
                Err(CredentialError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
        Err(CredentialError::Contended)
    }

    pub(super) async fn edit_in(
        &self,
        tx: &mut Tx,
        id: CredentialId,
        edit: &Edit,
        proxy: Option<&ProxyUrl>,
    ) -> Result<(Credential, Option<AttemptId>, Vec<&'static str>), CredentialError> {
        let before = credentials::by_id(tx, id)
            .await?
            .ok_or(CredentialError::NotFound)?;
        let mut after = self.new_profile(&before, edit, proxy)?;
        if let Patch::Set(named) = edit.proxy_id {
            ProxyColumns::named(tx, named).await?.put(&mut after);
        }
        let work = Work {
            edit,
            before,
            after,
        };
        // A new refresh token is a change, too, that somebody else may not have seen.
        if work.after != work.before.profile || work.replaces() {
            self.write_profile(tx, id, &work).await?;
        }
        let ended = self.write_grant(tx, id, &work).await?;
        let edited = credentials::by_id(tx, id)
            .await?
            .ok_or(CredentialError::NotFound)?;
        Ok((edited, ended, work.changed()))
    }

    pub(super) fn new_profile(
        &self,
        before: &Credential,
        edit: &Edit,
        proxy: Option<&ProxyUrl>,
    ) -> Result<Profile, CredentialError> {
        let old = &before.profile;
        let text = |patch: &Patch<String>, old: &str, cleared: &str| match patch {
            Patch::Keep => old.to_owned(),
            Patch::Clear => cleared.to_owned(),
            Patch::Set(new) => new.clone(),
        };
        let mut profile = Profile {
            biz_id: text(&edit.biz_id, &old.biz_id, &old.biz_id),
            client_id: text(&edit.client_id, &old.client_id, &self.default_client_id),
            tag: text(&edit.tag, &old.tag, ""),
            memo: text(&edit.memo, &old.memo, ""),
            enabled: if let Patch::Set(enabled) = edit.enabled {
                enabled
            } else {
                old.enabled
            },
            ..old.clone()
        };
        let leaves_named = edit.proxy_id == Patch::Clear && old.proxy_id().is_some();
        if !matches!(edit.proxy, Patch::Keep) || leaves_named {
            let columns = ProxyColumns::new(&self.vault, before.id, proxy.cloned())?;
            // Sealing the same URL again gives other bytes; the same egress is no change.
            if columns.egress != old.egress {
                columns.put(&mut profile);
            }
        }
        Ok(profile)
    }

    async fn write_profile(
        &self,
        tx: &mut Tx,
        id: CredentialId,
        work: &Work<'_>,
    ) -> Result<(), CredentialError> {
        let (before, after) = (&work.before, &work.after);
        if after.biz_id != before.profile.biz_id
            && credentials::biz_id_taken(tx, &after.biz_id).await?
        {
            return Err(CredentialError::BizIdTaken);
        }
        match credentials::update_profile(tx, id, before.revision, after, self.clock.now()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(CredentialError::Contended),
            Err(DbError::Duplicate) => Err(CredentialError::BizIdTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Carries the change over to the refresh state. Gives the attempt that it ended, where it ended one.
    async fn write_grant(
        &self,
        tx: &mut Tx,
        id: CredentialId,
        work: &Work<'_>,
    ) -> Result<Option<AttemptId>, CredentialError> {
        let before = &work.before.grant;
        let NewGrant {
            grant,
            tokens,
            ended,
        } = self.new_grant(tx, id, work).await?;
        if grant != *before && !grants::compare_and_set(tx, &before.guard(), &grant, tokens).await?
        {
            return Err(CredentialError::Contended);
        }
        Ok(ended)
    }

    /// What the change makes of the refresh state. Ends an attempt that waits where that follows; the grant is for the caller to
    /// write.
    pub(super) async fn new_grant(
        &self,
        tx: &mut Tx,
        id: CredentialId,
        work: &Work<'_>,
    ) -> Result<NewGrant, CredentialError> {
        let before = &work.before.grant;
        let now = self.clock.now();
        let ctx = self.context(now, work.after.enabled);
        let mut ended = None;
        let mut tokens = TokenWrite::default();
        let mut grant = before.clone();
        if let Patch::Set(token) = &work.edit.refresh_token
            && let Some(replaced) = self.replaced(tx, before, token, &ctx).await?
        {
            tokens.rt = Some(seal_token(&self.vault, id, "rt", token)?);
            ended = supersede(tx, before, now).await?;
            grant = replaced;
        } else if work.is_enabled_changed() {
            if let (false, State::Queued(attempt)) = (work.after.enabled, grant.state)
                && attempts::cancel(tx, attempt, now).await?
            {
                grant = grant
                    .cancel(attempt, &ctx)
                    .map_err(|_| CredentialError::Contended)?;
                ended = Some(attempt);
            }
            grant = grant.rescheduled(&ctx);
        }
        if work.unlocks(&grant) {
            grant = grant.release(&ctx).unwrap_or(grant);
        }
        Ok(NewGrant {
            grant,
            tokens,
            ended,
        })
    }

    /// The grant with a new refresh token; `None` where it is the one that it has.
    async fn replaced(
        &self,
        tx: &mut Tx,
        before: &Grant,
        token: &Secret,
        ctx: &Context<'_>,
    ) -> Result<Option<Grant>, CredentialError> {
        let rt_fp = Fingerprint::of(token);
        let Some(grant) = before.replace_rt(rt_fp.clone(), ctx) else {
            return Ok(None);
        };
        let admitted = admit(tx, &rt_fp, Some(before.credential)).await?;
        admitted.purge(tx).await?;
        Ok(Some(admitted.heir(&grant, ctx)))
    }
}
