//! `GET /attempts/open`: what waits and what is under way.

use axum::{Json, extract::State};
use rt_manage_shared::{
    clock::Millis,
    db::attempts::{self, Open},
    id::{AttemptId, BootId, CredentialId},
    model::attempt::{AttemptState, Cause, Lane},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{document::Problems, paging::Cursor};
use crate::{auth::Look, error::Problem, state::App};

#[derive(Serialize, ToSchema)]
#[schema(as = OpenAttempt)]
struct OpenView {
    #[schema(value_type = String)]
    id: AttemptId,
    #[schema(value_type = String)]
    credential_id: CredentialId,
    /// `null` where the credential was deleted.
    biz_id: Option<String>,
    /// `queued` or `refreshing`.
    state: AttemptState,
    lane: Lane,
    cause: Cause,
    /// A deliberate second use of a refresh token in doubt.
    probe: bool,
    /// Since when it is in this state.
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    requested_at: String,
    /// Who makes it.
    #[schema(value_type = Option<String>)]
    worker: Option<BootId>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct OpenAttempts {
    items: Vec<OpenView>,
    /// What to give as `before` for the part behind this one; `null` where there is none.
    #[schema(value_type = Option<String>)]
    next: Option<AttemptId>,
}

/// Attempts that wait or are under way, the newest first.
#[utoipa::path(get, path = "/attempts/open", tag = "live", operation_id = "listOpenAttempts", 
    params(("before" = Option<String>, Query, description = "the `next` of another answer"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "50 where nothing is said")),
    responses((status = 200, body = OpenAttempts), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Look,
    cursor: Cursor,
) -> Result<Json<OpenAttempts>, Problem> {
    let mut found = attempts::open(&mut &app.db, cursor.before, cursor.to_read()).await?;
    let limit = usize::try_from(cursor.limit).unwrap_or(usize::MAX);
    let goes_on = found.len() > limit;
    found.truncate(limit);
    Ok(Json(OpenAttempts {
        next: found.last().filter(|_| goes_on).map(|last| last.attempt.id),
        items: found.into_iter().map(OpenView::from).collect(),
    }))
}

impl From<Open> for OpenView {
    fn from(open: Open) -> Self {
        let attempt = open.attempt;
        Self {
            id: attempt.id,
            credential_id: attempt.credential,
            biz_id: open.biz_id,
            state: attempt.state,
            lane: attempt.lane,
            cause: open.cause,
            probe: open.probe,
            since: Millis::to_rfc3339(open.claimed_at.unwrap_or(open.requested_at)),
            requested_at: open.requested_at.to_rfc3339(),
            worker: attempt.worker,
        }
    }
}
