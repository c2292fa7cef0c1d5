//! The same done to many credentials, inside the transaction of a job's step: the rules of the single use cases, with statements for
//! many rows. Who does it is written down by the caller, once.

use std::collections::HashMap;

use rt_manage_shared::{
    db::{
        Tx, coordination, credentials,
        credentials::Credential,
        grants::{self, Change, TokenWrite},
    },
    id::{AttemptId, CredentialId},
};

use super::{
    CredentialError, Credentials, Decision, Edit, Patch,
    edit::{NewGrant, Work},
    fields::{ProxyColumns, check_named_proxy},
};

/// What became of one of many.
#[derive(Debug)]
pub enum Became {
    /// It was changed, and this attempt that waited has ended with that.
    Changed(Option<AttemptId>),
    /// It was so already.
    Unchanged,
    /// It cannot be done.
    Refused(CredentialError),
}

/// One of many, and what became of it.
#[derive(Debug)]
pub struct OneOfMany {
    /// Which.
    pub id: CredentialId,
    /// Its `biz_id`, where it is known.
    pub biz_id: Option<String>,
    /// What became of it.
    pub became: Became,
}

impl OneOfMany {
    fn refused(id: CredentialId, error: CredentialError) -> Self {
        Self {
            id,
            biz_id: None,
            became: Became::Refused(error),
        }
    }
}

impl Credentials {
    /// Checks a change that is to be made to many, as far as it does not depend on them.
    pub(crate) async fn check_edit(&self, edit: &Edit) -> Result<(), CredentialError> {
        edit.check()?;
        match edit.proxy_id {
            Patch::Set(named) => check_named_proxy(&self.db, named).await,
            Patch::Keep | Patch::Clear => Ok(()),
        }
    }

    /// Changes these, each named once, in id order. After an error the transaction has to be dropped:
    /// [`CredentialError::Contended`] says that somebody else has moved one of them, and the same may succeed.
    pub(crate) async fn edit_many(
        &self,
        tx: &mut Tx,
        ids: &[CredentialId],
        edit: &Edit,
    ) -> Result<Vec<OneOfMany>, CredentialError> {
        let proxy = edit.check()?;
        let named = match edit.proxy_id {
            Patch::Set(named) => Some(ProxyColumns::named(tx, named).await?),
            Patch::Keep | Patch::Clear => None,
        };
        let found = credentials::by_ids(tx, ids).await?;
        let mut works = Vec::with_capacity(found.len());
        for before in found {
            let mut after = self.new_profile(&before, edit, proxy.as_ref())?;
            if let Some(named) = &named {
                named.clone().put(&mut after);
            }
            works.push(Work {
                edit,
                before,
                after,
            });
        }
        let changes: Vec<_> = works
            .iter()
            .filter(|work| work.after != work.before.profile)
            .map(|work| (work.before.id, work.before.revision, &work.after))
            .collect();
        if !credentials::update_profiles(tx, &changes, self.clock.now()).await? {
            return Err(CredentialError::Contended);
        }
        let mut results = HashMap::new();
        let mut moves = Vec::new();
        for work in &works {
            let (id, before) = (work.before.id, &work.before.grant);
            let NewGrant {
                grant,
                tokens,
                ended,
            } = self.new_grant(tx, id, work).await?;
            let unchanged = work.after == work.before.profile && grant == *before;
            let became = if unchanged {
                Became::Unchanged
            } else {
                Became::Changed(ended)
            };
            if grant != *before {
                let guard = before.guard();
                moves.push(Change {
                    guard,
                    grant,
                    tokens,
                });
            }
            results.insert(id, named_so(&work.before, became));
        }
        move_all(tx, moves).await?;
        Ok(in_order(ids, results, || CredentialError::NotFound))
    }

