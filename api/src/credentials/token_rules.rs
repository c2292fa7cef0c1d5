//! Whether a refresh token from outside may be taken in. Checked inside the transaction that takes it in.

use rt_manage_shared::{
    db::{DbError, Tx, credentials, grants, tokens},
    id::CredentialId,
    model::grant::{Grant, State},
    vault::Fingerprint,
};

use super::{CredentialError, holder};

/// A refresh token that may be taken in.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// Deleted credentials that hold it, to be purged first.
    tombstones: Vec<CredentialId>,
    /// The grant of the one that knew most about the token: that knowledge goes on.
    pub(super) former: Option<Grant>,
}

impl Admitted {
    /// Removes the deleted credentials that hold the token.
    pub(super) async fn purge(&self, tx: &mut Tx) -> Result<(), DbError> {
        for id in &self.tombstones {
            credentials::purge(tx, *id).await?;
        }
        Ok(())
    }
}

/// Refuses a refresh token that was spent, or that another credential holds. Writes nothing.
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
        let known = admitted.former.as_ref();
        if known.is_none_or(|known| gravity(known) < gravity(&record.grant)) {
            admitted.former = Some(record.grant);
        }
    }
    Ok(admitted)
}

/// How much is at stake with a token: dead counts most, then each probe.
fn gravity(grant: &Grant) -> (bool, u32) {
    (
        grant.state == State::Dead,
        grant
            .doubt
            .map_or(0, |doubt| doubt.probes.saturating_add(1)),
    )
}
