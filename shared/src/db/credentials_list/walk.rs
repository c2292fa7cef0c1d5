//! Walking the index of an order.

use std::collections::VecDeque;

use crate::model::listing::Position;

use super::{
    super::{
        Arg, DbError, Execute,
        counts::{Count, EXACT_UP_TO},
        sql,
    },
    Found, Limits,
    order::{Order, Segment},
    predicate::{Predicate, Side},
    with,
};

/// Entries of the first look: enough where every second one fits.
const FIRST_LOOK: u32 = 128;
/// How looks grow: few statements where little fits, and little too much where much does.
const GROWTH: u32 = 4;

/// Where an order's index is walked, and what is known of its entries by that alone.
pub(super) struct Base<'a> {
    pub(super) order: Order,
    pub(super) pushed: &'a [Predicate],
}

impl Base<'_> {
    /// The segments behind a place that may hold anything.
    fn segments(&self, after: Option<&Position>) -> VecDeque<Segment> {
        let mut segments = self.order.behind(after);
        segments.retain(|segment| {
            let own = |one: &&Predicate| self.order.column == Some(one.column);
            self.pushed
                .iter()
                .filter(own)
                .all(|one| segment.may_hold(one))
        });
        segments.into()
    }

    /// `FROM … WHERE …` of a segment, and its values.
    fn from(&self, segment: &Segment) -> (String, Vec<Arg>) {
        let (table, mut conditions) = match self.order.side {
            Side::Credential => ("{credentials} c", vec!["c.tombstone = ''".to_owned()]),
            Side::Grant => ("{grants} g", vec!["g.deleted = 0".to_owned()]),
        };
        conditions.extend(self.pushed.iter().map(Predicate::text));
        if !segment.text.is_empty() {
            conditions.push(segment.text.clone());
        }
        let args = self.pushed.iter().flat_map(Predicate::args);
        let args = args.chain(segment.args.iter().cloned()).collect();
        let place = conditions.join(" AND ");
        (format!("FROM {table} WHERE {place}"), args)
    }

    fn by(&self) -> String {
        self.order.by(&self.order.key(), self.order.id())
    }

    /// `need` entries of a range behind `after` and `skip` more. Every entry counts.
    pub(super) async fn range(
        &self,
        db: &mut impl Execute,
        after: Option<&Position>,
        mut skip: u32,
        need: u32,
    ) -> Result<Found, DbError> {
        let (base, order) = (self, self.order);
        let mut found = Found::default();
        for segment in base.segments(after) {
            let missing = need.saturating_sub(u32::try_from(found.places.len()).unwrap_or(need));
            if missing == 0 {
                break;
            }
            let (from, args) = base.from(&segment);
            let (id, key, by) = (order.id(), order.key(), base.by());
            let limit = missing.next_power_of_two();
            let text = format!("SELECT {id} AS id, {key} AS k {from} {by} LIMIT {limit} OFFSET ?");
            let statement = with(sql(text), args.iter().cloned()).bind(skip);
            let rows = db.fetch_all(statement).await?;
            if rows.is_empty() && skip > 0 {
                let text =
                    format!("SELECT COUNT(*) AS n FROM (SELECT {id} AS id {from} LIMIT ?) q");
                let row = db.fetch_optional(with(sql(text), args).bind(skip)).await?;
                skip = skip.saturating_sub(row.map_or(Ok(0), |row| row.count("n"))?);
                continue;
            }
            skip = 0;
            let missing = usize::try_from(missing).unwrap_or(usize::MAX);
            for row in rows.iter().take(missing) {
                found.places.push(order.position(row)?);
            }
        }
        Ok(found)
    }

    /// `need` entries that fulfil the rest, behind `after` and `skip` more; ends at a limit.
    pub(super) async fn look(
        &self,
        db: &mut impl Execute,
        rest: &[Predicate],
        after: Option<&Position>,
        skip: u32,
        need: u32,
        limits: Limits,
    ) -> Result<Found, DbError> {
        let (base, order) = (self, self.order);
        let (hit, hit_args) = hit(order.side, rest);
        let wanted = skip.saturating_add(need);
        let mut found = Found::default();
        let mut looks = wanted.next_power_of_two().max(FIRST_LOOK);
        let mut left = limits.looked_at.max(wanted.saturating_mul(2));
        let mut segments = base.segments(after);
        let mut seen = 0_u32;
        while let Some(segment) = segments.front().cloned() {
            let missing = wanted.saturating_sub(seen);
            if missing == 0 || left == 0 {
                break;
            }
            let (from, args) = base.from(&segment);
            let (id, key, by) = (order.id(), order.key(), base.by());
            let (outer, limit) = (order.by("w.k", "w.id"), missing.next_power_of_two());
            let text = format!(
                "SELECT w.id AS id, w.k AS k FROM (SELECT {id} AS id, {key} AS k, CASE WHEN {hit} THEN 1 ELSE 0 END AS hit \
             {from} {by} LIMIT {looks}) w WHERE w.hit = 1 {outer} LIMIT {limit}"
            );
            let all = hit_args.iter().chain(&args).cloned();
            let rows = db.fetch_all(with(sql(text), all)).await?;
            for row in rows
                .iter()
                .take(usize::try_from(missing).unwrap_or(usize::MAX))
            {
                if seen >= skip {
                    found.places.push(order.position(row)?);
                }
                seen = seen.saturating_add(1);
            }
            if seen >= wanted {
                return Ok(found);
            }
            let last = looks.saturating_sub(1);
            let text = format!("SELECT {id} AS id, {key} AS k {from} {by} LIMIT 1 OFFSET {last}");
            match db.fetch_optional(with(sql(text), args)).await? {
                Some(row) => {
                    let end = order.position(&row)?;
                    left = left.saturating_sub(looks);
                    segments = base.segments(Some(&end));
                    found.stopped = Some(end);
                    looks = looks.saturating_mul(GROWTH);
                }
                // The segment is at its end.
                None => {
                    segments.pop_front();
                }
            }
        }
        if segments.is_empty() {
            found.stopped = None;
        }
        Ok(found)
    }

    /// The ids of those that fit among the first [`EXACT_UP_TO`] of a range, as a selection.
    pub(super) fn sample(&self, rest: &[Predicate]) -> (String, Vec<Arg>) {
        let (base, order) = (self, self.order);
        let everything = Segment::default();
        let (from, args) = base.from(&everything);
        let (hit, hit_args) = hit(order.side, rest);
        let (id, by) = (order.id(), base.by());
        let hit = if hit.is_empty() {
            "1 = 1"
        } else {
            hit.as_str()
        };
        let text = format!(
            "SELECT w.id AS id FROM (SELECT {id} AS id, CASE WHEN {hit} THEN 1 ELSE 0 END AS hit {from} {by} LIMIT {EXACT_UP_TO}) w \
         WHERE w.hit = 1"
        );
        (text, hit_args.into_iter().chain(args).collect())
    }
}

