//! `POST /credentials/{id}/restore`, `…/purge` and `…/revoke`: the ends of a credential, and the way back.

use axum::{Json, extract::State, http::StatusCode};
use rt_manage_shared::vault::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    credential_view::{self, CredentialView},
    document::Problems,
    input::{Body, Id},
};
use crate::{
    auth::{Admin, Caller, Manage},
    credentials::{Credentials, Revocation},
    error::Problem,
    state::App,
};

/// Takes a deleted credential back, within `retention.deleted_days`.
#[utoipa::path(post, path = "/credentials/{id}/restore", tag = "credentials", operation_id = "restoreCredential",
    params(("id" = String, Path)), responses((status = 200, body = CredentialView), Problems))]
pub(super) async fn restore(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
) -> Result<Json<CredentialView>, Problem> {
    let restored = Credentials::of(&app).restore(id, &actor).await?;
    Ok(Json(credential_view::of_one(&app, restored).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Purge {
    /// Also where it was not deleted before.
    #[serde(default)]
    confirm: bool,
}

/// Removes a credential and its tokens for good. What it spent stays remembered.
#[utoipa::path(post, path = "/credentials/{id}/purge", tag = "credentials", operation_id = "purgeCredential",
    params(("id" = String, Path)), request_body = Purge,
    responses((status = 204, description = "nothing is left of it but its history and what it spent"), Problems))]
pub(super) async fn purge(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
    Body(body): Body<Purge>,
) -> Result<StatusCode, Problem> {
    Credentials::of(&app)
        .purge(id, body.confirm, &actor)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoke {
    /// That of whoever asks.
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

/// Has OpenAI revoke the refresh token. The credential is dead then.
#[utoipa::path(post, path = "/credentials/{id}/revoke", tag = "credentials", operation_id = "revokeCredential",
    params(("id" = String, Path)), request_body = Revoke,
    responses((status = 200, body = CredentialView), Problems))]
pub(super) async fn revoke(
    State(app): State<App>,
    Admin(actor): Admin,
    caller: Caller,
    Id(id): Id,
    Body(body): Body<Revoke>,
) -> Result<Json<CredentialView>, Problem> {
    app.sessions.confirm(caller, &actor, &body.password).await?;
    let failed = |code, detail| Problem::new(StatusCode::BAD_GATEWAY, code, detail);
    match Credentials::of(&app).revoke(id, &actor).await? {
        Revocation::Revoked(credential) => {
            Ok(Json(credential_view::of_one(&app, *credential).await?))
        }
        Revocation::MovedOn => Err(Problem::new(
            StatusCode::CONFLICT,
            "contended",
            "the refresh token was revoked, but the credential changed in the meantime; look at it again",
        )),
        Revocation::Failed(why) => Err(failed(
            "revocation_failed",
            format!("the refresh token was not revoked, and nothing has changed: {why}"),
        )),
        Revocation::Unknown(why) => Err(failed(
            "revocation_unknown",
            format!(
                "the refresh token may have been revoked or not, and nothing has changed here: {why}"
            ),
        )),
    }
}
