//! `/orphans`: new tokens that could not be applied.

#![allow(
    unused_qualifications,
    reason = "the macro qualifies what a query is documented by"
)]

use axum::{Json, extract::State, http::StatusCode};
use rt_manage_shared::{
    db::tokens::{self, Listed},
    id::{AttemptId, CredentialId},
    model::finding::Advice,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    credential_view::{self, CredentialView},
    document::Problems,
    input::{Attempt, Body},
    paging::{Cursor, CursorQuery, Part},
};
use crate::{
    auth::{Look, Manage},
    credentials::Credentials,
    error::Problem,
    state::App,
};

/// New tokens that could not be applied.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrphanView {
    #[schema(value_type = String)]
    attempt_id: AttemptId,
    #[schema(value_type = String)]
    credential_id: CredentialId,
    /// `null` where the credential was deleted.
    biz_id: Option<String>,
    reason: String,
    /// The first digits of the fingerprint of the refresh token that it spent.
    spent_refresh_token_fingerprint: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(value_type = Vec<Advice>)]
    advice: &'static [Advice],
}

impl From<Listed> for OrphanView {
    fn from(orphan: Listed) -> Self {
        Self {
            attempt_id: orphan.attempt,
            credential_id: orphan.credential,
            advice: if orphan.biz_id.is_some() {
                &[Advice::ApplyOrphan, Advice::DiscardOrphan]
            } else {
                &[Advice::DiscardOrphan]
            },
            biz_id: orphan.biz_id,
            reason: orphan.reason,
            spent_refresh_token_fingerprint: orphan.rt_fp.short().to_owned(),
            created_at: orphan.created_at.to_rfc3339(),
        }
    }
}

/// Lists new tokens that could not be applied, those of the newest attempts first.
#[utoipa::path(get, path = "/orphans", tag = "orphans", operation_id = "listOrphans", params(CursorQuery),
    responses((status = 200, body = Part<OrphanView>), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Look,
    cursor: Cursor,
) -> Result<Json<Part<OrphanView>>, Problem> {
    let found = tokens::orphan_page(&mut &app.db, cursor.before, cursor.to_read()).await?;
    let part = Part::new(cursor, found, |one| one.attempt, OrphanView::from);
    Ok(Json(part))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ApplyOrphan)]
#[serde(deny_unknown_fields)]
pub(super) struct Apply {
    /// Also where the credential is healthy.
    #[serde(default)]
    replace: bool,
}

/// Puts them in their credential's place after all.
#[utoipa::path(post, path = "/orphans/{attempt}/apply", tag = "orphans", operation_id = "applyOrphan",
    params(("attempt" = String, Path)), request_body = Apply, responses((status = 200, body = CredentialView), Problems))]
pub(super) async fn apply(
    State(app): State<App>,
    Manage(actor): Manage,
    Attempt(attempt): Attempt,
    Body(body): Body<Apply>,
) -> Result<Json<CredentialView>, Problem> {
    let credentials = Credentials::of(&app);
    let applied = credentials
        .apply_orphan(attempt, body.replace, &actor)
        .await?;
    Ok(Json(credential_view::of_one(&app, applied).await?))
}

/// Throws them away for good.
#[utoipa::path(delete, path = "/orphans/{attempt}", tag = "orphans", operation_id = "discardOrphan",
    params(("attempt" = String, Path)), responses((status = 204, description = "they are gone"), Problems))]
pub(super) async fn discard(
    State(app): State<App>,
    Manage(actor): Manage,
    Attempt(attempt): Attempt,
) -> Result<StatusCode, Problem> {
    let credentials = Credentials::of(&app);
    credentials.discard_orphan(attempt, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
