//! `POST /credentials/{id}/refresh`: refreshes now, or joins the refresh under way, and waits for its outcome.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use rt_manage_shared::{
    db::{attempts::Attempt, audit, credentials, system},
    id::{AttemptId, CredentialId},
    model::{
        attempt::{Cause, Lane, OutcomeKind},
        audit::{Action, Deed, TargetKind},
        grant::HeldReason,
    },
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    credential_view::{self, CredentialView},
    document::Problems,
    input::Id,
};
use crate::{
    auth::Admin,
    credentials::CredentialError,
    error::Problem,
    refresh::{Ask, Asked, Waited},
    routes::RequestId,
    state::App,
};

/// A credential after a refresh.
#[derive(Serialize, ToSchema)]
pub(super) struct Refreshed {
    credential: CredentialView,
    /// `null` where the current tokens came a moment ago and nothing was done.
    attempt: Option<AttemptView>,
}

/// How an attempt ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndedAttempt)]
struct AttemptView {
    #[schema(value_type = String)]
    id: AttemptId,
    /// `null` where it was cancelled before a worker took it.
    outcome: Option<OutcomeKind>,
    code: Option<String>,
    detail: Option<String>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            id: attempt.id,
            outcome: attempt.outcome,
            code: attempt.code,
            detail: attempt.detail,
        }
    }
}

/// Refreshes now, or joins the refresh under way, and waits for its outcome.
#[utoipa::path(post, path = "/credentials/{id}/refresh", tag = "credentials", operation_id = "refreshCredential",
    params(("id" = String, Path)), responses((status = 200, body = Refreshed), Problems))]
pub(super) async fn refresh(
    State(app): State<App>,
    Admin(actor): Admin,
    Id(id): Id,
    request: RequestId,
) -> Result<Json<Refreshed>, Problem> {
    let ask = Ask {
        credential: id,
        lane: Lane::Interactive,
        cause: Cause::Admin,
        request_id: Some(request.0),
    };
    let asked = app.refresher.ask(ask).await?;
    if let Asked::Queued { attempt }
    | Asked::NotPushed { attempt }
    | Asked::Joined { attempt, .. } = &asked
    {
        let deed = Deed::new(Action::CredentialRefresh)
            .to(TargetKind::Credential, id)
            .with("attempt_id", attempt.to_string());
        audit::record(&mut &app.db, &actor, &deed, app.clock.now()).await?;
    }
    let Some(attempt) = under_way(asked)? else {
        return refreshed(&app, id, None).await;
    };
    let limit = Duration::from_secs(app.config.server.refresh_wait_seconds);
    match app.refresher.wait(attempt, limit).await {
        // Superseded: a later answer or a new refresh token settled it; the credential shows how.
        Waited::Ended(ended)
            if matches!(
                ended.outcome,
                Some(OutcomeKind::Rotated | OutcomeKind::Superseded)
            ) =>
        {
            refreshed(&app, id, Some(ended.into())).await
        }
        Waited::Ended(ended) => Err(failed(ended)),
        Waited::TimedOut => {
            let detail = "the refresh is still under way; the credential shows its outcome later";
            let problem = Problem::new(StatusCode::GATEWAY_TIMEOUT, "refresh_pending", detail);
            Err(problem.with("attempt", json!({"id": attempt})))
        }
    }
}

/// The attempt to wait for; `None` where the tokens are fresh.
fn under_way(asked: Asked) -> Result<Option<AttemptId>, Problem> {
    let conflict = |code, detail: &str| Problem::new(StatusCode::CONFLICT, code, detail);
    Err(match asked {
        Asked::Queued { attempt } | Asked::Joined { attempt, .. } => return Ok(Some(attempt)),
        Asked::NotPushed { attempt } => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "queue_unavailable",
            "the queue is away; the refresh stands and is made when it is back",
        )
        .with("attempt", json!({"id": attempt})),
        Asked::Fresh => return Ok(None),
        Asked::Missing => CredentialError::NotFound.into(),
        Asked::Disabled => {
            Problem::forbidden("disabled", "the credential is disabled; enable it first")
        }
        Asked::Dead => conflict(
            "dead",
            "the upstream said that this refresh token is unusable; replace it",
        ),
        Asked::InDoubt => conflict(
            "in_doubt",
            "a call was sent and its outcome is not known; the refresh token is not used again before a probe is due",
        ),
        Asked::Held(reason) => {
            let detail = match reason {
                HeldReason::ClientId => "the upstream does not accept the client id; change it",
                HeldReason::Region => {
                    "the upstream does not serve the region of this egress; change the proxy"
                }
                HeldReason::Migration => {
                    "the program that it was taken over from may still refresh it; stop that one, then confirm the migration"
                }
            };
            conflict("held", detail).with("state_reason", reason.as_str())
        }
        Asked::Stopped { switch } => stopped(&switch),
    })
}

/// Refreshing is paused or halted.
pub(super) fn stopped(switch: &str) -> Problem {
    // The stable codes of the two switches; another one would be a fault of ours, and stops all the same.
    let code = if switch == system::HALTED {
        "refresh_halted"
    } else {
        "refresh_paused"
    };
    let detail = format!("refreshing is {switch} everywhere");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
}

async fn refreshed(
    app: &App,
    id: CredentialId,
    attempt: Option<AttemptView>,
) -> Result<Json<Refreshed>, Problem> {
    let found = credentials::by_id(&mut &app.db, id).await?;
    let found = found.ok_or(CredentialError::NotFound)?;
    let credential = credential_view::of_one(app, found).await?;
    Ok(Json(Refreshed {
        credential,
        attempt,
    }))
}

fn failed(ended: Attempt) -> Problem {
    let view = AttemptView::from(ended);
    let outcome = view.outcome.map_or("cancelled", OutcomeKind::as_str);
    let code = view
        .code
        .as_deref()
        .map(|code| format!(": {code}"))
        .unwrap_or_default();
    Problem::new(
        StatusCode::BAD_GATEWAY,
        "refresh_failed",
        format!("the refresh ended as {outcome}{code}"),
    )
    .with("outcome", outcome)
    .with("attempt", json!(view))
}
