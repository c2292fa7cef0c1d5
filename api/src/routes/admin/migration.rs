//! `POST /migration/confirm`: the program that credentials were taken over from does not run any more.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{document::Problems, input::Body};
use crate::{
    auth::Admin,
    credentials::Credentials,
    error::{FieldError, Problem},
    state::App,
};

#[derive(Deserialize, ToSchema)]
#[schema(as = MigrationConfirm)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    /// Two programs that refresh one token kill it: whoever confirms says so by `true`.
    #[serde(default)]
    old_program_stopped: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MigrationConfirmed)]
pub(super) struct Confirmed {
    /// So many credentials are refreshed from now on, deleted ones counted.
    released: u64,
}

/// Confirms that the predecessor has stopped: credentials that were taken over from it are refreshed from now on.
#[utoipa::path(post, path = "/migration/confirm", tag = "migration", operation_id = "confirmMigration", request_body = Confirm,
    responses((status = 200, body = Confirmed), Problems))]
pub(super) async fn confirm(
    State(app): State<App>,
    Admin(actor): Admin,
    Body(body): Body<Confirm>,
) -> Result<Json<Confirmed>, Problem> {
    if !body.old_program_stopped {
        let message = "must be true: stop the old program first, or both will refresh the same tokens and lose them";
        let error = FieldError::new("old_program_stopped", message);
        return Err(Problem::invalid(vec![error]));
    }
    let released = Credentials::of(&app).confirm_migration(&actor).await?;
    Ok(Json(Confirmed { released }))
}
