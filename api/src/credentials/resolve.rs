//! An operator decides: about a credential in doubt, and about one that is held.

use super::{CredentialError, Credentials, TRIES};
use rt_manage_shared::{
    db::{
        Tx, audit, credentials, credentials::Credential, grants, grants::TokenWrite,
        repeat_while_busy,
    },
    id::CredentialId,
    model::{
        audit::{Action, Actor, Deed, TargetKind},
        grant::{Context, Grant, HeldReason, State},
    },
};

/// What an operator decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The next probe is made now.
    ProbeNow,
    /// The refresh token is given up.
    MarkDead,
    /// The doubt stands; the next probe comes when the policy says, counted from now.
    KeepWaiting,
    /// A held credential is tried again as it is.
    Retry,
}

impl Decision {
    fn apply(self, grant: &Grant, ctx: &Context<'_>) -> Result<Grant, CredentialError> {
        let decided = match self {
            Self::ProbeNow => grant.probe_now(ctx),
            Self::MarkDead => grant.give_up(),
            Self::KeepWaiting => grant.keep_waiting(ctx),
            Self::Retry if grant.state == State::Held(HeldReason::Migration) => {
                return Err(CredentialError::AwaitsMigration);
            }
            Self::Retry => return grant.release(ctx).ok_or(CredentialError::NotHeld),
        };
        decided.map_err(CredentialError::NoDecision)
    }

    fn deed(self) -> Deed {
        let resolve = |decision| Deed::new(Action::CredentialResolve).with("decision", decision);
        match self {
            Self::ProbeNow => resolve("probe_now"),
            Self::MarkDead => resolve("mark_dead"),
            Self::KeepWaiting => resolve("keep_waiting"),
            Self::Retry => Deed::new(Action::CredentialRetry),
        }
    }

    /// Whether a refresh is asked for right behind it.
    pub const fn refreshes(self) -> bool {
        matches!(self, Self::ProbeNow | Self::Retry)
    }
}

impl Credentials {
    /// Carries a decision out; answers with the credential as it is then.
    pub async fn decide(
        &self,
        id: CredentialId,
        decision: Decision,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        repeat_while_busy(|| self.decide_once(id, decision, actor)).await
    }

    async fn decide_once(
        &self,
        id: CredentialId,
        decision: Decision,
        actor: &Actor,
    ) -> Result<Credential, CredentialError> {
        for _ in 0..TRIES {
            let mut tx = self.db.begin().await?;
            match self.decide_in(&mut tx, id, decision).await {
                Ok(decided) => {
                    let deed = decision.deed().to(TargetKind::Credential, id);
                    audit::record(&mut tx, actor, &deed, self.clock.now()).await?;
                    tx.commit().await?;
                    tracing::warn!(by = %actor.name, credential = %id, decision = ?decision, "an operator decided about a credential");
                    self.changed(id, None);
                    return Ok(decided);
                }
                // Rolled back; the next reading decides.
                Err(CredentialError::Contended) => {}
                Err(error) => return Err(error),
            }
        }
        Err(CredentialError::Contended)
    }

    pub(super) async fn decide_in(
        &self,
        tx: &mut Tx,
        id: CredentialId,
        decision: Decision,
    ) -> Result<Credential, CredentialError> {
        let before = credentials::by_id(tx, id)
            .await?
            .ok_or(CredentialError::NotFound)?;
        let ctx = self.context(self.clock.now(), before.profile.enabled);
        let grant = decision.apply(&before.grant, &ctx)?;
        let guard = before.grant.guard();
        if !grants::compare_and_set(tx, &guard, &grant, TokenWrite::default()).await? {
            return Err(CredentialError::Contended);
        }
        Ok(Credential { grant, ..before })
    }
}
