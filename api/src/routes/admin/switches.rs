//! `POST /pause` and `POST /resume`: the switches that all processes follow.

use axum::{Json, extract::State, http::StatusCode};
use rt_manage_shared::db::{
    halt::{self, Halt},
    system,
    system::Switch,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::input::Body;
use crate::{
    auth::Admin,
    error::{FieldError, Problem},
    state::App,
};

/// Longest reason, in characters: a sentence or two, and what the narrowest column takes.
const MAX_REASON: usize = 255;

#[derive(Debug, Serialize)]
pub(super) struct SwitchView {
    name: String,
    reason: String,
    since: String,
}

impl From<Switch> for SwitchView {
    fn from(switch: Switch) -> Self {
        Self {
            name: switch.name,
            reason: switch.reason,
            since: switch.since.to_rfc3339(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Switches {
    /// Those that are on.
    switches: Vec<SwitchView>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    reason: String,
}

/// `POST /pause`
pub(super) async fn pause(
    State(app): State<App>,
    Admin(actor): Admin,
    Body(body): Body<Pause>,
) -> Result<Json<Switches>, Problem> {
    let reason = body.reason.trim();
    let length = reason.chars().count();
    if length == 0 || length > MAX_REASON || reason.chars().any(char::is_control) {
        let message = format!("must have 1 to {MAX_REASON} characters, on one line");
        return Err(Problem::invalid(vec![FieldError::new("reason", message)]));
    }
    system::switch_on(&mut &app.db, system::PAUSED, reason, app.clock.now()).await?;
    tracing::warn!(by = %actor.name, reason, "an operator paused refreshing");
    switches(&app).await
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Paused,
    Halted,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resume {
    switch: Name,
    /// The halt protects refresh tokens: whoever lifts it says so twice.
    #[serde(default)]
    confirm: bool,
}

/// `POST /resume`
pub(super) async fn resume(
    State(app): State<App>,
    Admin(actor): Admin,
    Body(body): Body<Resume>,
) -> Result<Json<Switches>, Problem> {
    let name = match body.switch {
        Name::Paused => system::PAUSED,
        Name::Halted if body.confirm => system::HALTED,
        Name::Halted => {
            let message = "must be true: read docs/reliability.md#halted before you lift the halt";
            return Err(Problem::invalid(vec![FieldError::new("confirm", message)]));
        }
    };
    if name == system::HALTED {
        may_be_lifted(&app).await?;
    }
    if system::switch_off(&mut &app.db, name).await? {
        tracing::warn!(by = %actor.name, switch = name, "an operator let refreshing go on");
    }
    switches(&app).await
}

/// The halt stays until the database has everything that a journal knows of.
async fn may_be_lifted(app: &App) -> Result<(), Problem> {
    let settings = app.settings.current();
    let now = app.clock.now();
    let halt = halt::halt(
        &mut &app.db,
        now,
        settings.heartbeat,
        settings.abandon_after,
    )
    .await?;
    let Halt::Unsettled { workers, calls_for } = halt else {
        return Ok(());
    };
    let detail = format!(
        "the halt cannot be lifted yet: calls that were begun before it may be under way for another {} s, and {} workers have not \
         replayed their journals",
        calls_for.as_secs(),
        workers.len()
    );
    let wait = calls_for.max(settings.heartbeat).as_secs().max(1);
    Err(
        Problem::new(StatusCode::CONFLICT, "halt_not_settled", detail)
            .with("workers", json!(workers))
            .retry_after(wait),
    )
}

async fn switches(app: &App) -> Result<Json<Switches>, Problem> {
    let on = system::switches(&mut &app.db).await?;
    let switches = on.into_iter().map(SwitchView::from).collect();
    Ok(Json(Switches { switches }))
}
