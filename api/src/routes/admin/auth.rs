//! `/auth`: log in, and set a password.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use rt_manage_shared::vault::Secret;
use serde::{Deserialize, Serialize};

use super::input::Body;
use crate::{
    auth::{AnySession, Caller, clear_cookie, set_cookie},
    error::Problem,
    state::App,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    username: String,
    password: Secret,
}

#[derive(Serialize)]
pub(super) struct Opened {
    token: String,
    token_type: &'static str,
    /// RFC 3339.
    expires_at: String,
    username: String,
    must_change_password: bool,
}

/// `POST /auth/login`
pub(super) async fn log_in(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<LogIn>,
) -> Result<(HeaderMap, Json<Opened>), Problem> {
    let session = app
        .sessions
        .log_in(caller, &body.username, &body.password)
        .await?;
    let headers = cookie(set_cookie(
        &session.token,
        app.sessions.life(),
        caller.https,
    ));
    let opened = Opened {
        token: session.token.expose().to_owned(),
        token_type: "Bearer",
        expires_at: session.expires_at.to_rfc3339(),
        username: session.username,
        must_change_password: session.must_change_password,
    };
    Ok((headers, Json(opened)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    current_password: Secret,
    new_password: Secret,
}

/// `POST /auth/password`
pub(super) async fn change_password(
    State(app): State<App>,
    AnySession(session): AnySession,
    caller: Caller,
    Body(body): Body<ChangePassword>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let sessions = &app.sessions;
    sessions
        .change_password(caller, &session, &body.current_password, &body.new_password)
        .await?;
    Ok((StatusCode::NO_CONTENT, cookie(clear_cookie(caller.https))))
}

fn cookie(value: Option<HeaderValue>) -> HeaderMap {
    value
        .into_iter()
        .map(|value| (header::SET_COOKIE, value))
        .collect()
}
