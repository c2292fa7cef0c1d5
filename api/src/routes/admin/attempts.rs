//! `GET /credentials/{id}/attempts`: what was tried with a credential, the newest first.

#![allow(
    unused_qualifications,
    reason = "the macro qualifies what a query is documented by"
)]

use axum::{Json, extract::State};
use rt_manage_shared::{
    clock::Millis,
    db::{
        attempts::{self, Past},
        grants,
    },
    id::{AttemptId, BootId},
    model::attempt::{AttemptState, Cause, Lane, OutcomeKind},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    document::Problems,
    input::Id,
    paging::{Cursor, CursorQuery, Part},
};
use crate::{auth::Look, credentials::CredentialError, error::Problem, state::App};

/// An attempt to refresh a credential.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct PastView {
    #[schema(value_type = String)]
    id: AttemptId,
    lane: Lane,
    cause: Cause,
    /// A deliberate second use of a refresh token in doubt.
    probe: bool,
    state: AttemptState,
    outcome: Option<OutcomeKind>,
    code: Option<String>,
    detail: Option<String>,
    http_status: Option<i64>,
    duration_ms: Option<i64>,
    /// Its answer was taken from a journal.
    replayed: bool,
    /// Its answer was applied after it had been given up.
    late: bool,
    #[schema(value_type = Option<String>)]
    worker: Option<BootId>,
    refresh_token_fingerprint: String,
    request_id: Option<String>,
    #[schema(format = DateTime)]
    requested_at: String,
    #[schema(format = DateTime)]
    claimed_at: Option<String>,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

impl From<Past> for PastView {
    fn from(past: Past) -> Self {
        let attempt = past.attempt;
        let time = |at: Option<Millis>| at.map(Millis::to_rfc3339);
        Self {
            id: attempt.id,
            lane: attempt.lane,
            cause: past.cause,
            probe: past.probe,
            state: attempt.state,
            outcome: attempt.outcome,
            code: attempt.code,
            detail: attempt.detail,
            http_status: past.http_status,
            duration_ms: past.duration_ms,
            replayed: past.replayed,
            late: past.late,
            worker: attempt.worker,
            refresh_token_fingerprint: past.rt_fp.short().to_owned(),
            request_id: past.request_id,
            requested_at: past.requested_at.to_rfc3339(),
            claimed_at: time(past.claimed_at),
            finished_at: time(past.finished_at),
        }
    }
}

/// Lists what was tried with a credential, the newest first; with a deleted one as well, as long as its row is there: an orphan
/// may belong to it.
#[utoipa::path(get, path = "/credentials/{id}/attempts", tag = "credentials", operation_id = "listAttempts",
    params(("id" = String, Path), CursorQuery), responses((status = 200, body = Part<PastView>), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Look,
    Id(id): Id,
    cursor: Cursor,
) -> Result<Json<Part<PastView>>, Problem> {
    let db = &mut &app.db;
    let found = attempts::history(db, id, cursor.before, cursor.to_read()).await?;
    if found.is_empty() && grants::read_one(db, id).await?.is_none() {
        return Err(CredentialError::NotFound.into());
    }
    let part = Part::new(cursor, found, |past| past.attempt.id, PastView::from);
    Ok(Json(part))
}
