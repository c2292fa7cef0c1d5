//! The order of a list in SQL, and the parts of an index that lie behind a place in it.

use crate::model::listing::{Position, Sort, SortBy, SortKey};

use super::{
    super::{Arg, DbError, Row},
    predicate::{Kind, Predicate, Side},
};

/// The order of a list, over the index that is walked for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) side: Side,
    /// `None`: by id alone.
    pub(super) column: Option<&'static str>,
    nullable: bool,
    text: bool,
    descending: bool,
}

/// A part of an index, in whose order its entries come.
#[derive(Clone, Default)]
pub(super) struct Segment {
    /// A condition, or nothing.
    pub(super) text: String,
    pub(super) args: Vec<Arg>,
    /// Whether its entries have no value.
    null: bool,
}

impl Order {
    pub(super) fn of(sort: Sort) -> Self {
        use Side::{Credential, Grant};
        let (side, column, nullable, text) = match sort.by {
            SortBy::Id => (Credential, None, false, true),
            SortBy::BizId => (Credential, Some("biz_id"), false, true),
            SortBy::Email => (Credential, Some("email"), true, true),
            SortBy::Name => (Credential, Some("name"), true, true),
            SortBy::Plan => (Credential, Some("plan"), true, true),
            SortBy::Tag => (Credential, Some("tag"), false, true),
            SortBy::State => (Grant, Some("state"), false, true),
            SortBy::Enabled => (Credential, Some("enabled"), false, false),
            SortBy::ClientId => (Credential, Some("client_id"), false, true),
            SortBy::Proxy => (Credential, Some("egress_label"), false, true),
            SortBy::AtExpiresAt => (Grant, Some("at_expires_at"), true, false),
            SortBy::NextRefreshAt => (Grant, Some("next_refresh_at"), true, false),
            SortBy::RefreshedAt => (Grant, Some("refreshed_at"), true, false),
            SortBy::Failures => (Grant, Some("failures"), false, false),
            SortBy::CreatedAt => (Credential, Some("created_at"), false, false),
            SortBy::UpdatedAt => (Credential, Some("updated_at"), false, false),
        };
        Self {
            side,
            column,
            nullable,
            text,
            descending: sort.descending,
        }
    }

    /// Every table has the ids.
    pub(super) fn on(self, side: Side) -> Self {
        Self { side, ..self }
    }

    pub(super) const fn id(self) -> &'static str {
        match self.side {
            Side::Credential => "c.id",
            Side::Grant => "g.credential_id",
        }
    }

    /// The value that is sorted by, in SQL.
    pub(super) fn key(self) -> String {
        match (self.column, self.side) {
            (None, _) => self.id().to_owned(),
            (Some(column), Side::Credential) => format!("c.{column}"),
            (Some(column), Side::Grant) => format!("g.{column}"),
        }
    }

    const fn direction(self) -> &'static str {
        if self.descending { "DESC" } else { "ASC" }
    }

    /// `ORDER BY` over these two, inside of one segment.
    pub(super) fn by(self, key: &str, id: &str) -> String {
        let direction = self.direction();
        match self.column {
            None => format!("ORDER BY {id} {direction}"),
            Some(_) => format!("ORDER BY {key} {direction}, {id} {direction}"),
        }
    }

    /// `ORDER BY` over all segments, where no index is walked. What has no value comes first on every back end.
    pub(super) fn by_all(self) -> String {
        let (key, id, direction) = (self.key(), self.id(), self.direction());
        if self.nullable {
            format!(
                "ORDER BY CASE WHEN {key} IS NULL THEN 0 ELSE 1 END {direction}, {key} {direction}, {id} {direction}"
            )
        } else {
            self.by(&key, id)
        }
    }

    /// What lies behind a place; without one: everything.
    pub(super) fn behind(self, position: Option<&Position>) -> Vec<Segment> {
        let (key, id) = (self.key(), self.id());
        let sign = if self.descending { "<" } else { ">" };
        let segment = |text: String, args: Vec<Arg>, null: bool| Segment { text, args, null };
        let nulls = || segment(format!("{key} IS NULL"), Vec::new(), true);
        let values = || segment(format!("{key} IS NOT NULL"), Vec::new(), false);
        let Some(Position { key: at, id: entry }) = position else {
            return match (self.nullable, self.descending) {
                (false, _) => vec![segment(String::new(), Vec::new(), false)],
                (true, false) => vec![nulls(), values()],
                (true, true) => vec![values(), nulls()],
            };
        };
        let entry = Arg::from(*entry);
        if self.column.is_none() {
            return vec![segment(format!("{id} {sign} ?"), vec![entry], false)];
        }
        let value = match at {
            SortKey::Null => {
                let rest = segment(
                    format!("{key} IS NULL AND {id} {sign} ?"),
                    vec![entry],
                    true,
                );
                return if self.descending {
                    vec![rest]
                } else {
                    vec![rest, values()]
                };
            }
            SortKey::Int(value) => Arg::from(*value),
            SortKey::Text(value) => Arg::from(value.clone()),
        };
        let mut segments = vec![
            segment(
                format!("{key} = ? AND {id} {sign} ?"),
                vec![value.clone(), entry],
                false,
            ),
            segment(format!("{key} {sign} ?"), vec![value], false),
        ];
        if self.nullable && self.descending {
            segments.push(nulls());
        }
        segments
    }

    /// Whether a place has a value of the kind that this order sorts by.
    pub(super) fn accepts(self, position: &Position) -> bool {
        match position.key {
            _ if self.column.is_none() => true,
            SortKey::Null => self.nullable,
            SortKey::Int(_) => !self.text,
            SortKey::Text(_) => self.text,
        }
    }

    /// The place behind a row of `id` and `k`.
    pub(super) fn position(self, row: &Row) -> Result<Position, DbError> {
        let key = if self.column.is_none() {
            SortKey::Null
        } else if self.text {
            row.opt_text("k")?.map_or(SortKey::Null, SortKey::Text)
        } else {
            row.opt_int("k")?.map_or(SortKey::Null, SortKey::Int)
        };
        let text = row.text("id")?;
        let id = text.parse().map_err(|_| DbError::Corrupt {
            table: "credentials",
            row: text,
            column: "id",
            reason: "not an identifier".into(),
        })?;
        Ok(Position { key, id })
    }
}

impl Segment {
    /// Whether entries of this segment can fulfil a predicate over the column that is sorted by.
    pub(super) fn may_hold(&self, predicate: &Predicate) -> bool {
        match predicate.kind {
            Kind::Null => self.null,
            Kind::Equal | Kind::Range => !self.null,
            Kind::Other => true,
        }
    }
}
