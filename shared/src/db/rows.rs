//! Updates and inserts of many rows in one statement, each with values of its own.

use super::{Arg, DbError, Execute, dialect::Dialect, sql};

/// Updates rows of `table` (called `t`), each by its own row of values (called `v`, with columns `column1`, `column2`,
/// …), and tells how many it matched. `matching` compares `column1`, a text that is never empty, with the table's key.
pub(super) async fn update_rows(
    db: &mut impl Execute,
    table: &str,
    assignments: &str,
    matching: &str,
    mut rows: Vec<Vec<Arg>>,
) -> Result<u64, DbError> {
    let Some(first) = rows.first() else {
        return Ok(0);
    };
    // Few different texts are prepared; a row of nothing matches nothing.
    let mut nothing: Vec<Arg> = first.iter().map(Arg::null).collect();
    if let Some(key) = nothing.first_mut() {
        *key = Arg::Text(Some(String::new()));
    }
    let text = text(db.dialect(), table, assignments, matching, &rows);
    rows.resize(rows.len().next_power_of_two(), nothing);
    let mut statement = sql(text);
    statement.args = rows.into_iter().flatten().collect();
    db.execute(statement).await
}

/// Most rows of one inserting statement: enough that the round trip disappears, with few enough values for every back end.
const MAX_INSERT: usize = 128;

/// Adds rows to `table`. [`DbError::Duplicate`]: a unique index has a row's key already.
pub(super) async fn insert_rows(
    db: &mut impl Execute,
    table: &str,
    columns: &str,
    rows: Vec<Vec<Arg>>,
) -> Result<(), DbError> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        // Few different texts are prepared: the rest is written in powers of two.
        let count = MAX_INSERT.min(1 << rows.len().ilog2());
        let chunk: Vec<Vec<Arg>> = rows.by_ref().take(count).collect();
        let width = chunk.first().map_or(0, Vec::len);
        let row = format!("({})", vec!["?"; width].join(", "));
        let values = vec![row.as_str(); count].join(", ");
        let mut statement = sql(format!(
            "INSERT INTO {{{table}}} ({columns}) VALUES {values}"
        ));
        statement.args = chunk.into_iter().flatten().collect();
        db.execute(statement).await?;
    }
    Ok(())
}

/// `SQLite` and PostgreSQL know `UPDATE … FROM`, and name the columns of `VALUES` themselves. MySQL and MariaDB have a
/// join instead and no common form of `VALUES`, so the rows are a union of selections there; its columns get their types
/// from casts, because types of values in a selection are guessed in different ways.
fn text(
    dialect: Dialect,
    table: &str,
    assignments: &str,
    matching: &str,
    rows: &[Vec<Arg>],
) -> String {
    let (types, count) = (
        rows.first().map_or(&[][..], Vec::as_slice),
        rows.len().next_power_of_two(),
    );
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => {
            let row = format!("({})", vec!["?"; types.len()].join(", "));
            let rows = vec![row.as_str(); count].join(", ");
            format!(
                "UPDATE {{{table}}} AS t SET {assignments} FROM (VALUES {rows}) AS v WHERE {matching}"
            )
        }
        Dialect::MySql => {
            let casts: Vec<_> = types.iter().map(cast).collect();
            let named = casts.iter().zip(1..);
            let first: Vec<_> = named
                .map(|(cast, n)| format!("{cast} AS column{n}"))
                .collect();
            let row = format!(" UNION ALL SELECT {}", casts.join(", "));
            format!(
                "UPDATE {{{table}}} AS t JOIN (SELECT {}{}) AS v ON {matching} SET {assignments}",
                first.join(", "),
                row.repeat(count.saturating_sub(1))
            )
        }
    }
}

/// MySQL's words for the types that we have.
const fn cast(value: &Arg) -> &'static str {
    match value {
        Arg::Int(_) => "CAST(? AS SIGNED)",
        Arg::Text(_) => "CAST(? AS CHAR)",
        Arg::Bytes(_) => "CAST(? AS BINARY)",
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Db, DbOptions, credentials_many::PROFILE_MATCHES},
        *,
    };

    #[test]
    fn three_rows_are_written_as_four() {
        let rows = vec![vec![Arg::from("a"), Arg::from(1_i64)]; 3];
        let text = |dialect| text(dialect, "a", "x = v.column2", "t.id = v.column1", &rows);
        assert_eq!(
            text(Dialect::Postgres),
            "UPDATE {a} AS t SET x = v.column2 FROM (VALUES (?, ?), (?, ?), (?, ?), (?, ?)) AS v WHERE t.id = v.column1"
        );
        let further = " UNION ALL SELECT CAST(? AS CHAR), CAST(? AS SIGNED)".repeat(3);
        assert_eq!(
            text(Dialect::MySql),
            format!(
                "UPDATE {{a}} AS t JOIN (SELECT CAST(? AS CHAR) AS column1, CAST(? AS SIGNED) AS column2{further}) AS v \
                 ON t.id = v.column1 SET x = v.column2"
            )
        );
    }

    /// With automatic indexes `SQLite` 3.51 reads the whole table and looks the values up in an index of its own: 0.8 s for a
    /// group commit at 100,000 grants.
    #[tokio::test]
    async fn sqlite_looks_each_row_up_and_does_not_read_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.db");
        let db = Db::open(&DbOptions::sqlite(file)).await.unwrap();
        db.migrate().await.unwrap();
        let grant = "t.credential_id = v.column1 AND COALESCE(t.attempt_id, '') = v.column2 AND t.rt_fp = v.column3";
        let item = "t.job_id = v.column1 AND t.position = v.column2";
        for (table, assignments, matching, key) in [
            (
                "grants",
                "last_code = v.column2",
                grant,
                "(credential_id=?)",
            ),
            ("credentials", "tag = v.column3", PROFILE_MATCHES, "(id=?)"),
            (
                "job_items",
                "code = v.column3",
                item,
                "(job_id=? AND position=?)",
            ),
        ] {
            let rows = vec![vec![Arg::from("a"), Arg::from("b"), Arg::from("c")]; 128];
            let text = text(Dialect::Sqlite, table, assignments, matching, &rows);
            let mut statement = sql(format!("EXPLAIN QUERY PLAN {text}"));
            statement.args = rows.into_iter().flatten().collect();
            let plan = (&mut &db).fetch_all(statement).await.unwrap();
            let plan: Vec<_> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
            let looked_up = |step: &String| step.starts_with("SEARCH t ") && step.ends_with(key);
            assert!(plan.iter().any(looked_up), "{plan:?}");
            assert!(
                !plan.iter().any(|step| step.starts_with("SCAN t")),
                "{plan:?}"
            );
        }
    }
}