/// Whether an entry of this side is shown: selections for each row, because for a join planners would read all rows.
pub(super) fn hit(side: Side, rest: &[Predicate]) -> (String, Vec<Arg>) {
    let part = |of: Side| {
        let found = rest.iter().filter(move |one| one.side == of);
        found.map(Predicate::text).collect::<Vec<_>>()
    };
    let args = |of: Side| {
        let found = rest.iter().filter(move |one| one.side == of);
        found.flat_map(Predicate::args).collect::<Vec<_>>()
    };
    let (own, other, selection, other_side) = match side {
        Side::Credential => (
            part(Side::Credential),
            part(Side::Grant),
            "FROM {grants} g WHERE g.credential_id = c.id",
            Side::Grant,
        ),
        Side::Grant => (
            part(Side::Grant),
            part(Side::Credential),
            "FROM {credentials} c WHERE c.id = g.credential_id",
            Side::Credential,
        ),
    };
    let mut conditions = own;
    if !other.is_empty() {
        conditions.push(format!(
            "(SELECT 1 {selection} AND {}) IS NOT NULL",
            other.join(" AND ")
        ));
    }
    let all = [args(side), args(other_side)].concat();
    (conditions.join(" AND "), all)
}

impl Base<'_> {
    /// How many there are in the range, counted up to a limit.
    pub(super) async fn total(
        &self,
        db: &mut impl Execute,
        limits: Limits,
    ) -> Result<Count, DbError> {
        let (from, args) = self.from(&Segment::default());
        let (id, limit) = (self.order.id(), limits.counted.saturating_add(1));
        let text = format!("SELECT COUNT(*) AS n FROM (SELECT {id} AS id {from} LIMIT {limit}) q");
        let row = db.fetch_optional(with(sql(text), args)).await?;
        Ok(limits.count(row.map_or(Ok(0), |row| row.count("n"))?))
    }
}
