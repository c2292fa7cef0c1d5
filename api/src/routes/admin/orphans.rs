//! `/orphans`: new tokens that could not be applied.

use axum::{Json, extract::State, http::StatusCode};
use rt_manage_shared::{
    db::tokens::{self, Listed},
    id::{AttemptId, CredentialId},
    model::finding::Advice,
};
use serde::{Deserialize, Serialize};

use super::{
    credential_view::{self, CredentialView},
    input::{Attempt, Body},
    paging::{Cursor, Part},
};
use crate::{
    auth::{Admin, Viewer},
    credentials::Credentials,
    error::Problem,
    state::App,
};

#[derive(Debug, Serialize)]
pub(super) struct OrphanView {
    attempt_id: AttemptId,
    credential_id: CredentialId,
    /// `null` where the credential was deleted.
    biz_id: Option<String>,
    reason: String,
    /// The first digits of the fingerprint of the refresh token that it spent.
    spent_refresh_token_fingerprint: String,
    created_at: String,
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

/// `GET /orphans`
pub(super) async fn list(
    State(app): State<App>,
    _: Viewer,
    cursor: Cursor,
) -> Result<Json<Part<OrphanView>>, Problem> {
    let found = tokens::orphan_page(&mut &app.db, cursor.before, cursor.to_read()).await?;
    let part = Part::new(cursor, found, |one| one.attempt, OrphanView::from);
    Ok(Json(part))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Apply {
    /// Also where the credential is healthy.
    #[serde(default)]
    replace: bool,
}

/// `POST /orphans/{attempt}/apply`
pub(super) async fn apply(
    State(app): State<App>,
    Admin(actor): Admin,
    Attempt(attempt): Attempt,
    Body(body): Body<Apply>,
) -> Result<Json<CredentialView>, Problem> {
    let credentials = Credentials::of(&app);
    let applied = credentials
        .apply_orphan(attempt, body.replace, &actor.name)
        .await?;
    Ok(Json(credential_view::of_one(&app, applied).await?))
}

/// `DELETE /orphans/{attempt}`
pub(super) async fn discard(
    State(app): State<App>,
    Admin(actor): Admin,
    Attempt(attempt): Attempt,
) -> Result<StatusCode, Problem> {
    let credentials = Credentials::of(&app);
    credentials.discard_orphan(attempt, &actor.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
