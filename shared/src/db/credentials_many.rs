//! Many credentials in one statement, for operations on many: what costs is the round trip, not the row.

use super::{
    DbError, Execute, Tx,
    credentials::{COLUMNS, Credential, FROM, Profile, credential},
    grants,
    grants::credential_id,
    in_list,
    rows::update_rows,
    sql,
};
use crate::{clock::Millis, id::CredentialId};

/// Reads those of these credentials that were not deleted, in id order.
pub async fn by_ids(
    db: &mut impl Execute,
    ids: &[CredentialId],
) -> Result<Vec<Credential>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT {COLUMNS} {FROM} WHERE c.id IN {} AND c.tombstone = '' ORDER BY c.id",
        in_list(ids.len())
    );
    let rows = db
        .fetch_all(sql(text).bind_list(ids.iter().copied()))
        .await?;
    rows.iter().map(credential).collect()
}

/// The `biz_id`s of these credentials, deleted or not, in id order.
pub async fn names(
    db: &mut impl Execute,
    ids: &[CredentialId],
) -> Result<Vec<(CredentialId, String)>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT c.id AS credential_id, c.biz_id FROM {{credentials}} c WHERE c.id IN {} ORDER BY c.id",
        in_list(ids.len())
    );
    let rows = db
        .fetch_all(sql(text).bind_list(ids.iter().copied()))
        .await?;
    rows.iter()
        .map(|row| Ok((credential_id(row, "credentials")?, row.text("biz_id")?)))
        .collect()
}

/// Which row a change of a profile is for. What is deleted is told apart by an expression: `SQLite` has read all that are not deleted by
/// the index that begins with it, for each of the changes, instead of one by its id.
pub(super) const PROFILE_MATCHES: &str =
    "t.id = v.column1 AND t.revision = v.column2 AND COALESCE(t.tombstone, '') = ''";

/// Changes profiles that still have these revisions, all but their `biz_id`s. `false`: at least one has not, or is named twice;
/// the caller drops the transaction, because the others have been written. Best in id order: rows are locked in theirs.
pub async fn update_profiles(
    tx: &mut Tx,
    changes: &[(CredentialId, i64, &Profile)],
    now: Millis,
) -> Result<bool, DbError> {
    let row = |(id, revision, profile): &(CredentialId, i64, &Profile)| {
        vec![
            (*id).into(),
            (*revision).into(),
            profile.client_id.clone().into(),
            profile.proxy.clone().into(),
            profile.proxy_id().into(),
            profile.egress.clone().into(),
            profile.egress_label.clone().into(),
            profile.tag.clone().into(),
            profile.memo.clone().into(),
            profile.enabled.into(),
            now.into(),
        ]
    };
    let written = update_rows(
        tx,
        "credentials",
        "client_id = v.column3, proxy = v.column4, proxy_id = v.column5, egress = v.column6, egress_label = v.column7, \
         tag = v.column8, memo = v.column9, enabled = v.column10, revision = t.revision + 1, updated_at = v.column11",
        PROFILE_MATCHES,
        changes.iter().map(row).collect(),
    )
    .await?;
    Ok(usize::try_from(written) == Ok(changes.len()))
}

/// Marks credentials as deleted. `false`: at least one was already, or is named twice; the caller drops the transaction.
pub async fn bury_many(tx: &mut Tx, ids: &[CredentialId], now: Millis) -> Result<bool, DbError> {
    if ids.is_empty() {
        return Ok(true);
    }
    let text = format!(
        "UPDATE {{credentials}} SET tombstone = id, deleted_at = ?, revision = revision + 1 \
         WHERE tombstone = '' AND id IN {}",
        in_list(ids.len())
    );
    let statement = sql(text).bind(now).bind_list(ids.iter().copied());
    let buried = tx.execute(statement).await?;
    let noted = grants::set_deleted_many(tx, ids).await?;
    Ok(usize::try_from(buried) == Ok(ids.len()) && noted == buried)
}
