//! Which part of a list is asked for.

use axum::{
    extract::{FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use rt_manage_shared::{id::AttemptId, model::grant::StateName};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::{FieldError, Problem};

/// Entries on a page where nobody says how many.
const DEFAULT_PAGE_SIZE: u32 = 50;
/// Most entries on a page.
const MAX_PAGE_SIZE: u32 = 500;

/// Which page of a list, of the entries in which states.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// From 1.
    pub(super) number: u32,
    pub(super) size: u32,
    /// None: in any state.
    pub(super) states: Vec<StateName>,
}

impl Page {
    pub(super) fn offset(&self) -> i64 {
        i64::from(self.number.saturating_sub(1)) * i64::from(self.size)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    page: Option<u32>,
    page_size: Option<u32>,
    state: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query: PageQuery = read(
            parts,
            "the query takes `page` (from 1), `page_size` (1 to 500), each a number, and `state` (names, separated by commas)",
        )?;
        let mut errors = Vec::new();
        let page = Self {
            number: query.page.unwrap_or(1),
            size: size("page_size", query.page_size, &mut errors),
            states: states(query.state.as_deref(), &mut errors),
        };
        if page.number == 0 {
            errors.push(FieldError::new("page", "must be at least 1"));
        }
        done(errors).map(|()| page)
    }
}

fn states(text: Option<&str>, errors: &mut Vec<FieldError>) -> Vec<StateName> {
    let names = text.into_iter().flat_map(|text| text.split(','));
    let found: Option<Vec<_>> = names.map(StateName::parse).collect();
    found.unwrap_or_else(|| {
        let known: Vec<_> = StateName::ALL.iter().map(|state| state.as_str()).collect();
        let message = format!("must be names of {}, separated by commas", known.join(", "));
        errors.push(FieldError::new("state", message));
        Vec::new()
    })
}

/// Which part of a list that is read from its newest entry on: each entry is an attempt, or about one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    /// The last entry of the part before; none: from the newest on.
    pub(super) before: Option<AttemptId>,
    pub(super) limit: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CursorQuery {
    before: Option<String>,
    limit: Option<u32>,
}

impl<S: Send + Sync> FromRequestParts<S> for Cursor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query: CursorQuery = read(
            parts,
            "the query takes `before` (the `next` of another answer) and `limit` (1 to 500)",
        )?;
        let mut errors = Vec::new();
        let before = query.before.map(|text| text.parse()).transpose();
        let cursor = Self {
            before: before.unwrap_or_else(|_| {
                let message = "must be the `next` of another answer";
                errors.push(FieldError::new("before", message));
                None
            }),
            limit: size("limit", query.limit, &mut errors),
        };
        done(errors).map(|()| cursor)
    }
}

impl Cursor {
    /// One more than is shown: so it is known whether more follow.
    pub(super) const fn to_read(self) -> u32 {
        self.limit.saturating_add(1)
    }
}

/// A part of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Part<T> {
    items: Vec<T>,
    /// What to give as `before` for the part behind this one; `null` where there is none.
    #[schema(value_type = Option<String>)]
    next: Option<AttemptId>,
}

impl<T> Part<T> {
    /// Shows what was read for `cursor`.
    pub(super) fn new<F>(
        cursor: Cursor,
        found: Vec<F>,
        id: impl Fn(&F) -> AttemptId,
        show: impl Fn(F) -> T,
    ) -> Self {
        let limit = usize::try_from(cursor.limit).unwrap_or(usize::MAX);
        let goes_on = found.len() > limit;
        let last = limit.checked_sub(1).and_then(|last| found.get(last));
        Self {
            next: last.filter(|_| goes_on).map(id),
            items: found.into_iter().take(limit).map(show).collect(),
        }
    }
}

pub(super) fn read<T: DeserializeOwned>(parts: &Parts, detail: &str) -> Result<T, Problem> {
    let query = Query::<T>::try_from_uri(&parts.uri);
    query
        .map(|Query(query)| query)
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail))
}

pub(super) fn size(field: &'static str, size: Option<u32>, errors: &mut Vec<FieldError>) -> u32 {
    let size = size.unwrap_or(DEFAULT_PAGE_SIZE);
    if !(1..=MAX_PAGE_SIZE).contains(&size) {
        errors.push(FieldError::new(field, "must be from 1 to 500"));
    }
    size
}

pub(super) fn done(errors: Vec<FieldError>) -> Result<(), Problem> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(errors))
    }
}
