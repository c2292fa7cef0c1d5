//! Whether refresh tokens from outside may be taken in. Checked inside the transaction that takes them in: `Facts` reads what the
//! database knows of many of them at once, and `judge` is the rule, for one as for many.

use std::collections::HashMap;

use rt_manage_shared::{
    db::{DbError, Tx, attempts, credentials, grants, grants::GrantRecord, tokens},
    id::CredentialId,
    model::{
        grant::{Context, Grant, State},
        known::{Known, Use},
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

/// Why a refresh token may not be taken in, and because of which credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Spent(CredentialId),
    InUse(CredentialId),
    Refreshing(CredentialId),
}

impl Refused {
    pub(super) const fn by(self) -> CredentialId {
        match self {
            Self::Spent(id) | Self::InUse(id) | Self::Refreshing(id) => id,
        }
    }
}

/// What the database knows of some refresh tokens.
#[derive(Debug, Default)]
pub(super) struct Facts {
    holders: HashMap<Fingerprint, Vec<GrantRecord>>,
    spent: HashMap<Fingerprint, CredentialId>,
    uses: HashMap<Fingerprint, Vec<(CredentialId, Use)>>,
}

impl Facts {
    pub(super) async fn read(tx: &mut Tx, all: &[Fingerprint]) -> Result<Self, DbError> {
        let mut facts = Self::default();
        // Holders before spent tokens: a worker that commits in between moves the token from the first to the second.
        for record in grants::holding(tx, all).await? {
            let holders = facts.holders.entry(record.grant.rt_fp.clone());
            holders.or_default().push(record);
        }
        // An answer that was set aside spent its token, too.
        facts.spent = tokens::spent_among(tx, all).await?.into_iter().collect();
        for used in attempts::used_among(tx, all).await? {
            let uses = attempts::uses(tx, &used).await?;
            facts.uses.insert(used, uses);
        }
        Ok(facts)
    }

    /// Refuses a refresh token that was spent, that another credential than `own` holds, or with which a call may be under
    /// way.
    pub(super) fn judge(
        &self,
        rt_fp: &Fingerprint,
        own: Option<CredentialId>,
    ) -> Result<Admitted, Refused> {
        if let Some(by) = self.spent.get(rt_fp) {
            return Err(Refused::Spent(*by));
        }
        let mut admitted = Admitted::default();
        for record in self.holders.get(rt_fp).into_iter().flatten() {
            let id = record.grant.credential;
            if Some(id) == own {
                continue;
            }
            if !record.deleted {
                return Err(Refused::InUse(id));
            }
            if matches!(record.grant.state, State::Refreshing(_)) {
                return Err(Refused::Refreshing(id));
            }
            admitted.tombstones.push(id);
            admitted.known = admitted.known.graver(Known::from(&record.grant));
        }
        // A token that was replaced has no holder; its attempts remember it.
        let uses = self.uses.get(rt_fp).map_or(&[][..], Vec::as_slice);
        if let Some((by, _)) = uses.iter().find(|(_, used)| used.is_under_way()) {
            return Err(Refused::Refreshing(*by));
        }
        let remembered = Known::from_uses(uses.iter().map(|(_, used)| used));
        admitted.known = admitted.known.graver(remembered);
        Ok(admitted)
    }
}

/// Judges one refresh token. Writes nothing.
pub(super) async fn admit(
    tx: &mut Tx,
    rt_fp: &Fingerprint,
    own: Option<CredentialId>,
) -> Result<Admitted, CredentialError> {
    let facts = Facts::read(tx, std::slice::from_ref(rt_fp)).await?;
    match facts.judge(rt_fp, own) {
        Ok(admitted) => Ok(admitted),
        Err(refused) => {
            let holder = holder(tx, refused.by()).await?;
            Err(match refused {
                Refused::Spent(_) => CredentialError::Spent(holder),
                Refused::InUse(_) => CredentialError::InUse(holder),
                Refused::Refreshing(_) => CredentialError::Refreshing(holder),
            })
        }
    }
}
