//! Lists of credentials: any filter, any order, at a cost that is bounded however much is stored.
//!
//! There are three ways to a page, and [`Plan`] chooses by counting, up to a limit, what each part of the filter finds:
//!
//! - the index of the order is walked and every entry of it counts: no filter, or one that is a range of this very index;
//! - a part of the filter finds few: these are looked at, all of them, and sorted ([`seed`]);
//! - every part finds many: the index of the order is walked and each entry is looked at ([`walk`]). Entries that fit come
//!   soon, unless the parts exclude each other; so the walk has a limit, and the answer says where it stopped.
//!
//! Statements are written so that no planner has a choice: a derived table with a limit is a fence on all back ends.

mod collect;
mod order;
mod predicate;
mod seed;
mod walk;

use std::collections::HashMap;

use crate::{
    id::CredentialId,
    model::listing::{Filter, Position, Sort},
};

pub use self::collect::{Collected, collect};
use self::{
    order::Order,
    predicate::{Kind, Predicate},
};
use super::{
    Arg, DbError, Execute, Statement,
    counts::{Count, EXACT_UP_TO},
    credentials::{COLUMNS, Credential, FROM, credential},
    in_list, sql,
};

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    /// Which credentials.
    pub filter: &'a Filter,
    /// In which order.
    pub sort: Sort,
    /// Behind this place.
    pub after: Option<Position>,
    /// And behind so many more.
    pub skip: u32,
    /// Most entries on the page.
    pub size: u32,
    /// What it may cost.
    pub limits: Limits,
}

/// What a list may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Counted exactly up to here; what finds no more than these is sorted.
    pub counted: u32,
    /// Entries that are looked at for one page.
    pub looked_at: u32,
    /// Entries of the order's index that are looked at before more than so many are sorted instead.
    pub glance: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            counted: EXACT_UP_TO,
            looked_at: MOST_LOOKED_AT,
            glance: GLANCE,
        }
    }
}

impl Limits {
    /// What was counted with a limit of one more.
    fn count(self, found: u32) -> Count {
        Count {
            count: found.min(self.counted),
            more: found > self.counted,
        }
    }
}

/// Some tens of milliseconds on a server of today (docs/performance.md).
const MOST_LOOKED_AT: u32 = 20_000;

/// A look at so many takes a few milliseconds, sorting four times as many some tens (docs/performance.md).
const GLANCE: u32 = 2_048;

/// What a page shows.
#[derive(Debug)]
pub struct Listed {
    /// The credentials.
    pub items: Vec<Credential>,
    /// Where the list goes on; `None`: it ends here.
    pub next: Option<Position>,
    /// So many fit the filter, or more.
    pub total: Count,
    /// More may fit on this page than were found: the search ended at its limit, and goes on at `next`.
    pub incomplete: bool,
}

/// The ids of a page.
#[derive(Debug, Default)]
struct Found {
    places: Vec<Position>,
    /// Where a walk stopped at its limit.
    stopped: Option<Position>,
    /// Some were not looked at and are not found by going on either.
    cut: bool,
}

/// The first `limit` of a list, and the place behind them.
impl Found {
    fn page(mut self, size: usize) -> (Vec<Position>, Option<Position>, bool) {
        let full = self.places.len() > size;
        self.places.truncate(size);
        let last = if full {
            self.places.last().cloned()
        } else {
            self.stopped.clone()
        };
        let incomplete = self.cut || (!full && self.stopped.is_some());
        (self.places, last, incomplete)
    }
}

/// How the entries are found.
enum Plan {
    /// A range of the order's index, all of which counts.
    Range {
        order: Order,
        pushed: Vec<Predicate>,
    },
    /// The few that `seed` finds.
    Seed {
        seed: Predicate,
        limit: u32,
        rest: Vec<Predicate>,
        cut: bool,
    },
    /// A range of the order's index, each entry of which is looked at.
    Walk {
        order: Order,
        pushed: Vec<Predicate>,
        rest: Vec<Predicate>,
    },
}

