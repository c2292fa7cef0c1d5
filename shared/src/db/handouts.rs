//! The `handouts` table: how often tokens of a credential were handed out to a key. Processes count in memory and add up here.

use std::collections::HashSet;

use crate::{
    clock::Millis,
    id::CredentialId,
    model::key::{KeyRef, TokenKind},
};

use super::{Arg, DbError, Execute, Row, Tx, in_list, rows::update_rows, sql};

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Counted {
    /// Whose tokens.
    pub credential: CredentialId,
    /// To whom.
    pub key: KeyRef,
    /// Which of the tokens.
    pub kind: TokenKind,
}

impl Counted {
    /// The one order in which all processes write.
    pub fn order(&self) -> (CredentialId, KeyRef, &'static str) {
        (self.credential, self.key, self.kind.as_str())
    }
}

/// How often, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// The first time.
    pub first_at: Millis,
    /// The last time.
    pub last_at: Millis,
}

impl Tally {
    /// Once.
    pub const fn once(at: Millis) -> Self {
        Self {
            count: 1,
            first_at: at,
            last_at: at,
        }
    }

    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

/// Adds to what is there. Give it few enough for one statement, in their [order](Counted::order).
pub async fn add(tx: &mut Tx, tallies: &[(Counted, Tally)]) -> Result<(), DbError> {
    if tallies.is_empty() {
        return Ok(());
    }
    let known = known(tx, tallies).await?;
    for (counted, tally) in tallies {
        if !known.contains(counted) {
            // Of nothing: the statement below adds to it, and to what somebody else has put in meanwhile.
            let insert = sql("INSERT INTO {handouts} (credential_id, key_id, kind, count, first_at, last_at) VALUES (?, ?, ?, 0, ?, ?)")
                .bind(counted.credential)
                .bind(counted.key.to_string())
                .bind(counted.kind.as_str())
                .bind(tally.first_at)
                .bind(tally.last_at);
            tx.insert_if_absent(insert).await?;
        }
    }
    update_rows(
        tx,
        "handouts",
        "count = t.count + v.column4, \
         first_at = CASE WHEN v.column5 < t.first_at THEN v.column5 ELSE t.first_at END, \
         last_at = CASE WHEN v.column6 > t.last_at THEN v.column6 ELSE t.last_at END",
        "t.credential_id = v.column1 AND t.key_id = v.column2 AND t.kind = v.column3",
        tallies.iter().map(values).collect(),
    )
    .await
    .map(|_| ())
}

fn values((counted, tally): &(Counted, Tally)) -> Vec<Arg> {
    vec![
        counted.credential.into(),
        counted.key.to_string().into(),
        counted.kind.as_str().into(),
        i64::try_from(tally.count).unwrap_or(i64::MAX).into(),
        tally.first_at.into(),
        tally.last_at.into(),
    ]
}

async fn known(tx: &mut Tx, tallies: &[(Counted, Tally)]) -> Result<HashSet<Counted>, DbError> {
    let credentials: HashSet<_> = tallies.iter().map(|(one, _)| one.credential).collect();
    let statement = sql(format!(
        "SELECT credential_id, key_id, kind, count, first_at, last_at FROM {{handouts}} WHERE credential_id IN {}",
        in_list(credentials.len())
    ))
    .bind_list(credentials);
    let rows = tx.fetch_all(statement).await?;
    let found = rows.iter().map(|row| Ok(handout(row)?.0));
    found.collect()
}

/// What a list is about.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// The hand-outs of a credential's tokens.
    Credential(CredentialId),
    /// The hand-outs to a key.
    Key(KeyRef),
}

/// Up to `limit` tallies, in the order of the keys or credentials; those behind `after`, where it is given.
pub async fn list(
    db: &mut impl Execute,
    about: About,
    after: Option<(&str, TokenKind)>,
    limit: u32,
) -> Result<Vec<(Counted, Tally)>, DbError> {
    let (fixed, other, value) = match about {
        About::Credential(id) => ("credential_id", "key_id", id.to_string()),
        About::Key(key) => ("key_id", "credential_id", key.to_string()),
    };
    let (id, kind) = after.map_or(("", ""), |(id, kind)| (id, kind.as_str()));
    let statement = sql(format!(
        "SELECT credential_id, key_id, kind, count, first_at, last_at FROM {{handouts}} \
         WHERE {fixed} = ? AND ({other} > ? OR ({other} = ? AND kind > ?)) ORDER BY {other}, kind LIMIT ?"
    ))
    .bind(value)
    .bind(id)
    .bind(id)
    .bind(kind)
    .bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(handout).collect()
}

fn handout(row: &Row) -> Result<(Counted, Tally), DbError> {
    let credential = row.text("credential_id")?;
    let corrupt = |column| DbError::Corrupt {
        table: "handouts",
        row: credential.clone(),
        column,
        reason: "not a value that this program knows".into(),
    };
    let key = row.text("key_id")?.parse();
    let kind = TokenKind::parse(&row.text("kind")?);
    let counted = Counted {
        credential: credential.parse().map_err(|_| corrupt("credential_id"))?,
        key: key.map_err(|_| corrupt("key_id"))?,
        kind: kind.ok_or_else(|| corrupt("kind"))?,
    };
    let tally = Tally {
        count: u64::try_from(row.int("count")?).unwrap_or(0),
        first_at: Millis(row.int("first_at")?),
        last_at: Millis(row.int("last_at")?),
    };
    Ok((counted, tally))
}
