//! Which of many credentials are there already, by what an import knows of them.

use super::{DbError, Execute, Row, in_list, sql};
use crate::id::CredentialId;

/// A credential, as others are compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub id: CredentialId,
    /// Its name.
    pub biz_id: String,
    /// The workspace.
    pub account_id: Option<String>,
    /// The person.
    pub user_id: Option<String>,
}

const SELECT: &str = "SELECT id, biz_id, account_id, user_id FROM {credentials}";

/// Those of these credentials that were not deleted.
pub async fn standing(
    db: &mut impl Execute,
    ids: &[CredentialId],
) -> Result<Vec<Standing>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "{SELECT} WHERE id IN {} AND tombstone = '' ORDER BY id",
        in_list(ids.len())
    );
    let rows = db
        .fetch_all(sql(text).bind_list(ids.iter().copied()))
        .await?;
    rows.iter().map(read).collect()
}

// What is deleted is told apart by an expression: SQLite has read all that are not deleted by the index that begins with it,
// instead of the few by theirs.

/// Those with one of these names, compared byte by byte.
pub async fn named(db: &mut impl Execute, biz_ids: &[&str]) -> Result<Vec<Standing>, DbError> {
    if biz_ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "{SELECT} WHERE biz_id IN {} AND COALESCE(tombstone, '') = '' ORDER BY id",
        in_list(biz_ids.len())
    );
    let rows = db
        .fetch_all(sql(text).bind_list(biz_ids.iter().copied()))
        .await?;
    rows.iter().map(read).collect()
}

/// Those that are one of these persons in one of these workspaces: which pair is which, the caller looks up. They are found by the
/// person alone, because each pair would be looked up apart.
pub async fn seated(
    db: &mut impl Execute,
    accounts: &[&str],
    users: &[&str],
) -> Result<Vec<Standing>, DbError> {
    if accounts.is_empty() || users.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "{SELECT} WHERE user_id IN {} AND COALESCE(account_id, '') IN {} AND COALESCE(tombstone, '') = '' ORDER BY id",
        in_list(users.len()),
        in_list(accounts.len())
    );
    let statement = sql(text)
        .bind_list(users.iter().copied())
        .bind_list(accounts.iter().copied());
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Standing, DbError> {
    let id = row.text("id")?;
    Ok(Standing {
        id: id.parse().map_err(|_| DbError::Corrupt {
            table: "credentials",
            row: id.clone(),
            column: "id",
            reason: "not an identifier".into(),
        })?,
        biz_id: row.text("biz_id")?,
        account_id: row.opt_text("account_id")?,
        user_id: row.opt_text("user_id")?,
    })
}
