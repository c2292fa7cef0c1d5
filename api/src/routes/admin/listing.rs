//! The query of a list of credentials: which ones, in which order, from where on.

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rt_manage_shared::{
    clock::Millis,
    db::credentials::accepts,
    model::{
        grant::StateName,
        listing::{Filter, Position, Sort, SortBy},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::paging::{done, read, size, words};
use crate::{
    credentials::{Filters, selection},
    error::{FieldError, Problem},
    state::App,
};

/// Deepest entry that a page by number may begin behind: its cost grows with it. Beyond, lists are read by cursor.
const DEEPEST: u32 = 10_000;

/// Lists of values are separated by commas.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FilterQuery {
    /// How `biz_id`, e-mail address or name begin, byte by byte; an e-mail address also in lower case.
    #[param(max_length = 512)]
    search: Option<String>,
    /// Tags; an empty one: without a tag.
    tag: Option<String>,
    /// Plans; an empty one: no plan is known.
    plan: Option<String>,
    /// States: `idle`, `queued`, `refreshing`, `in_doubt`, `held`, `dead`.
    state: Option<String>,
    enabled: Option<bool>,
    client_id: Option<String>,
    /// Proxies as `proxy` shows them, or values of `egress`; `default`: without a proxy of its own.
    proxy: Option<String>,
    /// The access token ends before this time (RFC 3339).
    #[param(format = DateTime)]
    expires_before: Option<String>,
    /// The access token ends at this time or later.
    #[param(format = DateTime)]
    expires_after: Option<String>,
    #[param(format = DateTime)]
    refreshed_before: Option<String>,
    #[param(format = DateTime)]
    refreshed_after: Option<String>,
    #[param(format = DateTime)]
    created_before: Option<String>,
    #[param(format = DateTime)]
    created_after: Option<String>,
    has_access_token: Option<bool>,
    /// Those that were deleted and can be restored, instead of those that are there.
    deleted: Option<bool>,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "what the document says of a part of `Query`")]
pub(super) struct PageQuery {
    /// From 1. Not together with `after`.
    #[param(minimum = 1, default = 1)]
    page: Option<u32>,
    #[param(minimum = 1, maximum = 500, default = 50)]
    page_size: Option<u32>,
    /// The `next` of the answer before, for the same filters and order.
    after: Option<String>,
    /// A field, with `-` in front from the greatest on: `id`, `biz_id`, `email`, `name`, `plan`, `tag`, `state`, `enabled`,
    /// `client_id`, `proxy`, `at_expires_at`, `next_refresh_at`, `refreshed_at`, `failures`, `created_at`, `updated_at`.
    #[param(default = "-id")]
    sort: Option<String>,
}

/// All that a list takes. The reader of queries knows no flattening of numbers, so the fields stand here again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    page: Option<u32>,
    page_size: Option<u32>,
    after: Option<String>,
    sort: Option<String>,
    search: Option<String>,
    tag: Option<String>,
    plan: Option<String>,
    state: Option<String>,
    enabled: Option<bool>,
    client_id: Option<String>,
    proxy: Option<String>,
    expires_before: Option<String>,
    expires_after: Option<String>,
    refreshed_before: Option<String>,
    refreshed_after: Option<String>,
    created_before: Option<String>,
    created_after: Option<String>,
    has_access_token: Option<bool>,
    deleted: Option<bool>,
}

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) filter: Filter,
    pub(super) sort: Sort,
    pub(super) after: Option<Position>,
    /// From 1; 1 where there is a cursor.
    pub(super) page: u32,
    pub(super) size: u32,
}

impl Listing {
    pub(super) const fn skip(&self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(self.size)
    }
}

/// The filter alone.
pub(super) struct Which(pub(super) Filter);

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: String,
    at: Position,
}

/// A place as a text that nobody is meant to read.
pub(super) fn cursor(sort: Sort, at: Position) -> String {
    let cursor = Cursor {
        sort: sort.to_string(),
        at,
    };
    // Texts and numbers always serialise; an empty cursor would be refused when it comes back.
    let text = serde_json::to_vec(&cursor).unwrap_or_default();
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

fn place(text: &str, sort: Sort) -> Option<Position> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let cursor: Cursor = serde_json::from_slice(&bytes).ok()?;
    let fits = cursor.sort == sort.to_string() && accepts(sort, &cursor.at);
    fits.then_some(cursor.at)
}

