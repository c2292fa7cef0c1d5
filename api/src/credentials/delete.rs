//! Deleting a credential. Its row and its sealed tokens stay as a tombstone, so that an answer that is still
//! under way finds its place, and an old file cannot bring a spent token back unnoticed.

use rt_manage_shared::{
    clock::Millis,
    db::{Tx, attempts, credentials, grants, grants::TokenWrite},
    id::{AttemptId, CredentialId},
    model::{
        audit::{Action, Actor},
        grant::{Grant, State},
    },
};

use super::{CredentialError, Credentials, Expected, TRIES};

impl Credentials {
    /// Deletes a credential.
    pub async fn delete(
        &self,
        id: CredentialId,
        expected: &Expected,
        actor: &Actor,
    ) -> Result<(), CredentialError> {
        for _ in 0..TRIES {
            let mut tx = self.db.begin().await?;
            expected.check(&mut tx, id).await?;
            match self.delete_in(&mut tx, id).await {
                Ok(ended) => {
                    self.record(&mut tx, actor, Action::CredentialDelete, id)
                        .await?;
                    tx.commit().await?;
                    self.changed(id, ended);
                    return Ok(());
                }
                // Rolled back; the next reading decides.
                Err(CredentialError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
        Err(CredentialError::Contended)
    }

    pub(super) async fn delete_in(
        &self,
        tx: &mut Tx,
        id: CredentialId,
    ) -> Result<Option<AttemptId>, CredentialError> {
        let now = self.clock.now();
        if !credentials::bury(tx, id, now).await? {
            return Err(CredentialError::NotFound);
        }
        let Some(record) = grants::read_one(tx, id).await? else {
            return Ok(None);
        };
        let before = &record.grant;
        let (grant, ended) = self.put_to_rest(tx, before, now).await?;
        if grant != *before
            && !grants::compare_and_set(tx, &before.guard(), &grant, TokenWrite::default()).await?
        {
            return Err(CredentialError::Contended);
        }
        Ok(ended)
    }

    /// A grant that is not refreshed any more; for the caller to write. Ends the attempt that waits.
    pub(super) async fn put_to_rest(
        &self,
        tx: &mut Tx,
        before: &Grant,
        now: Millis,
    ) -> Result<(Grant, Option<AttemptId>), CredentialError> {
        let ctx = self.context(now, false);
        let (mut grant, mut ended) = (before.clone(), None);
        if let State::Queued(attempt) = before.state
            && attempts::cancel(tx, attempt, now).await?
        {
            grant = grant
                .cancel(attempt, &ctx)
                .map_err(|_| CredentialError::Contended)?;
            ended = Some(attempt);
        }
        Ok((grant.rescheduled(&ctx), ended))
    }
}
