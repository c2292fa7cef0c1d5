//! Taking credentials over from the predecessor, and the word that lets them be refreshed. Whoever is taken over goes through
//! the same admission as every refresh token from outside, and waits: its access token is handed out, and nothing is called
//! with its refresh token before an operator has said that the old program does not run any more.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        DbError, Tx, audit, credentials,
        credentials::{Credential, Identity, Key, Profile},
        grants,
        grants::{Change, TokenWrite},
        repeat_while_busy, tokens,
    },
    id::{AttemptId, CredentialId, ProxyId},
    model::{
        audit::{Action, Actor, Deed},
        grant::{Carried, Grant, HeldReason, State},
    },
    openai::ProxyUrl,
    vault::{Fingerprint, Secret},
};

use super::{
    Created, CredentialError, Credentials, Holder,
    fields::{ProxyColumns, seal_token},
    token_rules::admit,
};

/// Rows in one transaction, as for imports.
const CHUNK: usize = 100;
/// Credentials that are released in one transaction.
const RELEASED: u32 = 200;
/// Between two of these: others want to write as well.
const BREATH: Duration = Duration::from_millis(1);

/// A record of the predecessor, checked.
#[derive(Debug, Clone)]
pub struct Migrated {
    /// Its name.
    pub biz_id: String,
    /// Whose it is.
    pub identity: Identity,
    /// The client id that its refresh token was issued to.
    pub client_id: String,
    /// Its proxy.
    pub proxy: Option<ProxyUrl>,
    /// The named proxy with the same URL.
    pub proxy_id: Option<ProxyId>,
    /// Its label.
    pub tag: String,
    /// Its note.
    pub memo: String,
    /// Whether it may be refreshed and handed out.
    pub enabled: bool,
    /// Its refresh token.
    pub refresh_token: Secret,
    /// Its access token.
    pub access_token: Option<Secret>,
    /// What is known of both.
    pub carried: Carried,
    /// When the predecessor had made it.
    pub created_at: Option<Millis>,
    /// The refresh token that it had before: spent.
    pub spent: Option<Fingerprint>,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenOver {
    /// It was taken over.
    Created(Created),
    /// It still waits for confirmation here, and the old program has refreshed it since: its newer tokens were taken.
    Updated(Holder),
    /// It is here already.
    Unchanged(Holder),
    /// It is here already, and was refreshed here since.
    RefreshedHere(Holder),
    /// A credential of this name holds another refresh token here, and does not wait for confirmation: nothing was changed.
    Differs(Holder),
}

impl Credentials {
    /// Takes these over, in their order; one result for each. With `dry_run` everything is found out and nothing written.
    pub async fn take_over(
        &self,
        all: &[Migrated],
        dry_run: bool,
    ) -> Vec<Result<TakenOver, CredentialError>> {
        let mut results = Vec::with_capacity(all.len());
        for chunk in all.chunks(CHUNK) {
            if let Ok(done) = repeat_while_busy(|| self.take_chunk(chunk, dry_run)).await {
                results.extend(done);
                continue;
            }
            // Rolled back whole. One by one it is seen which of them the database does not take.
            for one in chunk {
                let alone = std::slice::from_ref(one);
                let result = repeat_while_busy(|| self.take_chunk(alone, dry_run)).await;
                results.push(
                    result
                        .and_then(|mut done| done.pop().unwrap_or(Err(CredentialError::NotTried))),
                );
            }
        }
        results
    }

    async fn take_chunk(
        &self,
        chunk: &[Migrated],
        dry_run: bool,
    ) -> Result<Vec<Result<TakenOver, CredentialError>>, CredentialError> {
        let mut tx = self.begin_admission().await?;
        let mut results = Vec::with_capacity(chunk.len());
        for one in chunk {
            match self.take_one(&mut tx, one).await {
                Err(
                    error @ (CredentialError::Database(_)
                    | CredentialError::Vault(_)
                    | CredentialError::Contended),
                ) => {
                    return Err(error);
                }
                other => results.push(other),
            }
        }
        if dry_run {
            return Ok(results);
        }
        tx.commit().await?;
        for taken in results.iter().flatten() {
            match taken {
                TakenOver::Created(created) => self.changed(created.id, None),
                TakenOver::Updated(holder) => self.changed(holder.id, None),
                _ => {}
            }
        }
        Ok(results)
    }

    /// Everything is checked before anything is written: after any error but one of the database, the transaction is as it was.
    async fn take_one(&self, tx: &mut Tx, one: &Migrated) -> Result<TakenOver, CredentialError> {
        let rt_fp = Fingerprint::of(&one.refresh_token);
        let ours = credentials::with_tokens(tx, Key::BizId(&one.biz_id)).await?;
        let Some(ours) = ours.into_iter().next().map(|found| found.credential) else {
            return self.take_new(tx, one, rt_fp).await;
        };
        let here = Holder {
            id: ours.id,
            biz_id: Some(ours.profile.biz_id.clone()),
        };
        if ours.grant.rt_fp == rt_fp {
            return Ok(TakenOver::Unchanged(here));
        }
        if tokens::spent_by(tx, &rt_fp).await? == Some(ours.id) {
            return Ok(TakenOver::RefreshedHere(here));
        }
        if ours.grant.state != State::Held(HeldReason::Migration) {
            return Ok(TakenOver::Differs(here));
        }
        self.renew(tx, &ours, one, rt_fp).await?;
        Ok(TakenOver::Updated(here))
    }