const QUERY: &str = "the query takes `page`, `page_size`, `after`, `sort` and the filters that docs/api.md lists, each once; numbers as digits, \
                     `enabled`, `has_access_token` and `deleted` as true or false";

impl FromRequestParts<App> for Listing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query: Query = read(parts, QUERY)?;
        let mut errors = Vec::new();
        let sort = query
            .sort
            .as_deref()
            .map_or_else(|| Some(Sort::default()), Sort::parse);
        if sort.is_none() {
            let known: Vec<_> = SortBy::ALL.iter().map(|by| by.as_str()).collect();
            let message = format!(
                "must be one of {}, with or without `-` in front",
                known.join(", ")
            );
            errors.push(FieldError::new("sort", message));
        }
        let sort = sort.unwrap_or_default();
        let after = query.after.as_deref().map(|text| place(text, sort));
        if after == Some(None) {
            let message = "must be the `next` of an answer in the same order";
            errors.push(FieldError::new("after", message));
        }
        let listing = Self {
            sort,
            after: after.flatten(),
            page: query.page.unwrap_or(1),
            size: size("page_size", query.page_size, &mut errors),
            filter: query.filter().read(restorable_since(app), &mut errors),
        };
        if query.page.is_some() && query.after.is_some() {
            errors.push(FieldError::new("page", "cannot stand beside `after`"));
        } else if listing.page == 0 {
            errors.push(FieldError::new("page", "must be at least 1"));
        } else if listing.skip() > DEEPEST {
            let message = format!(
                "begins behind more than {DEEPEST} entries; go on with `after` and the `next` of an answer"
            );
            errors.push(FieldError::new("page", message));
        }
        done(errors).map(|()| listing)
    }
}

impl FromRequestParts<App> for Which {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query: FilterQuery = read(
            parts,
            "the query takes the filters of `GET /credentials`, each once",
        )?;
        let mut errors = Vec::new();
        let filter = query.read(restorable_since(app), &mut errors);
        done(errors).map(|()| Self(filter))
    }
}

impl Query {
    fn filter(&self) -> FilterQuery {
        FilterQuery {
            search: self.search.clone(),
            tag: self.tag.clone(),
            plan: self.plan.clone(),
            state: self.state.clone(),
            enabled: self.enabled,
            client_id: self.client_id.clone(),
            proxy: self.proxy.clone(),
            expires_before: self.expires_before.clone(),
            expires_after: self.expires_after.clone(),
            refreshed_before: self.refreshed_before.clone(),
            refreshed_after: self.refreshed_after.clone(),
            created_before: self.created_before.clone(),
            created_after: self.created_after.clone(),
            has_access_token: self.has_access_token,
            deleted: self.deleted,
        }
    }
}

/// What was deleted since then can be restored.
fn restorable_since(app: &App) -> Millis {
    selection::restorable_since(&app.settings.current(), app.clock.now())
}

impl FilterQuery {
    fn read(self, restorable_since: Millis, errors: &mut Vec<FieldError>) -> Filter {
        let state = words("state", self.state.as_deref(), StateName::ALL, errors);
        let filters = Filters {
            search: self.search,
            tag: values(self.tag.as_deref()),
            plan: values(self.plan.as_deref()),
            state,
            enabled: self.enabled,
            client_id: values(self.client_id.as_deref()),
            proxy: values(self.proxy.as_deref()),
            expires_before: self.expires_before,
            expires_after: self.expires_after,
            refreshed_before: self.refreshed_before,
            refreshed_after: self.refreshed_after,
            created_before: self.created_before,
            created_after: self.created_after,
            has_access_token: self.has_access_token,
            deleted: self.deleted,
        };
        filters.read(restorable_since, errors)
    }
}

fn values(text: Option<&str>) -> Vec<String> {
    let values = text.into_iter().flat_map(|text| text.split(','));
    values.map(str::to_owned).collect()
}
