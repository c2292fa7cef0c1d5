//! `POST /credentials/{id}/resolve` and `…/retry`: an operator decides about a credential in doubt or held.

use axum::{Json, extract::State, http::StatusCode};
use rt_manage_shared::{
    db::system,
    id::{AttemptId, CredentialId},
    model::{
        attempt::{Cause, Lane},
        audit::Actor,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    credential_view::{self, CredentialView},
    document::Problems,
    input::{Body, Id},
    refresh::stopped,
};
use crate::{
    auth::Manage,
    credentials::{CredentialError, Credentials, Decision},
    error::Problem,
    refresh::{Ask, Asked},
    routes::RequestId,
    state::App,
};

#[derive(Deserialize, ToSchema)]
#[schema(as = ResolveAction)]
#[serde(rename_all = "snake_case")]
enum Action {
    ProbeNow,
    MarkDead,
    KeepWaiting,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    action: Action,
}

/// A credential after a decision.
#[derive(Serialize, ToSchema)]
pub(super) struct Resolved {
    credential: CredentialView,
    /// The attempt that follows from it; its outcome is in the credential's history later.
    attempt: Option<Following>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FollowingAttempt)]
struct Following {
    #[schema(value_type = String)]
    id: AttemptId,
}

/// Decides about a credential in doubt.
#[utoipa::path(post, path = "/credentials/{id}/resolve", tag = "credentials", operation_id = "resolveDoubt",
    params(("id" = String, Path)), request_body = Resolve,
    responses((status = 200, body = Resolved), (status = 202, description = "an attempt follows", body = Resolved), Problems))]
pub(super) async fn resolve(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
    request: RequestId,
    Body(body): Body<Resolve>,
) -> Result<(StatusCode, Json<Resolved>), Problem> {
    let decision = match body.action {
        Action::ProbeNow => Decision::ProbeNow,
        Action::MarkDead => Decision::MarkDead,
        Action::KeepWaiting => Decision::KeepWaiting,
    };
    decide(&app, id, decision, &actor, request).await
}

/// Tries a held credential again as it is.
#[utoipa::path(post, path = "/credentials/{id}/retry", tag = "credentials", operation_id = "retryHeld",
    params(("id" = String, Path)),
    responses((status = 200, body = Resolved), (status = 202, description = "an attempt follows", body = Resolved), Problems))]
pub(super) async fn retry(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
    request: RequestId,
) -> Result<(StatusCode, Json<Resolved>), Problem> {
    decide(&app, id, Decision::Retry, &actor, request).await
}

async fn decide(
    app: &App,
    id: CredentialId,
    decision: Decision,
    actor: &Actor,
    request: RequestId,
) -> Result<(StatusCode, Json<Resolved>), Problem> {
    // What cannot be made now is refused before it is ordered: nobody expects a probe hours later.
    if decision.refreshes()
        && let Some(switch) = system::switches(&mut &app.db).await?.into_iter().next()
    {
        return Err(stopped(&switch.name));
    }
    let mut credential = Credentials::of(app).decide(id, decision, actor).await?;
    let mut attempt = None;
    if decision.refreshes() {
        attempt = asked(app, id, request).await?;
        let found = rt_manage_shared::db::credentials::by_id(&mut &app.db, id).await?;
        credential = found.ok_or(CredentialError::NotFound)?;
    }
    let status = if attempt.is_some() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    let credential = credential_view::of_one(app, credential).await?;
    Ok((
        status,
        Json(Resolved {
            credential,
            attempt,
        }),
    ))
}

/// The attempt that was queued for the decision; `None` where the scheduler makes it later.
async fn asked(
    app: &App,
    id: CredentialId,
    request: RequestId,
) -> Result<Option<Following>, Problem> {
    let ask = Ask {
        credential: id,
        lane: Lane::Interactive,
        cause: Cause::Admin,
        request_id: Some(request.0),
    };
    Ok(match app.refresher.ask(ask).await? {
        Asked::Queued { attempt }
        | Asked::NotPushed { attempt }
        | Asked::Joined { attempt, .. } => Some(Following { id: attempt }),
        _ => None,
    })
}
