//! Which part of a list is asked for.

use axum::{
    extract::{FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use rt_manage_shared::id::AttemptId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use crate::error::{FieldError, Problem};

/// Entries on a page where nobody says how many.
const DEFAULT_PAGE_SIZE: u32 = 50;
/// Most entries on a page.
const MAX_PAGE_SIZE: u32 = 500;

/// Which part of a list that is read from its newest entry on: each entry is an attempt, or about one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    /// The last entry of the part before; none: from the newest on.
    pub(super) before: Option<AttemptId>,
    pub(super) limit: u32,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CursorQuery {
    /// The `next` of the answer before.
    before: Option<String>,
    /// Most entries of the answer.
    #[param(minimum = 1, maximum = 500, default = 50)]
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
#[derive(Debug, Serialize, ToSchema)]
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

/// Words out of a list that is separated by commas; none where nothing is given.
pub(super) fn words<T: Copy + std::fmt::Display>(
    field: &'static str,
    text: Option<&str>,
    known: &[T],
    errors: &mut Vec<FieldError>,
) -> Vec<T> {
    let given = text.into_iter().flat_map(|text| text.split(','));
    let find = |word: &str| known.iter().find(|one| one.to_string() == word).copied();
    let found: Option<Vec<T>> = given.map(find).collect();
    let mut found = found.unwrap_or_else(|| {
        let known: Vec<_> = known.iter().map(T::to_string).collect();
        let known = known.join(", ");
        let message = format!("must be some of {known}, separated by commas");
        errors.push(FieldError::new(field, message));
        Vec::new()
    });
    // Each once: they are looked for one by one.
    let mut seen = Vec::new();
    found.retain(|one| {
        let word = one.to_string();
        let new = !seen.contains(&word);
        seen.push(word);
        new
    });
    found
}

pub(super) fn done(errors: Vec<FieldError>) -> Result<(), Problem> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(errors))
    }
}
