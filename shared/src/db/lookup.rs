//! Credentials with their sealed tokens, as programs name them and as far as their key reaches.

use std::collections::HashMap;

use crate::{
    id::CredentialId,
    model::key::{Reach, ReachKind},
};

use super::{
    DbError, Execute, Row,
    credentials::{COLUMNS, FROM, WithTokens, credential},
    in_list, sql,
    sql::Statement,
};

/// What an e-mail address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByEmail {
    /// One credential.
    One(CredentialId),
    /// More than one.
    Several,
}

/// The condition that a credential is within reach, to be followed by [`bind_reach`].
fn within(reach: &Reach) -> String {
    let column = match reach.kind() {
        ReachKind::All => return String::new(),
        ReachKind::Tags => "c.tag",
        ReachKind::BizIds => "c.biz_id",
    };
    match reach.values().count() {
        0 => "AND 1 = 0".to_owned(),
        count => format!("AND {column} IN {}", in_list(count)),
    }
}

fn bind_reach(statement: Statement, reach: &Reach) -> Statement {
    if reach.values().next().is_none() {
        return statement;
    }
    statement.bind_list(reach.values())
}

/// The credentials within reach that have this e-mail address, up to two.
pub async fn by_email(
    db: &mut impl Execute,
    email: &str,
    reach: &Reach,
) -> Result<Vec<WithTokens>, DbError> {
    let text = format!(
        "SELECT {COLUMNS}, g.rt, g.access_token {FROM} WHERE c.email = ? AND c.tombstone = '' {} ORDER BY c.id LIMIT 2",
        within(reach)
    );
    let statement = bind_reach(sql(text).bind(email), reach);
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(with_tokens).collect()
}

/// Which credentials within reach these e-mail addresses name.
pub async fn by_emails(
    db: &mut impl Execute,
    emails: &[&str],
    reach: &Reach,
) -> Result<HashMap<String, ByEmail>, DbError> {
    if emails.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!(
        "SELECT c.email, COUNT(*) AS n, MIN(c.id) AS id FROM {{credentials}} c \
         WHERE c.email IN {} AND c.tombstone = '' {} GROUP BY c.email",
        in_list(emails.len()),
        within(reach)
    );
    let statement = bind_reach(sql(text).bind_list(emails.iter().copied()), reach);
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| {
            let id = row.text("id")?;
            let found = if row.int("n")? > 1 {
                ByEmail::Several
            } else {
                ByEmail::One(id.parse().map_err(|_| DbError::Corrupt {
                    table: "credentials",
                    row: id,
                    column: "id",
                    reason: "is no identifier".into(),
                })?)
            };
            Ok((row.text("email")?, found))
        })
        .collect()
}

/// The credentials with these `biz_id`s.
pub async fn by_biz_ids(
    db: &mut impl Execute,
    biz_ids: &[&str],
) -> Result<Vec<WithTokens>, DbError> {
    if biz_ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT {COLUMNS}, g.rt, g.access_token {FROM} WHERE c.biz_id IN {} AND c.tombstone = ''",
        in_list(biz_ids.len())
    );
    let statement = sql(text).bind_list(biz_ids.iter().copied());
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(with_tokens).collect()
}

/// The credentials with these ids that are there, or those that were deleted, in the order of their ids.
pub async fn of_ids(
    db: &mut impl Execute,
    ids: &[CredentialId],
    deleted: bool,
) -> Result<Vec<WithTokens>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sign = if deleted { "<>" } else { "=" };
    let text = format!(
        "SELECT {COLUMNS}, g.rt, g.access_token {FROM} WHERE c.id IN {} AND c.tombstone {sign} '' ORDER BY c.id",
        in_list(ids.len())
    );
    let statement = sql(text).bind_list(ids.iter().copied());
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(with_tokens).collect()
}

fn with_tokens(row: &Row) -> Result<WithTokens, DbError> {
    Ok(WithTokens {
        credential: credential(row)?,
        rt: row.bytes("rt")?,
        access_token: row.opt_bytes("access_token")?,
    })
}
