//! What a filter means in SQL: one predicate for each of its parts, with the index that finds it.

use crate::{
    clock::Millis,
    model::listing::{Filter, Span},
};

use super::super::{Arg, Dialect, in_list};

/// The table that a column is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// `credentials`, called `c`.
    Credential,
    /// `grants`, called `g`.
    Grant,
}

/// How much a predicate says about its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has this one value.
    Equal,
    /// It has none.
    Null,
    /// It is in one range, and has a value.
    Range,
    /// Something else.
    Other,
}

/// A condition over one column of `c` or `g`.
#[derive(Clone)]
pub(super) struct Predicate {
    pub(super) side: Side,
    pub(super) column: &'static str,
    pub(super) kind: Kind,
    /// Several: one of them holds, each found by an index of its own.
    alternatives: Vec<Alternative>,
    args: Vec<Arg>,
}

/// A condition that the index of a column finds.
#[derive(Clone)]
struct Alternative {
    column: &'static str,
    text: String,
}

impl Alternative {
    /// Whose index it is. MySQL has no use for one that it was not told of: of several that begin with the same column it
    /// has taken one that finds all credentials.
    fn hint(&self, side: Side, dialect: Dialect) -> String {
        let table = match side {
            Side::Credential => "credentials",
            Side::Grant => "grants",
        };
        let index = match self.column {
            DELETED => "deleted",
            "egress_label" => "by_label",
            "created_at" => "by_created",
            "at_expires_at" => "by_expires",
            "refreshed_at" => "by_refreshed",
            "state" => "state",
            column => &format!("by_{column}"),
        };
        dialect.force_index(table, index)
    }
}

impl Predicate {
    fn new(side: Side, column: &'static str, kind: Kind, text: String, args: Vec<Arg>) -> Self {
        Self {
            side,
            column,
            kind,
            alternatives: vec![Alternative { column, text }],
            args,
        }
    }

    /// Whether it asks for deleted ones, which no order's index has.
    pub(super) fn finds_deleted(&self) -> bool {
        self.column == DELETED
    }

    /// The condition.
    pub(super) fn text(&self) -> String {
        let texts: Vec<_> = self.alternatives.iter().map(|one| &*one.text).collect();
        format!("({})", texts.join(" OR "))
    }

    pub(super) fn args(&self) -> impl Iterator<Item = Arg> {
        self.args.iter().cloned()
    }

    /// Up to `limit` ids (for each alternative) of what fulfils it, found by its index.
    pub(super) fn seed(&self, dialect: Dialect, limit: u32) -> String {
        let select = |one: &Alternative| {
            let (text, hint) = (&one.text, one.hint(self.side, dialect));
            match self.side {
                Side::Credential if self.column == DELETED => format!(
                    "SELECT c.id AS id FROM {{credentials}} c {hint} WHERE {text} LIMIT {limit}"
                ),
                Side::Credential => format!(
                    "SELECT c.id AS id FROM {{credentials}} c {hint} WHERE c.tombstone = '' AND {text} LIMIT {limit}"
                ),
                Side::Grant => format!(
                    "SELECT g.credential_id AS id FROM {{grants}} g {hint} WHERE g.deleted = 0 AND {text} LIMIT {limit}"
                ),
            }
        };
        match self.alternatives.as_slice() {
            [one] => select(one),
            several => {
                let parts = several.iter().enumerate();
                let parts: Vec<_> = parts
                    .map(|(n, one)| format!("SELECT id FROM ({}) u{n}", select(one)))
                    .collect();
                parts.join(" UNION ")
            }
        }
    }
}

/// The column by which the deleted ones are found.
const DELETED: &str = "deleted_at";

/// The deleted ones, where they are asked for.
pub(super) fn deleted(filter: &Filter) -> Option<Predicate> {
    let since = filter.deleted_since?;
    let text = "c.deleted_at >= ?".to_owned();
    Some(Predicate::new(
        Side::Credential,
        DELETED,
        Kind::Range,
        text,
        vec![since.into()],
    ))
}

