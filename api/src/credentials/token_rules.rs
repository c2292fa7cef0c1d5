//! Whether a refresh token from outside may be taken in. Checked inside the transaction that takes it in.

use rt_manage_shared::{
    db::{DbError, Tx, attempts, credentials, grants, tokens},
    id::CredentialId,
    model::{
        grant::{Context, Grant, State},
        known::Known,
    },
    vault::Fingerprint,
};

use super::{CredentialError, holder};

/// A refresh token that may be taken in.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// Deleted credentials that hold it, to be purged first.
    tombstones: Vec<CredentialId>,
    /// What was known about the token: that knowledge goes on.
    known: Known,
}

impl Admitted {
    /// Removes the deleted credentials that hold the token.
    pub(super) async fn purge(&self, tx: &mut Tx) -> Result<(), DbError> {
        for id in &self.tombstones {
            credentials::purge(tx, *id).await?;
        }
        Ok(())
    }

    /// What is known of the token.
    pub(super) const fn known(&self) -> &Known {
        &self.known
    }

    /// The grant that takes the token in, with what was known about the token.
    pub(super) fn heir(&self, grant: &Grant, ctx: &Context<'_>) -> Grant {
        grant.inherit(&self.known, ctx)
    }
}

/// Refuses a refresh token that was spent, that another credential holds, or with which a call may be under way. Writes
/// nothing.
pub(super) async fn admit(
    tx: &mut Tx,
    rt_fp: &Fingerprint,
    own: Option<CredentialId>,
) -> Result<Admitted, CredentialError> {
    // Holders before spent tokens: a worker that commits in between moves the token from the first to the second.
    let holders = grants::holders(tx, rt_fp).await?;
    let spent = tokens::spent_by(tx, rt_fp).await?;
    // An answer that was set aside spent its token, too.
    let orphaned = tokens::orphans(tx, Some(rt_fp), 1).await?;
    let orphaned = orphaned.first().map(|orphan| orphan.credential);
    if let Some(by) = spent.or(orphaned) {
        return Err(CredentialError::Spent(holder(tx, by).await?));
    }
    let mut admitted = Admitted::default();
    for id in holders {
        if Some(id) == own {
            continue;
        }
        let Some(record) = grants::read_one(tx, id).await? else {
            continue;
        };
        if !record.deleted {
            return Err(CredentialError::InUse(holder(tx, id).await?));
        }
        if matches!(record.grant.state, State::Refreshing(_)) {
            return Err(CredentialError::Refreshing(holder(tx, id).await?));
        }
        admitted.tombstones.push(id);
        admitted.known = admitted.known.graver(Known::from(&record.grant));
    }
    // A token that was replaced has no holder; its attempts remember it.
    let uses = attempts::uses(tx, rt_fp).await?;
    if let Some((by, _)) = uses.iter().find(|(_, used)| used.is_under_way()) {
        return Err(CredentialError::Refreshing(holder(tx, *by).await?));
    }
    let remembered = Known::from_uses(uses.iter().map(|(_, used)| used));
    admitted.known = admitted.known.graver(remembered);
    Ok(admitted)
}
