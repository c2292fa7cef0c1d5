//! `POST {prefix}/refresh`: refreshes, or joins the refresh under way, and waits for its outcome.

use std::time::Duration;

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};
use rt_manage_shared::{
    db::credentials::WithTokens,
    id::{AttemptId, CredentialId},
    model::key::Scope,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{Json, Name, find},
    caller::Caller,
    document::Failures,
    envelope::{Code, Envelope, Failure},
    renewal::{Next, again, ask, outcome},
    tokens::{TokenData, Usable},
};
use crate::state::App;

/// RFC 7240.
const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const RESPOND_ASYNC: &str = "respond-async";

/// A refresh that goes on without the caller.
#[derive(Serialize, ToSchema)]
pub(super) struct Pending {
    biz_id: String,
    /// To be asked about at `GET {prefix}/attempts/{attempt_id}`.
    #[schema(value_type = String)]
    attempt_id: AttemptId,
}

/// Refreshes, waits, and hands out the new access token. With `Prefer: respond-async` it does not wait.
#[utoipa::path(post, path = "/refresh", tag = "public", operation_id = "refresh", security(("apiSecret" = []), ("apiKey" = [])),
    params(("Prefer" = Option<String>, Header, description = "`respond-async`: answer at once")), request_body = Name,
    responses((status = 200, body = Envelope<TokenData>), (status = 202, body = Envelope<Pending>, description = "it goes on"), Failures))]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(name): Json<Name>,
) -> Result<Response, Failure> {
    caller.needs(Scope::Refresh)?;
    let found = find(&app, &caller, &name.named(&caller)?).await?;
    let id = found.credential.id;
    match ask(&app, &caller, &found, None).await? {
        Next::Current => {}
        Next::Wait(attempt) if prefers_async(&headers) => {
            return Ok(pending(&caller, found, attempt));
        }
        Next::Wait(attempt) => {
            let limit = Duration::from_secs(app.config.server.refresh_wait_seconds);
            outcome(&app, &caller, &found, attempt, limit).await?;
        }
    }
    current(&app, &caller, id).await
}

/// The tokens as they stand now.
async fn current(app: &App, caller: &Caller, id: CredentialId) -> Result<Response, Failure> {
    let found = again(app, caller, id).await?;
    let Some(usable) = Usable::of(&found, app.clock.now()) else {
        let msg = "刷新成功，但上游没有返回可用的 AT";
        return Err(caller.failure(Code::AccessTokenMissing, msg));
    };
    let data = usable.hand_out(app, caller)?.data();
    Ok(Answer(Envelope::success(data, &caller.request_id)).into_response())
}

fn pending(caller: &Caller, found: WithTokens, attempt_id: AttemptId) -> Response {
    let data = Pending {
        biz_id: found.credential.profile.biz_id,
        attempt_id,
    };
    let body = Envelope::success(data, &caller.request_id)
        .with_code(Code::RefreshPending, "刷新已受理，正在进行");
    let applied = [(PREFERENCE_APPLIED, HeaderValue::from_static(RESPOND_ASYNC))];
    (StatusCode::ACCEPTED, applied, Answer(body)).into_response()
}

fn prefers_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(','));
    preferences.any(|one| {
        let name = one.split(';').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case(RESPOND_ASYNC)
    })
}
