//! The few credentials that one part of a filter finds.

use crate::model::listing::Position;

use super::{
    super::{Arg, DbError, Dialect, Execute, sql},
    order::Order,
    predicate::{Predicate, Side},
    with,
};

/// Those that `seed` finds, up to a limit, as far as they fulfil the rest.
pub(super) struct Set<'a> {
    pub(super) seed: &'a Predicate,
    pub(super) limit: u32,
    pub(super) rest: &'a [Predicate],
}

impl Set<'_> {
    /// `FROM … WHERE …` of the set, and its values. `grants`: whether their columns are needed besides.
    fn from(&self, dialect: Dialect, grants: bool) -> (String, Vec<Arg>) {
        let grants = grants || self.rest.iter().any(|one| one.side == Side::Grant);
        // First the few, then what belongs to each of them: planners that guess have read all credentials for a few thousand.
        let join = dialect.join_in_order();
        let grants = if grants {
            format!("{join} {{grants}} g ON g.credential_id = s.id")
        } else {
            String::new()
        };
        // Deleted ones are found by their own seed alone.
        // No index is to be chosen for it: SQLite has taken one that finds all that are not deleted, for each of the few anew.
        let alive = if self.seed.column == "deleted_at" {
            "COALESCE(c.tombstone, '') <> ''"
        } else {
            "COALESCE(c.tombstone, '') = ''"
        };
        let conditions = [alive.to_owned()].into_iter();
        let conditions: Vec<_> = conditions
            .chain(self.rest.iter().map(Predicate::text))
            .collect();
        let text = format!(
            "FROM ({}) s {join} {{credentials}} c ON c.id = s.id {grants} WHERE {}",
            self.seed.seed(dialect, self.limit),
            conditions.join(" AND ")
        );
        let args = self
            .seed
            .args()
            .chain(self.rest.iter().flat_map(Predicate::args));
        (text, args.collect())
    }

    /// Their ids, as a selection.
    pub(super) fn sample(&self, dialect: Dialect) -> (String, Vec<Arg>) {
        let (from, args) = self.from(dialect, false);
        (format!("SELECT c.id AS id {from}"), args)
    }

    /// How many they are.
    pub(super) async fn count(&self, db: &mut impl Execute) -> Result<u32, DbError> {
        let (from, args) = self.from(db.dialect(), false);
        let statement = with(sql(format!("SELECT COUNT(*) AS n {from}")), args);
        let row = db.fetch_optional(statement).await?;
        row.map_or(Ok(0), |row| row.count("n"))
    }

    /// Sorts them, and gives `need` of them behind `after` and `skip` more.
    pub(super) async fn page(
        &self,
        db: &mut impl Execute,
        order: Order,
        after: Option<&Position>,
        skip: u32,
        need: u32,
    ) -> Result<Vec<Position>, DbError> {
        let (from, mut args) = self.from(db.dialect(), order.side == Side::Grant);
        let mut behind = String::new();
        if after.is_some() {
            let segments = order.behind(after);
            let texts: Vec<_> = segments
                .iter()
                .map(|one| format!("({})", one.text))
                .collect();
            behind = format!(" AND ({})", texts.join(" OR "));
            args.extend(segments.into_iter().flat_map(|one| one.args));
        }
        let (key, by) = (order.key(), order.by_all());
        let text = format!("SELECT c.id AS id, {key} AS k {from}{behind} {by} LIMIT ? OFFSET ?");
        let statement = with(sql(text), args).bind(need).bind(skip);
        let rows = db.fetch_all(statement).await?;
        rows.iter().map(|row| order.position(row)).collect()
    }
}
