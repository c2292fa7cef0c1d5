//! `GET /credentials/facets`: how the credentials of a filter are spread.

#![allow(
    unused_qualifications,
    reason = "the macro qualifies what a query is documented by"
)]

use axum::{Json, extract::State};
use rt_manage_shared::{
    db::{counts::Count, facets, facets::Share},
    model::grant::StateName,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    document::Problems,
    listing::{FilterQuery, Which},
};
use crate::{auth::Look, error::Problem, state::App};

/// How credentials are spread. Values with the most credentials come first; at most 50 of each kind are told.
#[derive(Serialize, ToSchema)]
pub(super) struct FacetsView {
    total: u32,
    /// There may be more than `total`, and the shares are those of a part: of 10,000 that fit, or of those that fit among the
    /// 10,000 newest.
    more: bool,
    states: Vec<StateShare>,
    tags: Vec<TextShare>,
    plans: Vec<PlanShare>,
    enabled: Vec<FlagShare>,
    client_ids: Vec<TextShare>,
}

#[derive(Serialize, ToSchema)]
struct StateShare {
    value: StateName,
    count: u32,
    /// There are more than `count`.
    more: bool,
}

#[derive(Serialize, ToSchema)]
struct TextShare {
    value: String,
    count: u32,
}

#[derive(Serialize, ToSchema)]
struct PlanShare {
    /// `null`: none is known.
    value: Option<String>,
    count: u32,
}

#[derive(Serialize, ToSchema)]
struct FlagShare {
    value: bool,
    count: u32,
}

impl From<(StateName, Count)> for StateShare {
    fn from((value, Count { count, more }): (StateName, Count)) -> Self {
        Self { value, count, more }
    }
}

impl From<Share<String>> for TextShare {
    fn from(Share { value, count }: Share<String>) -> Self {
        Self { value, count }
    }
}

impl From<Share<Option<String>>> for PlanShare {
    fn from(Share { value, count }: Share<Option<String>>) -> Self {
        Self { value, count }
    }
}

impl From<Share<bool>> for FlagShare {
    fn from(Share { value, count }: Share<bool>) -> Self {
        Self { value, count }
    }
}

/// Counts the credentials of a filter by state, tag, plan, enabled and client id.
#[utoipa::path(get, path = "/credentials/facets", tag = "credentials", operation_id = "countCredentials", params(FilterQuery),
    responses((status = 200, body = FacetsView), Problems))]
pub(super) async fn facets(
    State(app): State<App>,
    _: Look,
    Which(filter): Which,
) -> Result<Json<FacetsView>, Problem> {
    let found = facets::facets(&mut &app.db, &filter).await?;
    Ok(Json(FacetsView {
        total: found.total.count,
        more: found.more,
        states: found.states.into_iter().map(StateShare::from).collect(),
        tags: found.tags.into_iter().map(TextShare::from).collect(),
        plans: found.plans.into_iter().map(PlanShare::from).collect(),
        enabled: found.enabled.into_iter().map(FlagShare::from).collect(),
        client_ids: found.client_ids.into_iter().map(TextShare::from).collect(),
    }))
}