/// Reads a page.
pub async fn list(db: &mut impl Execute, query: &Query<'_>) -> Result<Listed, DbError> {
    let order = Order::of(query.sort);
    let (plan, total) = plan(db, query.filter, order, query.limits).await?;
    let after = query.after.as_ref();
    // One more than is shown: so it is known whether the list goes on.
    let need = query.size.saturating_add(1);
    let found = match &plan {
        Plan::Range { order, pushed } => {
            let base = walk::Base {
                order: *order,
                pushed,
            };
            base.range(db, after, query.skip, need).await?
        }
        Plan::Seed {
            seed,
            limit,
            rest,
            cut,
        } => {
            let glanced = glance(db, query, order, seed, *limit, rest).await?;
            if let Some(found) = glanced {
                found
            } else {
                let set = seed::Set {
                    seed,
                    limit: *limit,
                    rest,
                };
                let places = set.page(db, order, after, query.skip, need).await?;
                Found {
                    places,
                    stopped: None,
                    cut: *cut,
                }
            }
        }
        Plan::Walk {
            order,
            pushed,
            rest,
        } => {
            let base = walk::Base {
                order: *order,
                pushed,
            };
            base.look(db, rest, after, query.skip, need, query.limits)
                .await?
        }
    };
    let size = usize::try_from(query.size).unwrap_or(usize::MAX);
    let (places, next, incomplete) = found.page(size);
    Ok(Listed {
        items: read(db, &places).await?,
        next,
        total,
        incomplete,
    })
}

/// Where some thousand fit, a page of them is mostly found among the first entries of the order's index: sooner than all of
/// them are sorted. `None`: it is not.
async fn glance(
    db: &mut impl Execute,
    query: &Query<'_>,
    order: Order,
    seed: &Predicate,
    limit: u32,
    rest: &[Predicate],
) -> Result<Option<Found>, DbError> {
    let wanted = query.skip.saturating_add(query.size);
    let glance = query.limits.glance;
    let worth_it = limit > glance && wanted <= glance && !seed.finds_deleted();
    if !worth_it {
        return Ok(None);
    }
    let mut rest: Vec<_> = std::iter::once(seed).chain(rest).cloned().collect();
    let (order, pushed) = pushed(order, &mut rest);
    let (need, after) = (query.size.saturating_add(1), query.after.as_ref());
    let limits = Limits {
        looked_at: glance,
        ..query.limits
    };
    let base = walk::Base {
        order,
        pushed: &pushed,
    };
    let found = if rest.is_empty() {
        base.range(db, after, query.skip, need).await?
    } else {
        base.look(db, &rest, after, query.skip, need, limits)
            .await?
    };
    Ok(found.stopped.is_none().then_some(found))
}

/// Whether a list in this order can go on behind this place.
pub fn accepts(sort: Sort, position: &Position) -> bool {
    Order::of(sort).accepts(position)
}

/// Up to [`EXACT_UP_TO`] of those that a filter lets through, as a selection of their `id`s with its values, and how many
/// there are in all: for what is counted over them. Where every part of the filter finds many, they are those that fit
/// among the newest.
pub(super) async fn sample(
    db: &mut impl Execute,
    filter: &Filter,
) -> Result<(String, Vec<Arg>, Count), DbError> {
    let order = Order::of(Sort::default());
    let (plan, total) = plan(db, filter, order, Limits::default()).await?;
    let (text, args) = match &plan {
        Plan::Range { order, pushed } => {
            let order = *order;
            walk::Base { order, pushed }.sample(&[])
        }
        Plan::Walk {
            order,
            pushed,
            rest,
        } => {
            let order = *order;
            walk::Base { order, pushed }.sample(rest)
        }
        Plan::Seed {
            seed, limit, rest, ..
        } => {
            let limit = *limit;
            seed::Set { seed, limit, rest }.sample(db.dialect())
        }
    };
    Ok((text, args, total))
}

