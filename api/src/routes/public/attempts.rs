//! `GET {prefix}/attempts/{attempt_id}`: how a refresh goes that nobody waits for.

use axum::{
    Json as Answer,
    extract::{Path, State},
};
use rt_manage_shared::{
    db::{attempts, credentials},
    id::AttemptId,
    model::attempt::{AttemptState, OutcomeKind},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    caller::Caller,
    document::Failures,
    envelope::{Code, Envelope, Failure},
};
use crate::state::App;

/// A refresh.
#[derive(Serialize, ToSchema)]
#[schema(as = PublicAttempt)]
pub(super) struct AttemptData {
    #[schema(value_type = String)]
    attempt_id: AttemptId,
    biz_id: String,
    state: AttemptState,
    /// It has ended.
    done: bool,
    outcome: Option<OutcomeKind>,
    /// As in the answer of a refresh that failed.
    refresh_result: Option<String>,
    detail: Option<String>,
}

/// How a refresh goes.
#[utoipa::path(get, path = "/attempts/{attempt_id}", tag = "public", operation_id = "readAttempt",
    security(("apiSecret" = []), ("apiKey" = [])), params(("attempt_id" = String, Path)),
    responses((status = 200, body = Envelope<AttemptData>), Failures))]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Answer<Envelope<AttemptData>>, Failure> {
    let unknown = || caller.failure(Code::NotFound, "记录不存在");
    let id = id
        .ok()
        .and_then(|Path(text)| text.parse::<AttemptId>().ok());
    let id = id.ok_or_else(unknown)?;
    let database = |error| Failure::database(&error, &caller.request_id);
    let db = &mut &app.db;
    let attempt = attempts::read(db, &[id]).await.map_err(database)?;
    let attempt = attempt.into_iter().next().ok_or_else(unknown)?;
    let credential = credentials::by_id(db, attempt.credential).await;
    let credential = credential.map_err(database)?;
    let credential = credential.filter(|credential| caller.reaches(credential));
    let credential = credential.ok_or_else(unknown)?;
    let done = matches!(
        attempt.state,
        AttemptState::Finished | AttemptState::Cancelled
    );
    let outcome = attempt.outcome.map(|outcome| outcome.as_str().to_owned());
    let data = AttemptData {
        attempt_id: id,
        biz_id: credential.profile.biz_id,
        state: attempt.state,
        done,
        outcome: attempt.outcome,
        refresh_result: attempt.code.or(outcome),
        detail: attempt.detail,
    };
    Ok(Answer(Envelope::success(data, &caller.request_id)))
}