    async fn take_new(
        &self,
        tx: &mut Tx,
        one: &Migrated,
        rt_fp: Fingerprint,
    ) -> Result<TakenOver, CredentialError> {
        let admitted = admit(tx, &rt_fp, None).await?;
        let (id, now) = (CredentialId::generate(), self.clock.now());
        let profile = self.migrated_profile(tx, id, one).await?;
        let ctx = self.context(now, one.enabled);
        let grant = Grant::migrated(id, rt_fp, one.carried, admitted.known(), &ctx);
        let rt = seal_token(&self.vault, id, "rt", &one.refresh_token)?;
        let access = self.sealed_access(id, one)?;

        admitted.purge(tx).await?;
        let created_at = one.created_at.unwrap_or(now);
        credentials::insert(tx, id, &profile, &one.identity, created_at).await?;
        grants::insert(tx, &grant, rt, access).await?;
        if let Some(spent) = &one.spent {
            self.remember(tx, spent, id).await?;
        }
        Ok(TakenOver::Created(Created {
            id,
            biz_id: profile.biz_id,
        }))
    }

    async fn migrated_profile(
        &self,
        tx: &mut Tx,
        id: CredentialId,
        one: &Migrated,
    ) -> Result<Profile, CredentialError> {
        let mut profile = Profile {
            biz_id: one.biz_id.clone(),
            client_id: one.client_id.clone(),
            proxy: None,
            egress: String::new(),
            egress_label: String::new(),
            tag: one.tag.clone(),
            memo: one.memo.clone(),
            enabled: one.enabled,
        };
        let columns = match one.proxy_id {
            Some(named) => ProxyColumns::named(tx, named).await?,
            None => ProxyColumns::new(&self.vault, id, one.proxy.clone())?,
        };
        columns.put(&mut profile);
        Ok(profile)
    }

    /// The old program has refreshed it since it was taken over.
    async fn renew(
        &self,
        tx: &mut Tx,
        ours: &Credential,
        one: &Migrated,
        rt_fp: Fingerprint,
    ) -> Result<(), CredentialError> {
        let (id, before) = (ours.id, &ours.grant);
        let admitted = admit(tx, &rt_fp, Some(id)).await?;
        let ctx = self.context(self.clock.now(), ours.profile.enabled);
        let grant = before.renew_migrated(rt_fp, one.carried, admitted.known(), &ctx);
        let grant = grant.ok_or(CredentialError::Contended)?;
        let write = TokenWrite {
            rt: Some(seal_token(&self.vault, id, "rt", &one.refresh_token)?),
            access_token: self.sealed_access(id, one)?,
        };
        admitted.purge(tx).await?;
        if !grants::compare_and_set(tx, &before.guard(), &grant, write).await? {
            return Err(CredentialError::Contended);
        }
        self.remember(tx, &before.rt_fp, id).await?;
        if let Some(spent) = &one.spent {
            self.remember(tx, spent, id).await?;
        }
        credentials::learn_identity(tx, id, &one.identity).await?;
        Ok(())
    }

    fn sealed_access(
        &self,
        id: CredentialId,
        one: &Migrated,
    ) -> Result<Option<Vec<u8>>, CredentialError> {
        let seal = |token| seal_token(&self.vault, id, "access_token", token);
        Ok(one.access_token.as_ref().map(seal).transpose()?)
    }

    /// An old file must not bring a token back that was spent elsewhere. One that is held here stays what it is.
    async fn remember(
        &self,
        tx: &mut Tx,
        spent: &Fingerprint,
        by: CredentialId,
    ) -> Result<(), DbError> {
        if grants::holders(tx, spent).await?.is_empty() {
            // There is no attempt of ours behind it; its id stands for none.
            let nobodys = AttemptId::generate();
            tokens::remember_spent(tx, spent, by, nobodys, self.clock.now()).await?;
        }
        Ok(())
    }

    /// The old program has stopped, says an operator: all that wait for that are refreshed from now on, as the scheduler paces
    /// them. Tells how many. Repeating it goes on where it was cut off.
    pub async fn confirm_migration(&self, actor: &Actor) -> Result<u64, CredentialError> {
        let db = &mut &self.db;
        let waiting = grants::count_awaiting_migration(db).await?;
        if waiting == 0 {
            return Ok(0);
        }
        let deed = Deed::new(Action::MigrationConfirm).with("credentials", waiting);
        audit::record(db, actor, &deed, self.clock.now()).await?;
        tracing::warn!(by = %actor.name, waiting, "an operator confirmed that the old program has stopped");
        let (mut released, mut after) = (0, None);
        loop {
            let ids = grants::awaiting_migration(db, after, RELEASED).await?;
            let Some(last) = ids.last().copied() else {
                return Ok(released);
            };
            released += repeat_while_busy(|| self.release_migrated(&ids)).await?;
            for id in ids {
                self.changed(id, None);
            }
            after = Some(last);
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Releases those of them that still wait.
    async fn release_migrated(&self, ids: &[CredentialId]) -> Result<u64, CredentialError> {
        let mut tx = self.db.begin().await?;
        let mut released = 0;
        let mut changes = Vec::with_capacity(ids.len());
        for record in grants::read(&mut tx, ids).await? {
            let ctx = self.context(self.clock.now(), record.schedulable());
            if let Some(grant) = record.grant.confirm_migration(&ctx) {
                changes.push(Change {
                    guard: record.grant.guard(),
                    grant,
                    tokens: TokenWrite::default(),
                });
            }
        }
        if changes.is_empty() {
            return Ok(0);
        }
        let count = changes.len();
        if grants::compare_and_set_many(&mut tx, changes.clone()).await? {
            released += count;
        } else {
            // Somebody has moved one of them: each for itself.
            drop(tx);
            tx = self.db.begin().await?;
            for change in changes {
                let written =
                    grants::compare_and_set(&mut tx, &change.guard, &change.grant, change.tokens);
                released += usize::from(written.await?);
            }
        }
        tx.commit().await?;
        Ok(u64::try_from(released).unwrap_or(u64::MAX))
    }
}
