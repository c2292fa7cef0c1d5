//! Lists of named entries: which page, and how often each is used.

use axum::{
    extract::{FromRequestParts, Query},
    http::{StatusCode, request::Parts},
};
use rt_manage_shared::db::counts::Count;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::etag;
use crate::{
    error::{FieldError, Problem},
    named::NamedError,
};

/// Entries on a page where nobody says how many.
const DEFAULT_SIZE: u32 = 50;
/// Most entries on a page: the uses of each are counted.
const MAX_SIZE: u32 = 100;

/// Which page.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntryPage {
    /// From 1.
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Entries on a page.
    #[param(minimum = 1, maximum = 100)]
    page_size: Option<u32>,
}

impl EntryPage {
    pub(super) fn number(self) -> u32 {
        self.page.unwrap_or(1)
    }

    pub(super) fn size(self) -> u32 {
        self.page_size.unwrap_or(DEFAULT_SIZE)
    }

    pub(super) fn skip(self) -> i64 {
        i64::from(self.number().saturating_sub(1)) * i64::from(self.size())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for EntryPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let page = Query::<Self>::try_from_uri(&parts.uri).map_err(|_| {
            let detail =
                "the query takes `page` (from 1) and `page_size` (1 to 100), each a number";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
        })?;
        let mut errors = Vec::new();
        if page.number() == 0 {
            errors.push(FieldError::new("page", "must be at least 1"));
        }
        if !(1..=MAX_SIZE).contains(&page.size()) {
            errors.push(FieldError::new("page_size", "must be from 1 to 100"));
        }
        if errors.is_empty() {
            Ok(page.0)
        } else {
            Err(Problem::invalid(errors))
        }
    }
}

/// Which versions of something.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Versions {
    /// The `next` of another answer.
    before: Option<i64>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

impl Versions {
    pub(super) fn before(self) -> Option<i64> {
        self.before
    }

    pub(super) fn limit(self) -> u32 {
        self.limit.unwrap_or(DEFAULT_SIZE)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Versions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let versions = Query::<Self>::try_from_uri(&parts.uri).map_err(|_| {
            let detail =
                "the query takes `before` (the `next` of another answer) and `limit` (1 to 100)";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
        })?;
        if !(1..=MAX_SIZE).contains(&versions.limit()) {
            let error = FieldError::new("limit", "must be from 1 to 100");
            return Err(Problem::invalid(vec![error]));
        }
        Ok(versions.0)
    }
}

/// How many credentials use something.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct Uses {
    count: u32,
    /// There are more than `count`, which counts up to 10,000.
    more: bool,
}

impl From<Count> for Uses {
    fn from(count: Count) -> Self {
        Self {
            count: count.count,
            more: count.more,
        }
    }
}

impl From<NamedError> for Problem {
    fn from(error: NamedError) -> Self {
        let detail = error.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, detail.clone());
        match error {
            NamedError::Invalid(errors) => Self::invalid(errors),
            NamedError::NotFound => Self::not_found(detail),
            NamedError::Taken => conflict("name_taken"),
            NamedError::InUse(count) => conflict("in_use").with("uses", json!(Uses::from(count))),
            NamedError::Changed(now) => etag::changed(Some(now)),
            NamedError::Database(error) => error.into(),
            NamedError::Vault(error) => error.into(),
        }
    }
}
