//! `POST /credentials/{id}/reveal`: shows one secret of a credential to somebody who gives the password again.

use axum::{Json, extract::State};
use rt_manage_shared::vault::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    document::Problems,
    input::{Body, Id},
};
use crate::{
    auth::{Admin, Caller},
    credentials::{Credentials, What},
    error::Problem,
    state::App,
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reveal {
    /// That of whoever asks.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    what: What,
}

/// A secret.
#[derive(Serialize, ToSchema)]
pub(super) struct RevealedView {
    what: What,
    value: String,
}

/// Shows a secret. It is written down in the audit log before.
#[utoipa::path(post, path = "/credentials/{id}/reveal", tag = "credentials", operation_id = "revealSecret",
    params(("id" = String, Path)), request_body = Reveal,
    responses((status = 200, body = RevealedView), Problems))]
pub(super) async fn reveal(
    State(app): State<App>,
    Admin(actor): Admin,
    caller: Caller,
    Id(id): Id,
    Body(body): Body<Reveal>,
) -> Result<Json<RevealedView>, Problem> {
    app.sessions.confirm(caller, &actor, &body.password).await?;
    let revealed = Credentials::of(&app).reveal(id, body.what, &actor).await?;
    Ok(Json(RevealedView {
        what: body.what,
        value: revealed.0.expose().to_owned(),
    }))
}
