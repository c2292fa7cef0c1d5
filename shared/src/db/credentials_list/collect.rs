//! All that a filter lets through, for an operation on many: in the order of the ids, a window of the table at a time.

use crate::{clock::Millis, id::CredentialId, model::listing::Filter};

use super::{
    super::{Arg, DbError, Execute, grants::credential_id, sql},
    predicate::{self, Side},
    walk, with,
};

/// What a window brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// Those that fit, with their `biz_id`s.
    pub found: Vec<(CredentialId, String)>,
    /// Behind which one the next window begins; `None`: this was the last.
    pub next: Option<CredentialId>,
}

/// Looks at the `window` credentials behind `after`, and gives those of them that a filter lets through and that were added by
/// `until`. What a call costs depends on the window alone, neither on what is stored nor on how much of it fits.
pub async fn collect(
    db: &mut impl Execute,
    filter: &Filter,
    until: Millis,
    after: Option<CredentialId>,
    window: u32,
) -> Result<Collected, DbError> {
    let (hit, hit_args) = walk::hit(Side::Credential, &predicate::of(filter));
    let mut conditions = vec!["c.created_at <= ?".to_owned()];
    let mut args = vec![Arg::from(until)];
    // Deleted ones are found among all, by the primary key: they have no index of their own in this order.
    let place = if let Some(since) = filter.deleted_since {
        conditions.push("c.tombstone <> '' AND c.deleted_at >= ?".to_owned());
        args.push(since.into());
        "c.id > ?"
    } else {
        "c.tombstone = '' AND c.id > ?"
    };
    if !hit.is_empty() {
        conditions.push(hit);
        args.extend(hit_args);
    }
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    args.extend([Arg::from(after), window.into()]);
    let text = format!(
        "SELECT c.id AS credential_id, CASE WHEN {} THEN c.biz_id END AS biz_id FROM {{credentials}} c \
         WHERE {place} ORDER BY c.id LIMIT ?",
        conditions.join(" AND ")
    );
    let rows = db.fetch_all(with(sql(text), args)).await?;
    let full = usize::try_from(window).is_ok_and(|window| rows.len() >= window);
    let last = rows.last().filter(|_| full);
    let mut found = Vec::new();
    for row in &rows {
        // Only those that fit have one here.
        if let Some(biz_id) = row.opt_text("biz_id")? {
            found.push((credential_id(row, "credentials")?, biz_id));
        }
    }
    let next = last
        .map(|row| credential_id(row, "credentials"))
        .transpose()?;
    Ok(Collected { found, next })
}
