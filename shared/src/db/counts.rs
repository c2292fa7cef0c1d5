//! Counts whose cost is bounded, however much is stored: nobody needs to know whether it is forty or fifty thousand, and
//! nobody shall wait for it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Millis,
    model::grant::{HeldReason, StateName},
};

use super::{Arg, DbError, Execute, Row, sql};

/// Counted exactly up to here (the same limit as that of lists): a page of a database server holds some hundred entries
/// of an index, so this is a matter of milliseconds.
pub const EXACT_UP_TO: u32 = 10_000;

/// A count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    /// How many were found.
    pub count: u32,
    /// Whether there may be more: the counting ended at its limit.
    pub more: bool,
}

impl Count {
    /// Nothing there, and that is certain.
    pub const fn is_none(self) -> bool {
        self.count == 0 && !self.more
    }

    /// The sum of two counts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = self.count.saturating_add(other.count);
        Self {
            count: sum.min(EXACT_UP_TO),
            more: self.more || other.more || sum > EXACT_UP_TO,
        }
    }

    /// What was counted with a limit of one more than [`EXACT_UP_TO`].
    pub const fn limited(found: u32) -> Self {
        if found > EXACT_UP_TO {
            Self {
                count: EXACT_UP_TO,
                more: true,
            }
        } else {
            Self {
                count: found,
                more: false,
            }
        }
    }
}

/// The limit for counting: one more than is told, so that "more" is known.
pub const LIMIT: u32 = EXACT_UP_TO + 1;

/// How many credentials are in each state, deleted ones aside. Reads at most [`EXACT_UP_TO`] entries of each.
pub async fn states(db: &mut impl Execute) -> Result<Vec<(StateName, Count)>, DbError> {
    let mut counts = Vec::with_capacity(StateName::ALL.len());
    for state in StateName::ALL {
        counts.push((*state, state_count(db, *state).await?));
    }
    Ok(counts)
}

async fn state_count(db: &mut impl Execute, state: StateName) -> Result<Count, DbError> {
    // The state stands in the text, not beside it: a server that knows how rare it is takes the index.
    let text = format!(
        "SELECT COUNT(*) AS n FROM (SELECT credential_id FROM {{grants}} WHERE deleted = 0 AND state = '{state}' LIMIT ?) AS q"
    );
    let row = db.fetch_optional(sql(text).bind(LIMIT)).await?;
    one(row.as_ref(), "n")
}

/// Held credentials by what they wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Somebody has to confirm that the program which they were taken over from has stopped.
    pub migration: Count,
    /// Something else has to change.
    pub other: Count,
}

/// How many credentials are held, and for what. Reads at most [`EXACT_UP_TO`] entries, as [`states`] does; where all of these wait
/// for a migration, others behind them are not seen before it is confirmed.
pub async fn held(db: &mut impl Execute) -> Result<Held, DbError> {
    let (state, reason) = (StateName::Held, HeldReason::Migration);
    let text = format!(
        "SELECT COUNT(*) AS looked, COUNT(CASE WHEN g.held_reason = '{reason}' THEN 1 END) AS migration, \
         COUNT(CASE WHEN g.held_reason <> '{reason}' THEN 1 END) AS other FROM \
         (SELECT held_reason FROM {{grants}} WHERE deleted = 0 AND state = '{state}' LIMIT ?) g"
    );
    let Some(row) = db.fetch_optional(sql(text).bind(LIMIT)).await? else {
        return Ok(Held::default());
    };
    let cut = row.count("looked")? > EXACT_UP_TO;
    let count = |found: u32| Count {
        count: found.min(EXACT_UP_TO),
        more: cut && found > 0,
    };
    Ok(Held {
        migration: count(row.count("migration")?),
        other: count(row.count("other")?),
    })
}

/// How many answers are set aside.
pub async fn orphans(db: &mut impl Execute) -> Result<Count, DbError> {
    let statement =
        sql("SELECT COUNT(*) AS n FROM (SELECT attempt_id FROM {orphans} LIMIT ?) AS q");
    let row = db.fetch_optional(statement.bind(LIMIT)).await?;
    one(row.as_ref(), "n")
}

/// How many credentials have this value in this column, which has an index with the tombstone behind it.
pub(super) async fn users_of(
    db: &mut impl Execute,
    column: &'static str,
    value: Arg,
) -> Result<Count, DbError> {
    let text = format!(
        "SELECT COUNT(*) AS n FROM (SELECT id FROM {{credentials}} WHERE {column} = ? AND tombstone = '' LIMIT ?) AS q"
    );
    let row = db.fetch_optional(sql(text).bind(value).bind(LIMIT)).await?;
    one(row.as_ref(), "n")
}

/// Answers that came another way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Recovered {
    /// Replayed from a journal.
    pub replayed: Count,
    /// Applied after the attempt had been given up.
    pub late: Count,
}

/// How many answers came another way since then.
pub async fn recovered(db: &mut impl Execute, since: Millis) -> Result<Recovered, DbError> {
    let statement = sql(
        "SELECT COUNT(CASE WHEN replayed = 1 THEN 1 END) AS replayed, COUNT(CASE WHEN late = 1 THEN 1 END) AS late FROM \
         (SELECT replayed, late FROM {recovered} WHERE recorded_at >= ? ORDER BY recorded_at DESC LIMIT ?) AS q",
    );
    let row = db.fetch_optional(statement.bind(since).bind(LIMIT)).await?;
    Ok(Recovered {
        replayed: one(row.as_ref(), "replayed")?,
        late: one(row.as_ref(), "late")?,
    })
}

fn one(row: Option<&Row>, column: &'static str) -> Result<Count, DbError> {
    let found = row.map_or(Ok(0), |row| row.count(column))?;
    Ok(Count::limited(found))
}
