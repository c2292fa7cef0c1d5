//! `/users`: who may log in.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
};
use rt_manage_shared::{clock::Millis, model::role::Role, vault::Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    auth::{SessionId, SessionList},
    document::Problems,
    input::Body,
};
use crate::{
    auth::{Admin, Caller, Viewer},
    error::Problem,
    state::App,
    users::{Edit, NewPerson, Person, Users},
};

/// Somebody who may log in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserView {
    username: String,
    role: Role,
    /// Whether they may log in.
    enabled: bool,
    /// The account that the configuration names: always an administrator who may log in.
    configured: bool,
    /// `null` for an account that is in the configuration only.
    #[schema(format = DateTime)]
    created_at: Option<String>,
    /// When role, password or `enabled` was changed last.
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

impl From<Person> for UserView {
    fn from(person: Person) -> Self {
        Self {
            username: person.username,
            role: person.role,
            enabled: person.enabled,
            configured: person.configured,
            created_at: person.created_at.map(Millis::to_rfc3339),
            updated_at: person.updated_at.map(Millis::to_rfc3339),
        }
    }
}

/// Everybody who may log in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserList {
    items: Vec<UserView>,
}

/// Lists everybody, by name.
#[utoipa::path(get, path = "/users", tag = "people", operation_id = "listUsers",
    responses((status = 200, body = UserList), Problems))]
pub(super) async fn list(State(app): State<App>, _: Viewer) -> Result<Json<UserList>, Problem> {
    let people = Users::new(&app).list().await?;
    let items = people.into_iter().map(UserView::from).collect();
    Ok(Json(UserList { items }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateUser)]
pub(super) struct Create {
    /// Letters, digits and `. _ - + @`; begins with a letter or digit.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9][A-Za-z0-9._+@-]*$"
    )]
    username: String,
    /// At least 10 characters, at most 1024 bytes, and not the published example.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 1024)]
    password: Secret,
    role: Role,
}

/// Adds a person.
#[utoipa::path(post, path = "/users", tag = "people", operation_id = "createUser", request_body = Create,
    responses((status = 201, body = UserView, headers(("Location" = String))), Problems))]
pub(super) async fn create(
    State(app): State<App>,
    Admin(actor): Admin,
    Body(body): Body<Create>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<UserView>), Problem> {
    let new = NewPerson {
        username: body.username,
        password: body.password,
        role: body.role,
    };
    let person = Users::new(&app).create(&actor, new).await?;
    // A name needs no encoding in an address.
    let location = [(
        header::LOCATION,
        format!("/api/v1/users/{}", person.username),
    )];
    Ok((StatusCode::CREATED, location, Json(person.into())))
}

/// Shows a person.
#[utoipa::path(get, path = "/users/{username}", tag = "people", operation_id = "readUser", params(("username" = String, Path)),
    responses((status = 200, body = UserView), Problems))]
pub(super) async fn read(
    State(app): State<App>,
    _: Viewer,
    Path(username): Path<String>,
) -> Result<Json<UserView>, Problem> {
    let person = Users::new(&app).read(&username).await?;
    Ok(Json(person.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EditUser)]
pub(super) struct Change {
    role: Option<Role>,
    /// Whether they may log in.
    enabled: Option<bool>,
}

/// Changes a person's role, or whether they may log in. What really changes ends their sessions.
#[utoipa::path(patch, path = "/users/{username}", tag = "people", operation_id = "editUser", params(("username" = String, Path)),
    request_body = Change, responses((status = 200, body = UserView), Problems))]
pub(super) async fn edit(
    State(app): State<App>,
    Admin(actor): Admin,
    Path(username): Path<String>,
    Body(body): Body<Change>,
) -> Result<Json<UserView>, Problem> {
    let edit = Edit {
        role: body.role,
        enabled: body.enabled,
    };
    let person = Users::new(&app).edit(&actor, &username, edit).await?;
    Ok(Json(person.into()))
}

/// Removes a person and ends their sessions.
#[utoipa::path(delete, path = "/users/{username}", tag = "people", operation_id = "deleteUser", params(("username" = String, Path)),
    responses((status = 204, description = "the person is removed"), Problems))]
pub(super) async fn delete(
    State(app): State<App>,
    Admin(actor): Admin,
    Path(username): Path<String>,
) -> Result<StatusCode, Problem> {
    Users::new(&app).delete(&actor, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetUserPassword)]
pub(super) struct SetPassword {
    /// The password of whoever asks.
    #[schema(value_type = String, format = Password)]
    current_password: Secret,
    /// At least 10 characters, at most 1024 bytes, and not the published example.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 1024)]
    new_password: Secret,
}

/// Sets somebody's password and ends their sessions. Needs the password of whoever asks.
#[utoipa::path(post, path = "/users/{username}/password", tag = "people", operation_id = "setUserPassword", params(("username" = String, Path)),
    request_body = SetPassword,
    responses((status = 204, description = "the password is set; all sessions of this person have ended"), Problems))]
pub(super) async fn set_password(
    State(app): State<App>,
    Admin(actor): Admin,
    caller: Caller,
    Path(username): Path<String>,
    Body(body): Body<SetPassword>,
) -> Result<StatusCode, Problem> {
    let (own, new) = (&body.current_password, &body.new_password);
    Users::new(&app)
        .set_password(caller, &actor, &username, own, new)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists somebody's open sessions, the newest first.
#[utoipa::path(get, path = "/users/{username}/sessions", tag = "people", operation_id = "listUserSessions", params(("username" = String, Path)),
    security(("session" = ["administrator"])), responses((status = 200, body = SessionList), Problems))]
pub(super) async fn sessions(
    State(app): State<App>,
    _: Admin,
    Path(username): Path<String>,
) -> Result<Json<SessionList>, Problem> {
    Users::new(&app).read(&username).await?;
    let found = app.sessions.open_sessions(&username).await?;
    Ok(Json(SessionList::new(found, None)))
}

/// Ends all sessions of somebody.
#[utoipa::path(delete, path = "/users/{username}/sessions", tag = "people", operation_id = "endUserSessions", params(("username" = String, Path)),
    responses((status = 204, description = "no session of before is left"), Problems))]
pub(super) async fn end_sessions(
    State(app): State<App>,
    Admin(actor): Admin,
    Path(username): Path<String>,
) -> Result<StatusCode, Problem> {
    Users::new(&app).read(&username).await?;
    app.sessions.end_all(&actor, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session of somebody.
#[utoipa::path(delete, path = "/users/{username}/sessions/{id}", tag = "people", operation_id = "endUserSession",
    params(("username" = String, Path), ("id" = String, Path)),
    responses((status = 204, description = "the session has ended"), Problems))]
pub(super) async fn end_session(
    State(app): State<App>,
    Admin(actor): Admin,
    Path((username, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = SessionId::read(&id)?;
    if app.sessions.end(&actor, &username, id.0).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(SessionId::unknown())
    }
}
