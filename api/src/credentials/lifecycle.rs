//! The end of a credential, and the way back: restoring a deleted one, and removing one for good.

use rt_manage_shared::{
    db::{
        DbError, Tx, credentials, credentials::Credential, grants, grants::TokenWrite,
        repeat_while_busy,
    },
    id::CredentialId,
    model::{
        audit::{Action, Actor},
        grant::NoDecision,
    },
};

use super::{CredentialError, Credentials, TRIES, token_rules::admit};
use crate::error::FieldError;

impl Credentials {
    /// Takes a deleted credential back. Its refresh token comes from outside by now, and is admitted like one.
    pub async fn restore(
        &self,
        id: CredentialId,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        repeat_while_busy(|| self.restore_once(id, actor)).await
    }

    async fn restore_once(
        &self,
        id: CredentialId,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        for _ in 0..TRIES {
            let mut tx = self.begin_admission().await?;
            match self.restore_in(&mut tx, id).await {
                Ok(restored) => {
                    self.record(&mut tx, actor, Action::CredentialRestore, id)
                        .await?;
                    tx.commit().await?;
                    self.changed(id, None);
                    return Ok(restored);
                }
                // Rolled back; the next reading decides.
                Err(CredentialError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
        Err(CredentialError::Contended)
    }

    pub(super) async fn restore_in(
        &self,
        tx: &mut Tx,
        id: CredentialId,
    ) -> Result<Credential, CredentialError> {
        let found = credentials::deleted_by_id(tx, id).await?;
        let found = found.ok_or(CredentialError::NotFound)?;
        let now = self.clock.now();
        if found
            .deleted_at
            .is_none_or(|at| at + self.settings.config().retention.restorable() <= now)
        {
            return Err(CredentialError::NotRestorable);
        }
        if credentials::biz_id_taken(tx, &found.profile.biz_id).await? {
            return Err(CredentialError::BizIdTaken);
        }
        let admitted = admit(tx, &found.grant.rt_fp, Some(id)).await?;
        admitted.purge(tx).await?;
        match credentials::unbury(tx, id, now).await {
            Ok(true) => {}
            Ok(false) => return Err(CredentialError::Contended),
            Err(DbError::Duplicate) => return Err(CredentialError::BizIdTaken),
            Err(error) => return Err(error.into()),
        }
        let ctx = self.context(now, found.profile.enabled);
        let before = &found.grant;
        let grant = admitted.heir(&before.rescheduled(&ctx), &ctx);
        if grant != *before
            && !grants::compare_and_set(tx, &before.guard(), &grant, TokenWrite::default()).await?
        {
            return Err(CredentialError::Contended);
        }
        credentials::by_id(tx, id)
            .await?
            .ok_or(CredentialError::NotFound)
    }

    /// Removes a credential and its tokens for good; one that was not deleted before only where `confirm` says so. What it
    /// spent stays remembered. Not as long as an attempt is open: its answer would find no place.
    pub async fn purge(
        &self,
        id: CredentialId,
        confirm: bool,
        actor: &Actor,
    ) -> Result<(), CredentialError> {
        let mut tx = self.db.begin().await?;
        let record = grants::read_one(&mut tx, id).await?;
        let record = record.ok_or(CredentialError::NotFound)?;
        if !record.deleted && !confirm {
            let message = "must be true for a credential that was not deleted before";
            let error = FieldError::new("confirm", message);
            return Err(CredentialError::Invalid(vec![error]));
        }
        if let Some(open) = record.grant.state.attempt() {
            return Err(CredentialError::NoDecision(NoDecision::Open(open)));
        }
        if !record.deleted && !credentials::bury(&mut tx, id, self.clock.now()).await? {
            return Err(CredentialError::Contended);
        }
        // Guarded: an attempt may have been opened since it was read.
        if !grants::delete_resting(&mut tx, id).await? {
            return Err(CredentialError::Contended);
        }
        credentials::purge(&mut tx, id).await?;
        self.record(&mut tx, actor, Action::CredentialPurge, id)
            .await?;
        tx.commit().await?;
        self.changed(id, None);
        Ok(())
    }
}
