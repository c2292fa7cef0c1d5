//! `/jobs`: long operations, how far they are, and giving them up.

#![allow(
    unused_qualifications,
    reason = "the macro qualifies what a query is documented by"
)]

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header, request::Parts},
};
use rt_manage_shared::{
    clock::Millis,
    db::jobs::{self, Filter, Job},
    id::JobId,
    model::job::{JobKind, JobState},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    document::Problems,
    input::{JobId as Id, once},
    paging::{done, read, size, words},
};
use crate::{
    auth::{Look, Manage},
    error::{FieldError, Problem},
    state::App,
};

/// A long operation over many credentials.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct JobView {
    #[schema(value_type = String)]
    id: JobId,
    kind: JobKind,
    /// What exactly it does.
    action: String,
    state: JobState,
    /// How many items it has; `null` until all are known.
    total: Option<u32>,
    counts: CountsView,
    /// Results a second, since it was begun; `null` before that.
    rate_per_second: Option<f64>,
    /// How long the rest takes at that pace; `null` where nobody can tell.
    remaining_seconds: Option<u64>,
    /// Why it could not go on.
    code: Option<String>,
    detail: Option<String>,
    /// What was asked for, without secrets; depends on the kind.
    spec: Map<String, Value>,
    /// The job whose failed items it repeats.
    #[schema(value_type = Option<String>)]
    retry_of: Option<JobId>,
    /// Who asked for it.
    created_by: String,
    /// `user`, `key`, `command_line` or `system`.
    created_by_kind: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

/// How many items are in each state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobCounts)]
struct CountsView {
    /// 0 as long as the total is not known.
    waiting: u32,
    running: u32,
    done: u32,
    failed: u32,
    skipped: u32,
    cancelled: u32,
}

impl JobView {
    pub(super) fn new(job: Job, now: Millis) -> Self {
        let counts = job.counts;
        let end = job.finished_at.unwrap_or(now);
        let elapsed = job.started_at.map(|start| end.since(start));
        let rate = elapsed.and_then(|elapsed| counts.rate(elapsed));
        let total = job.total.filter(|_| !job.state.has_ended());
        let remaining = elapsed
            .zip(total)
            .and_then(|(elapsed, total)| counts.remaining(total, elapsed));
        Self {
            id: job.id,
            kind: job.kind,
            action: job.action,
            state: job.state,
            total: job.total,
            counts: CountsView {
                waiting: job.total.map_or(0, |total| counts.waiting(total)),
                running: counts.running,
                done: counts.done,
                failed: counts.failed,
                skipped: counts.skipped,
                cancelled: counts.cancelled,
            },
            rate_per_second: rate.map(|rate| (rate * 100.0).round() / 100.0),
            remaining_seconds: remaining.as_ref().map(Duration::as_secs),
            code: job.code,
            detail: job.detail,
            spec: job.spec,
            retry_of: job.retry_of,
            created_by_kind: job.actor.kind.as_str(),
            created_by: job.actor.name,
            created_at: job.created_at.to_rfc3339(),
            started_at: job.started_at.map(Millis::to_rfc3339),
            finished_at: job.finished_at.map(Millis::to_rfc3339),
        }
    }
}

/// The answer to whoever asked for a job.
pub(super) type Accepted = (StatusCode, [(HeaderName, String); 1], Json<JobView>);

/// 202: the job, and where it is.
pub(super) fn accepted(app: &App, job: Job) -> Accepted {
    let location = format!("/api/v1/jobs/{}", job.id);
    let view = JobView::new(job, app.clock.now());
    (
        StatusCode::ACCEPTED,
        [(header::LOCATION, location)],
        Json(view),
    )
}

/// A part of the jobs, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobPart {
    items: Vec<JobView>,
    /// What to give as `before` for the part behind this one; `null` where there is none.
    next: Option<String>,
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Kinds, separated by commas.
    #[param(value_type = Option<Vec<JobKind>>, style = Form, explode = false)]
    kind: Option<String>,
    /// States, separated by commas.
    #[param(value_type = Option<Vec<JobState>>, style = Form, explode = false)]
    state: Option<String>,
    /// The `next` of the answer before.
    before: Option<String>,
    /// Most entries of the answer.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

const LIST_QUERY: &str = "the query takes `kind`, `state`, `before` (the `next` of another answer) and `limit` (1 to 500), each once";

/// Lists jobs, the newest first.
#[utoipa::path(get, path = "/jobs", tag = "jobs", operation_id = "listJobs", params(ListQuery),
    responses((status = 200, body = JobPart), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Look,
    parts: Parts,
) -> Result<Json<JobPart>, Problem> {
    let query: ListQuery = read(&parts, LIST_QUERY)?;
    let mut errors = Vec::new();
    let filter = Filter {
        kinds: words("kind", query.kind.as_deref(), JobKind::ALL, &mut errors),
        states: words("state", query.state.as_deref(), JobState::ALL, &mut errors),
    };
    let limit = size("limit", query.limit, &mut errors);
    let before = query.before.map(|text| text.parse()).transpose();
    let before = before.unwrap_or_else(|_| {
        let message = "must be the `next` of another answer";
        errors.push(FieldError::new("before", message));
        None
    });
    done(errors)?;
    let mut found = jobs::list(&mut &app.db, &filter, before, limit.saturating_add(1)).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = found.len() > shown;
    found.truncate(shown);
    let now = app.clock.now();
    Ok(Json(JobPart {
        next: found
            .last()
            .filter(|_| goes_on)
            .map(|job| job.id.to_string()),
        items: found
            .into_iter()
            .map(|job| JobView::new(job, now))
            .collect(),
    }))
}

/// Shows a job.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", operation_id = "readJob", params(("id" = String, Path)),
    responses((status = 200, body = JobView), Problems))]
pub(super) async fn show(
    State(app): State<App>,
    _: Look,
    Id(id): Id,
) -> Result<Json<JobView>, Problem> {
    let job = app.jobs.read(id).await?;
    Ok(Json(JobView::new(job, app.clock.now())))
}

/// Cancels a job: what it has begun ends, the rest is not begun.
#[utoipa::path(delete, path = "/jobs/{id}", tag = "jobs", operation_id = "cancelJob", params(("id" = String, Path)),
    responses((status = 202, body = JobView, headers(("Location" = String))), Problems))]
pub(super) async fn cancel(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
) -> Result<Accepted, Problem> {
    let job = app.jobs.cancel(id, &actor).await?;
    Ok(accepted(&app, job))
}

/// Starts a job over the items of this one that failed.
#[utoipa::path(post, path = "/jobs/{id}/retry", tag = "jobs", operation_id = "retryJob",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "the same request with the same key is done once")),
    responses((status = 202, body = JobView, headers(("Location" = String))), Problems))]
pub(super) async fn retry(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
    parts: Parts,
) -> Result<Accepted, Problem> {
    let request = once(&parts, Default::default)?;
    let job = app.jobs.retry(id, request, &actor).await?;
    Ok(accepted(&app, job))
}