/// Chooses the way, and counts what fits.
async fn plan(
    db: &mut impl Execute,
    filter: &Filter,
    order: Order,
    limits: Limits,
) -> Result<(Plan, Count), DbError> {
    let mut rest = predicate::of(filter);
    if let Some(seed) = predicate::deleted(filter) {
        let counted = count(db, &seed, limits).await?;
        return seeded(db, seed, counted, rest, limits).await;
    }
    let (order, pushed) = pushed(order, &mut rest);
    if rest.is_empty() {
        let base = walk::Base {
            order,
            pushed: &pushed,
        };
        let total = base.total(db, limits).await?;
        return Ok((Plan::Range { order, pushed }, total));
    }
    let mut fewest: Option<(usize, Count)> = None;
    let all: Vec<_> = pushed.iter().chain(&rest).cloned().collect();
    for (n, predicate) in all.iter().enumerate() {
        let counted = count(db, predicate, limits).await?;
        let fewer = |(_, least): &(usize, Count)| {
            !counted.more && (least.more || counted.count < least.count)
        };
        if fewest.as_ref().is_none_or(fewer) {
            fewest = Some((n, counted));
        }
    }
    match fewest {
        Some((n, counted)) if !counted.more => {
            let mut rest = all;
            let seed = rest.swap_remove(n);
            seeded(db, seed, counted, rest, limits).await
        }
        Some((n, _)) => {
            let mut others = all;
            let seed = others.swap_remove(n);
            let set = seed::Set {
                seed: &seed,
                limit: limits.counted,
                rest: &others,
            };
            let counted = Count {
                // One part alone was counted already, as far as anybody counts.
                count: if others.is_empty() {
                    limits.counted
                } else {
                    set.count(db).await?.min(limits.counted)
                },
                more: true,
            };
            Ok((
                Plan::Walk {
                    order,
                    pushed,
                    rest,
                },
                counted,
            ))
        }
        None => {
            let base = walk::Base { order, pushed: &[] };
            let total = base.total(db, limits).await?;
            Ok((
                Plan::Walk {
                    order,
                    pushed,
                    rest,
                },
                total,
            ))
        }
    }
}

async fn seeded(
    db: &mut impl Execute,
    seed: Predicate,
    counted: Count,
    rest: Vec<Predicate>,
    limits: Limits,
) -> Result<(Plan, Count), DbError> {
    // Few different texts, and a good estimate for planners that look at limits.
    let limit = counted.count.max(1).next_power_of_two().min(limits.counted);
    let set = seed::Set {
        seed: &seed,
        limit,
        rest: &rest,
    };
    let total = if rest.is_empty() {
        counted
    } else {
        Count {
            count: set.count(db).await?,
            more: counted.more,
        }
    };
    let plan = Plan::Seed {
        seed,
        limit,
        rest,
        cut: counted.more,
    };
    Ok((plan, total))
}

/// Takes out the predicates that are a range of the index that is walked: those over the column of the order, or, by id,
/// one that asks for a single value, because entries of one value are in the order of their ids.
fn pushed(order: Order, rest: &mut Vec<Predicate>) -> (Order, Vec<Predicate>) {
    let Some(column) = order.column else {
        let single = |one: &Predicate| matches!(one.kind, Kind::Equal | Kind::Null);
        let on_index = |one: &Predicate| single(one) && one.column != "at_expires_at";
        return match rest.iter().position(on_index) {
            Some(n) => {
                let one = rest.swap_remove(n);
                (order.on(one.side), vec![one])
            }
            None => (order, Vec::new()),
        };
    };
    let fits = |one: &mut Predicate| {
        one.side == order.side && one.column == column && one.kind != Kind::Other
    };
    (order, rest.extract_if(.., fits).collect())
}

/// What a predicate finds, counted up to [`EXACT_UP_TO`].
async fn count(
    db: &mut impl Execute,
    predicate: &Predicate,
    limits: Limits,
) -> Result<Count, DbError> {
    let limit = limits.counted.saturating_add(1);
    let text = format!(
        "SELECT COUNT(*) AS n FROM ({}) q",
        predicate.seed(db.dialect(), limit)
    );
    let row = db.fetch_optional(with(sql(text), predicate.args())).await?;
    let found = row.map_or(Ok(0), |row| row.count("n"))?;
    Ok(limits.count(found))
}

fn with(mut statement: Statement, args: impl IntoIterator<Item = Arg>) -> Statement {
    statement.args.extend(args);
    statement
}

/// The credentials at these places, in their order. One that was removed in the meantime is left out.
async fn read(db: &mut impl Execute, places: &[Position]) -> Result<Vec<Credential>, DbError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT {COLUMNS} {FROM} WHERE c.id IN {}",
        in_list(places.len())
    );
    let ids = places.iter().map(|place| place.id);
    let rows = db.fetch_all(sql(text).bind_list(ids)).await?;
    let found: Result<Vec<_>, _> = rows.iter().map(credential).collect();
    let mut found: HashMap<CredentialId, Credential> =
        found?.into_iter().map(|one| (one.id, one)).collect();
    let items = places.iter().filter_map(|place| found.remove(&place.id));
    Ok(items.collect())
}