    /// Deletes these, each named once, in id order. Errors are those of [`Credentials::edit_many`].
    pub(crate) async fn delete_many(
        &self,
        tx: &mut Tx,
        ids: &[CredentialId],
    ) -> Result<Vec<OneOfMany>, CredentialError> {
        let now = self.clock.now();
        let found = credentials::by_ids(tx, ids).await?;
        let there: Vec<_> = found.iter().map(|one| one.id).collect();
        if !credentials::bury_many(tx, &there, now).await? {
            return Err(CredentialError::Contended);
        }
        let mut results = HashMap::new();
        let mut moves = Vec::new();
        for one in &found {
            let before = &one.grant;
            let (grant, ended) = self.put_to_rest(tx, before, now).await?;
            if grant != *before {
                moves.push(Change {
                    guard: before.guard(),
                    grant,
                    tokens: TokenWrite::default(),
                });
            }
            results.insert(one.id, named_so(one, Became::Changed(ended)));
        }
        move_all(tx, moves).await?;
        let mut all = in_order(ids, results, || CredentialError::NotFound);
        let names: HashMap<_, _> = credentials::names(tx, ids).await?.into_iter().collect();
        for one in &mut all {
            let deleted = names.get(&one.id).filter(|_| one.biz_id.is_none());
            if let Some(name) = deleted {
                // Deleted before: it is as it was asked for.
                one.biz_id = Some(name.clone());
                one.became = Became::Unchanged;
            }
        }
        Ok(all)
    }

    /// Takes these deleted ones back. Their refresh tokens come from outside by now, and each is admitted like one. Errors are
    /// those of [`Credentials::edit_many`].
    pub(crate) async fn restore_many(
        &self,
        tx: &mut Tx,
        ids: &[CredentialId],
    ) -> Result<Vec<OneOfMany>, CredentialError> {
        coordination::take_turn(tx, coordination::TOKEN_ADMISSION).await?;
        let there = credentials::by_ids(tx, ids).await?;
        let there: HashMap<_, _> = there.iter().map(|one| (one.id, one)).collect();
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            all.push(if let Some(one) = there.get(id) {
                named_so(one, Became::Unchanged)
            } else {
                match self.restore_in(tx, *id).await {
                    Ok(restored) => named_so(&restored, Became::Changed(None)),
                    Err(error) => OneOfMany::refused(*id, row_fault(error)?),
                }
            });
        }
        Ok(all)
    }

    /// Lets those of these go that are held, so that they can be refreshed as they are. Errors are those of
    /// [`Credentials::edit_many`].
    pub(crate) async fn release_many(
        &self,
        tx: &mut Tx,
        ids: &[CredentialId],
    ) -> Result<Vec<OneOfMany>, CredentialError> {
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            all.push(match self.decide_in(tx, *id, Decision::Retry).await {
                Ok(released) => named_so(&released, Became::Changed(None)),
                Err(CredentialError::NotHeld) => OneOfMany {
                    id: *id,
                    biz_id: None,
                    became: Became::Unchanged,
                },
                Err(error) => OneOfMany::refused(*id, row_fault(error)?),
            });
        }
        Ok(all)
    }
}

/// The fault of one row, after which the transaction is as it was before; any other is the fault of all of them.
fn row_fault(error: CredentialError) -> Result<CredentialError, CredentialError> {
    match error {
        CredentialError::Contended
        | CredentialError::Database(_)
        | CredentialError::Vault(_)
        | CredentialError::NotTried => Err(error),
        error => Ok(error),
    }
}

fn named_so(one: &Credential, became: Became) -> OneOfMany {
    OneOfMany {
        id: one.id,
        biz_id: Some(one.profile.biz_id.clone()),
        became,
    }
}

async fn move_all(tx: &mut Tx, moves: Vec<Change>) -> Result<(), CredentialError> {
    if grants::compare_and_set_many(tx, moves).await? {
        Ok(())
    } else {
        Err(CredentialError::Contended)
    }
}

/// A result for each id; those that have none are refused.
fn in_order(
    ids: &[CredentialId],
    mut results: HashMap<CredentialId, OneOfMany>,
    refusal: impl Fn() -> CredentialError,
) -> Vec<OneOfMany> {
    let one = |id: &CredentialId| {
        let found = results.remove(id);
        found.unwrap_or_else(|| OneOfMany::refused(*id, refusal()))
    };
    ids.iter().map(one).collect()
}
