//! `/auth`: log in and out, who one is, the own sessions and the own password.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use rt_manage_shared::{db::sessions::StoredSession, id, model::role::Role, vault::Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{document::Problems, input::Body};
use crate::{
    auth::{AnySession, Caller, Client, clear_cookie, set_cookie},
    error::Problem,
    routes::RequestId,
    state::App,
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    username: String,
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

/// A session that has begun. Browsers get its token in a cookie as well.
#[derive(Serialize, ToSchema)]
pub(super) struct Opened {
    token: String,
    #[schema(value_type = String)]
    token_type: &'static str,
    #[schema(format = DateTime)]
    expires_at: String,
    username: String,
    role: Role,
    /// It is only good for setting a password.
    must_change_password: bool,
}

/// Opens a session.
#[utoipa::path(post, path = "/auth/login", tag = "sessions", operation_id = "logIn", security(()), request_body = LogIn,
    responses((status = 200, body = Opened), Problems))]
pub(super) async fn log_in(
    State(app): State<App>,
    caller: Caller,
    request: RequestId,
    headers: HeaderMap,
    Body(body): Body<LogIn>,
) -> Result<(HeaderMap, Json<Opened>), Problem> {
    let agent = headers.get(header::USER_AGENT);
    let client = Client {
        caller,
        user_agent: agent
            .and_then(|agent| agent.to_str().ok())
            .map(str::to_owned),
        request_id: request.0,
    };
    let session = app
        .sessions
        .log_in(&client, &body.username, &body.password)
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
        role: session.role,
        must_change_password: session.must_change_password,
    };
    Ok((headers, Json(opened)))
}

/// Ends the session of this request, on every replica.
#[utoipa::path(post, path = "/auth/logout", tag = "sessions", operation_id = "logOut", security(("session" = ["any"])),
    responses((status = 204, description = "the session has ended"), Problems))]
pub(super) async fn log_out(
    State(app): State<App>,
    any: AnySession,
    caller: Caller,
) -> Result<(StatusCode, HeaderMap), Problem> {
    app.sessions.log_out(&any.session, &any.actor).await?;
    Ok((StatusCode::NO_CONTENT, cookie(clear_cookie(caller.https))))
}

/// Whose session this is.
#[derive(Serialize, ToSchema)]
pub(super) struct Current {
    username: String,
    role: Role,
    must_change_password: bool,
}

/// Whose session this is, and what it may do.
#[utoipa::path(get, path = "/auth/session", tag = "sessions", operation_id = "currentSession", security(("session" = ["any"])),
    responses((status = 200, body = Current), Problems))]
pub(super) async fn current(any: AnySession) -> Json<Current> {
    Json(Current {
        username: any.session.username,
        role: any.session.role,
        must_change_password: any.session.must_change_password,
    })
}

/// A session that is open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionView {
    id: String,
    /// From where it was opened.
    address: String,
    /// The program that opened it, as it says.
    user_agent: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// The session of this request.
    current: bool,
}

/// Sessions that are open, the newest first; at most 500.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionList {
    items: Vec<SessionView>,
}

impl SessionList {
    pub(super) fn new(found: Vec<StoredSession>, current: Option<id::SessionId>) -> Self {
        let show = |session: StoredSession| SessionView {
            id: session.id.to_string(),
            address: session.address,
            user_agent: session.user_agent,
            created_at: session.created_at.to_rfc3339(),
            expires_at: session.expires_at.to_rfc3339(),
            current: current == Some(session.id),
        };
        Self {
            items: found.into_iter().map(show).collect(),
        }
    }
}

/// The session that the address names. A text that is no id names none.
pub(super) struct SessionId(pub(super) id::SessionId);

impl SessionId {
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        text.parse().map(Self).map_err(|_| Self::unknown())
    }

    pub(super) fn unknown() -> Problem {
        Problem::not_found("there is no such session")
    }
}

/// Lists the own open sessions.
#[utoipa::path(get, path = "/auth/sessions", tag = "sessions", operation_id = "listSessions", security(("session" = ["any"])),
    responses((status = 200, body = SessionList), Problems))]
pub(super) async fn sessions(
    State(app): State<App>,
    any: AnySession,
) -> Result<Json<SessionList>, Problem> {
    let found = app.sessions.open_sessions(&any.session.username).await?;
    Ok(Json(SessionList::new(found, Some(any.session.id))))
}

/// Ends one of the own sessions, on every replica.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "sessions", operation_id = "endSession", params(("id" = String, Path)),
    security(("session" = ["any"])), responses((status = 204, description = "the session has ended"), Problems))]
pub(super) async fn end_session(
    State(app): State<App>,
    any: AnySession,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = SessionId::read(&id)?;
    let username = &any.session.username;
    if app.sessions.end(&any.actor, username, id.0).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(SessionId::unknown())
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    #[schema(value_type = String, format = Password)]
    current_password: Secret,
    /// At least 10 characters, at most 1024 bytes, and not the published example.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 1024)]
    new_password: Secret,
}

/// Sets a new password, and ends all sessions of its owner, this one included.
#[utoipa::path(post, path = "/auth/password", tag = "sessions", operation_id = "changePassword", security(("session" = ["any"])),
    request_body = ChangePassword,
    responses((status = 204, description = "the password is set; all sessions have ended"), Problems))]
pub(super) async fn change_password(
    State(app): State<App>,
    any: AnySession,
    caller: Caller,
    Body(body): Body<ChangePassword>,
) -> Result<(StatusCode, HeaderMap), Problem> {
    let (current, new) = (&body.current_password, &body.new_password);
    app.sessions
        .change_password(caller, &any.session, &any.actor, current, new)
        .await?;
    Ok((StatusCode::NO_CONTENT, cookie(clear_cookie(caller.https))))
}

fn cookie(value: Option<HeaderValue>) -> HeaderMap {
    value
        .into_iter()
        .map(|value| (header::SET_COOKIE, value))
        .collect()
}
