//! `/jobs/{id}/items` and `/jobs/{id}/results`: what became of each item.

#![allow(
    unused_qualifications,
    reason = "the macro qualifies what a query is documented by"
)]

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{header, request::Parts},
    response::{IntoResponse as _, Response},
};
use futures::TryStreamExt as _;
use rt_manage_shared::{
    db::job_items::{self, Item},
    id::{AttemptId, CredentialId},
    model::job::ItemState,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    document::Problems,
    input::JobId as Id,
    paging::{done, read, size, words},
};
use crate::{auth::Look, error::Problem, jobs::results, sheet::Format, state::App};

/// What became of an item of a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobItem)]
struct ItemView {
    /// Its number in the job, from 1.
    position: u32,
    /// Its line in the file that it comes from.
    line: Option<u32>,
    /// Which of several files.
    source: Option<String>,
    #[schema(value_type = Option<String>)]
    credential_id: Option<CredentialId>,
    /// The `biz_id` of that credential.
    label: Option<String>,
    state: ItemState,
    code: Option<String>,
    detail: Option<String>,
    /// The attempt that was made for it.
    #[schema(value_type = Option<String>)]
    attempt_id: Option<AttemptId>,
}

impl From<Item> for ItemView {
    fn from(item: Item) -> Self {
        Self {
            position: item.position,
            line: item.line,
            source: item.source,
            credential_id: item.credential,
            label: item.label,
            state: item.state,
            code: item.code,
            detail: item.detail,
            attempt_id: item.attempt,
        }
    }
}

/// A part of the items, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobItemPart {
    items: Vec<ItemView>,
    /// What to give as `after` for the part behind this one; `null` where there is none.
    next: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ItemQuery {
    /// States, separated by commas.
    #[param(value_type = Option<Vec<ItemState>>, style = Form, explode = false)]
    state: Option<String>,
    /// The `next` of the answer before.
    after: Option<u32>,
    /// Most entries of the answer.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Lists the items of a job.
#[utoipa::path(get, path = "/jobs/{id}/items", tag = "jobs", operation_id = "listJobItems",
    params(("id" = String, Path), ItemQuery), responses((status = 200, body = JobItemPart), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Look,
    Id(id): Id,
    parts: Parts,
) -> Result<Json<JobItemPart>, Problem> {
    let detail = "the query takes `state`, `after` (the `next` of another answer) and `limit` (1 to 500), each once";
    let query: ItemQuery = read(&parts, detail)?;
    let mut errors = Vec::new();
    let states = words("state", query.state.as_deref(), ItemState::ALL, &mut errors);
    let limit = size("limit", query.limit, &mut errors);
    done(errors)?;
    app.jobs.read(id).await?;
    let after = query.after.unwrap_or(0);
    let read = limit.saturating_add(1);
    let mut found = job_items::list(&mut &app.db, id, &states, after, read).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = found.len() > shown;
    found.truncate(shown);
    Ok(Json(JobItemPart {
        next: found.last().filter(|_| goes_on).map(|item| item.position),
        items: found.into_iter().map(ItemView::from).collect(),
    }))
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ResultsFormat {
    #[default]
    Csv,
    Jsonl,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ResultsQuery {
    /// `csv`, where nobody says otherwise.
    #[param(inline)]
    format: Option<ResultsFormat>,
    /// States, separated by commas.
    #[param(value_type = Option<Vec<ItemState>>, style = Form, explode = false)]
    state: Option<String>,
}

/// Takes what became of each item out as a file.
#[utoipa::path(get, path = "/jobs/{id}/results", tag = "jobs", operation_id = "exportJobResults",
    params(("id" = String, Path), ResultsQuery),
    responses((status = 200, content((String = "text/csv"), (String = "application/jsonl"))), Problems))]
pub(super) async fn take_out(
    State(app): State<App>,
    _: Look,
    Id(id): Id,
    parts: Parts,
) -> Result<Response, Problem> {
    let detail = "the query takes `format` (csv or jsonl) and `state`, each once";
    let query: ResultsQuery = read(&parts, detail)?;
    let mut errors = Vec::new();
    let states = words("state", query.state.as_deref(), ItemState::ALL, &mut errors);
    done(errors)?;
    app.jobs.read(id).await?;
    let (format, content_type, ending) = match query.format.unwrap_or_default() {
        ResultsFormat::Csv => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        ResultsFormat::Jsonl => (Format::Jsonl, "application/jsonl", "jsonl"),
    };
    let pieces = results(app.db.clone(), id, states, format)
        .inspect_err(|error| tracing::error!(%error, "the results of a job were cut off"));
    let disposition = format!("attachment; filename=\"job-{id}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
