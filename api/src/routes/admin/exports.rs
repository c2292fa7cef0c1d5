//! `POST /exports`: takes credentials out with their tokens.

use axum::{
    body::Body as Content,
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse as _, Response},
};
use futures::TryStreamExt as _;
use rt_manage_shared::vault::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{document::Problems, input::Body};
use crate::{
    auth::{Admin, Caller},
    credentials::{Selection, selection::restorable_since},
    error::Problem,
    export::{ExportError, Exports, Format},
    state::App,
};

/// How many credentials are in the file.
const COUNT: HeaderName = HeaderName::from_static("x-exported-credentials");

#[derive(Deserialize, ToSchema)]
#[schema(as = ExportRequest)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    selection: Selection,
    format: Format,
    /// That of whoever asks.
    #[schema(value_type = String, format = Password)]
    current_password: Secret,
}

/// Exports credentials with their tokens as a file. It is written down in the audit log before, with their number.
#[utoipa::path(post, path = "/exports", tag = "exports", operation_id = "exportCredentials", request_body = Request,
    responses((status = 200, headers(("Content-Disposition" = String), ("X-Exported-Credentials" = u64)),
        content((String = "text/csv"), (String = "application/jsonl"), (String = "application/json"), (Vec<u8> = "application/zip"))), Problems))]
pub(super) async fn export(
    State(app): State<App>,
    Admin(actor): Admin,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Response, Problem> {
    let since = restorable_since(&app.settings.current(), app.clock.now());
    let errors = body.selection.check(since);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    app.sessions
        .confirm(caller, &actor.name, &body.current_password)
        .await?;
    let exports = Exports::of(&app);
    let export = exports.start(&body.selection, body.format, &actor).await?;
    let pieces = export
        .pieces
        .inspect_err(|error| tracing::error!(%error, "an export was cut off"));
    let disposition = format!("attachment; filename=\"{}\"", export.name);
    let headers = [
        (header::CONTENT_TYPE, export.content_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (COUNT, export.count.to_string()),
    ];
    Ok((headers, Content::from_stream(pieces)).into_response())
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Nothing => Self::not_found(error.to_string()),
            ExportError::Database(error) => error.into(),
            error => {
                tracing::error!(%error, "an export was not begun");
                Self::internal()
            }
        }
    }
}
