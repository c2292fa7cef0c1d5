//! New tokens that could not be applied: an operator puts them in their credential's place after all, or discards them.

use rt_manage_shared::{
    clock::Millis,
    db::{
        Tx, audit, credentials, credentials::Credential, grants, grants::TokenWrite,
        repeat_while_busy, tokens, tokens::Orphan,
    },
    id::{AttemptId, CredentialId},
    model::{
        audit::{Action, Actor, Deed, TargetKind},
        grant::NewTokens,
    },
    openai::{CallResult, Outcome, RawAnswer, Tokens, access_expiry, classify},
    vault::{Fingerprint, Place, Secret},
};

use super::{
    CredentialError, Credentials, TRIES, arrival::is_healthy, fields::seal_token, supersede,
    token_rules::admit,
};

/// The tokens of an orphan.
struct Opened {
    refresh_token: Secret,
    access_token: Option<Secret>,
    new: NewTokens,
}

impl Credentials {
    /// Replaces what the orphan's credential holds by the orphan's tokens. A healthy credential loses a token that works
    /// by it, so that has to be asked for (`replace`).
    pub async fn apply_orphan(
        &self,
        attempt: AttemptId,
        replace: bool,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        repeat_while_busy(|| self.apply_once(attempt, replace, actor)).await
    }

    async fn apply_once(
        &self,
        attempt: AttemptId,
        replace: bool,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        for _ in 0..TRIES {
            let mut tx = self.begin_admission().await?;
            match self.apply_in(&mut tx, attempt, replace).await {
                Ok((applied, ended)) => {
                    let deed = orphan_deed(Action::OrphanApply, attempt, applied.id);
                    audit::record(&mut tx, actor, &deed, self.clock.now()).await?;
                    tx.commit().await?;
                    tracing::warn!(by = %actor.name, %attempt, credential = %applied.id, "an operator applied an orphan");
                    self.changed(applied.id, ended);
                    return Ok(applied);
                }
                // Rolled back; the next reading decides.
                Err(CredentialError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
        Err(CredentialError::Contended)
    }

    async fn apply_in(
        &self,
        tx: &mut Tx,
        attempt: AttemptId,
        replace: bool,
    ) -> Result<(Credential, Option<AttemptId>), CredentialError> {
        let orphan = tokens::orphan_of(tx, attempt).await?;
        let (orphan, since) = orphan.ok_or(CredentialError::NoOrphan)?;
        let id = orphan.credential;
        let before = credentials::by_id(tx, id)
            .await?
            .ok_or(CredentialError::OrphanWithoutCredential)?;
        if is_healthy(&before.grant) && !replace {
            return Err(CredentialError::Healthy(id));
        }
        let opened = self.open_orphan(&orphan, since)?;
        let now = self.clock.now();
        let ctx = self.context(now, before.profile.enabled);
        // It is no orphan any more, and what it spent stays spent.
        tokens::adopt_orphan(tx, attempt).await?;
        let rt_fp = Fingerprint::of(&opened.refresh_token);
        if rt_fp != orphan.rt_fp {
            tokens::remember_spent(tx, &orphan.rt_fp, id, attempt, now).await?;
        }
        let admitted = admit(tx, &rt_fp, Some(id)).await?;
        admitted.purge(tx).await?;
        let Some(grant) = before.grant.adopt(&opened.new, &ctx) else {
            // The credential holds this very token: nothing was missing.
            return Ok((before, None));
        };
        let grant = admitted.heir(&grant, &ctx);
        let ended = supersede(tx, &before.grant, now).await?;
        let access = opened
            .access_token
            .filter(|_| grant.at_expires_at != before.grant.at_expires_at);
        let write = TokenWrite {
            rt: Some(seal_token(&self.vault, id, "rt", &opened.refresh_token)?),
            access_token: access
                .map(|token| seal_token(&self.vault, id, "access_token", &token))
                .transpose()?,
        };
        if !grants::compare_and_set(tx, &before.grant.guard(), &grant, write).await? {
            return Err(CredentialError::Contended);
        }
        Ok((Credential { grant, ..before }, ended))
    }

    /// Removes an orphan for good. The token that it spent stays remembered.
    pub async fn discard_orphan(
        &self,
        attempt: AttemptId,
        actor: &Actor,
    ) -> Result<(), CredentialError> {
        let mut tx = self.db.begin().await?;
        let orphan = tokens::orphan_of(&mut tx, attempt).await?;
        let (orphan, _) = orphan.ok_or(CredentialError::NoOrphan)?;
        tokens::adopt_orphan(&mut tx, attempt).await?;
        let (id, now) = (orphan.credential, self.clock.now());
        tokens::remember_spent(&mut tx, &orphan.rt_fp, id, attempt, now).await?;
        let deed = orphan_deed(Action::OrphanDiscard, attempt, id);
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
        tracing::warn!(by = %actor.name, %attempt, credential = %id, "an operator discarded an orphan");
        Ok(())
    }

    /// The tokens of the sealed answer; where the answer could not be sealed, the refresh token alone was.
    fn open_orphan(&self, orphan: &Orphan, since: Millis) -> Result<Opened, CredentialError> {
        let (attempt, credential) = (orphan.attempt.to_string(), orphan.credential.to_string());
        let answer = Place {
            table: "journal",
            row: &attempt,
            column: "answer",
        };
        let alone = Place {
            table: "grants",
            row: &credential,
            column: "rt",
        };
        let tokens = match self.vault.open(answer, &orphan.answer) {
            Ok(bytes) => {
                let raw =
                    RawAnswer::from_bytes(&bytes).map_err(|_| CredentialError::OrphanUnreadable)?;
                match classify(&CallResult::Answer(raw), since) {
                    Outcome::Rotated(tokens) => *tokens,
                    _ => return Err(CredentialError::OrphanUnreadable),
                }
            }
            Err(error) => match self.vault.open_secret(alone, &orphan.answer) {
                Ok(token) => Tokens {
                    refresh_token: Some(token),
                    ..Tokens::default()
                },
                Err(_) => return Err(error.into()),
            },
        };
        let life = self.settings.default_life;
        let at_expires_at = tokens
            .access_token
            .is_some()
            .then(|| access_expiry(&tokens, since, life));
        let refresh_token = tokens
            .refresh_token
            .ok_or(CredentialError::OrphanUnreadable)?;
        Ok(Opened {
            new: NewTokens {
                rt_fp: Some(Fingerprint::of(&refresh_token)),
                at_expires_at,
            },
            refresh_token,
            access_token: tokens.access_token,
        })
    }
}

fn orphan_deed(action: Action, attempt: AttemptId, credential: CredentialId) -> Deed {
    Deed::new(action)
        .to(TargetKind::Attempt, attempt)
        .with("credential_id", credential.to_string())
}