/// The predicates of a filter, apart from whether what it finds is deleted.
pub(super) fn of(filter: &Filter) -> Vec<Predicate> {
    let states: Vec<_> = filter.states.iter().map(|state| state.as_str()).collect();
    [
        search(filter.search.as_deref()),
        values("tag", &filter.tags, false),
        values("plan", &filter.plans, true),
        named_states(states),
        filter.enabled.map(enabled),
        values("client_id", &filter.client_ids, false),
        proxies(&filter.proxies),
        span(Side::Grant, "at_expires_at", filter.expires),
        span(Side::Grant, "refreshed_at", filter.refreshed),
        span(Side::Credential, "created_at", filter.created),
        filter.has_access_token.map(has_access_token),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn once(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.dedup();
    values
}

/// One of these values; `nullable`: an empty text stands for none.
fn values(column: &'static str, values: &[String], nullable: bool) -> Option<Predicate> {
    let mut values = once(values);
    let before = values.len();
    if before == 0 {
        return None;
    }
    if nullable {
        values.retain(|value| !value.is_empty());
    }
    let with_null = values.len() < before;
    let (kind, text) = match (values.len(), with_null) {
        (0, _) => (Kind::Null, format!("c.{column} IS NULL")),
        (1, false) => (Kind::Equal, format!("c.{column} = ?")),
        (count, null) => {
            let text = format!("c.{column} IN {}", in_list(count));
            let null = if null {
                format!(" OR c.{column} IS NULL")
            } else {
                String::new()
            };
            (Kind::Other, format!("({text}{null})"))
        }
    };
    let args = padded(values);
    Some(Predicate::new(Side::Credential, column, kind, text, args))
}

/// As [`in_list`] pads them.
fn padded(values: Vec<String>) -> Vec<Arg> {
    let mut args: Vec<Arg> = values.into_iter().map(Arg::from).collect();
    if let Some(last) = args.last().cloned() {
        args.resize(args.len().next_power_of_two(), last);
    }
    args
}

/// States stand in the text, not beside it: a server that knows how rare one is takes the index.
fn named_states(mut names: Vec<&'static str>) -> Option<Predicate> {
    names.sort_unstable();
    names.dedup();
    let (kind, text) = match names.as_slice() {
        [] => return None,
        [one] => (Kind::Equal, format!("g.state = '{one}'")),
        several => (
            Kind::Other,
            format!("g.state IN ('{}')", several.join("', '")),
        ),
    };
    Some(Predicate::new(Side::Grant, "state", kind, text, Vec::new()))
}

fn enabled(enabled: bool) -> Predicate {
    let text = format!("c.enabled = {}", i64::from(enabled));
    Predicate::new(Side::Credential, "enabled", Kind::Equal, text, Vec::new())
}

fn has_access_token(has: bool) -> Predicate {
    let (kind, text) = if has {
        (Kind::Range, "g.at_expires_at IS NOT NULL")
    } else {
        (Kind::Null, "g.at_expires_at IS NULL")
    };
    Predicate::new(
        Side::Grant,
        "at_expires_at",
        kind,
        text.to_owned(),
        Vec::new(),
    )
}

/// Keys of egresses and labels of proxies cannot be mistaken for each other: a label has a scheme.
fn proxies(given: &[String]) -> Option<Predicate> {
    let (labels, keys): (Vec<_>, Vec<_>) = once(given)
        .into_iter()
        .partition(|text| text.contains("://"));
    let found = [
        values("egress", &keys, false),
        values("egress_label", &labels, false),
    ];
    let mut found = found.into_iter().flatten();
    let first = found.next()?;
    Some(match found.next() {
        None => first,
        Some(second) => Predicate {
            kind: Kind::Other,
            alternatives: [first.alternatives, second.alternatives].concat(),
            args: [first.args, second.args].concat(),
            ..first
        },
    })
}

fn span(side: Side, column: &'static str, span: Span) -> Option<Predicate> {
    let alias = match side {
        Side::Credential => "c",
        Side::Grant => "g",
    };
    let bound = |sign: &str, at: Option<Millis>| {
        at.map(|at| (format!("{alias}.{column} {sign} ?"), Arg::from(at)))
    };
    let bounds = [bound(">=", span.from), bound("<", span.before)];
    let (texts, args): (Vec<_>, Vec<_>) = bounds.into_iter().flatten().unzip();
    (!texts.is_empty())
        .then(|| Predicate::new(side, column, Kind::Range, texts.join(" AND "), args))
}

/// Ranges instead of patterns: nothing has to be escaped, and every back end walks an index for them.
fn search(prefix: Option<&str>) -> Option<Predicate> {
    let prefix = prefix.filter(|prefix| !prefix.is_empty())?;
    let lower = prefix.to_lowercase();
    let mut ranges = vec![("biz_id", prefix), ("email", prefix), ("name", prefix)];
    if lower != prefix {
        ranges.push(("email", &lower));
    }
    let (mut alternatives, mut args) = (Vec::new(), Vec::new());
    for (column, prefix) in ranges {
        args.push(Arg::from(prefix));
        let text = match behind(prefix) {
            Some(end) => {
                args.push(Arg::from(end));
                format!("(c.{column} >= ? AND c.{column} < ?)")
            }
            None => format!("c.{column} >= ?"),
        };
        alternatives.push(Alternative { column, text });
    }
    Some(Predicate {
        side: Side::Credential,
        column: "",
        kind: Kind::Other,
        alternatives,
        args,
    })
}

/// The least text behind all that begin with `prefix`; `None`: there is none.
fn behind(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // Surrogates are no characters.
        let next = if last == '\u{d7ff}' {
            Some('\u{e000}')
        } else {
            u32::from(last).checked_add(1).and_then(char::from_u32)
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_a_prefix_end_before_the_next_one() {
        for (prefix, end) in [
            ("a", Some("b")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("50%_", Some("50%`")),
        ] {
            assert_eq!(behind(prefix).as_deref(), end);
        }
    }
}
