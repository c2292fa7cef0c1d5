//! `POST /pause` and `POST /resume`: the switches that all processes follow.

use axum::{Json, extract::State, http::StatusCode};
use rt_manage_shared::db::{
    egress_pauses::{self, EgressPause},
    halt::{self, Halt},
    system,
    system::Switch,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{document::Problems, input::Body};
use crate::{
    auth::Admin,
    error::{FieldError, Problem},
    live::{self, PauseError},
    state::App,
};

/// Longest reason, in characters: a sentence or two, and what the narrowest column takes.
const MAX_REASON: usize = 255;

/// A switch that stops all refreshing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SwitchView {
    /// `paused` or `halted`.
    name: String,
    reason: String,
    #[schema(format = DateTime)]
    since: String,
}

/// An egress through which nothing is called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PausedEgress {
    /// Its key.
    egress: String,
    /// Its name without credentials.
    label: String,
    reason: String,
    #[schema(format = DateTime)]
    since: String,
}

impl From<EgressPause> for PausedEgress {
    fn from(pause: EgressPause) -> Self {
        Self {
            egress: pause.egress,
            label: pause.label,
            reason: pause.reason,
            since: pause.since.to_rfc3339(),
        }
    }
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

/// What stops refreshing.
#[derive(Serialize, ToSchema)]
pub(super) struct Switches {
    /// The switches that are on.
    switches: Vec<SwitchView>,
    /// The egresses that are paused.
    egresses: Vec<PausedEgress>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    /// On one line.
    #[schema(min_length = 1, max_length = 255)]
    reason: String,
    /// The key or the label of one egress, as `GET /egresses` shows them; absent or `null`: all refreshing.
    egress: Option<String>,
}

/// Pauses refreshing, or what goes through one egress. The first reason stays where it is paused already.
#[utoipa::path(post, path = "/pause", tag = "live", operation_id = "pause", request_body = Pause,
    responses((status = 200, body = Switches), Problems))]
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
    let now = app.clock.now();
    match &body.egress {
        None => live::pause(&app.db, &actor, reason, now).await?,
        Some(name) => {
            live::pause_egress(&app.db, &app.settings.current(), &actor, name, reason, now).await?;
        }
    }
    tracing::warn!(by = %actor.name, reason, egress = body.egress, "an operator paused refreshing");
    switches(&app).await
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = SwitchName)]
#[serde(rename_all = "snake_case")]
enum Name {
    Paused,
    Halted,
}

/// One of `switch` and `egress`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resume {
    switch: Option<Name>,
    /// The key or the label of a paused egress.
    egress: Option<String>,
    /// The halt protects refresh tokens: whoever lifts it says so twice.
    #[serde(default)]
    confirm: bool,
}

/// Lets refreshing go on: everywhere, or through one egress.
#[utoipa::path(post, path = "/resume", tag = "live", operation_id = "resume", request_body = Resume,
    responses((status = 200, body = Switches), Problems))]
pub(super) async fn resume(
    State(app): State<App>,
    Admin(actor): Admin,
    Body(body): Body<Resume>,
) -> Result<Json<Switches>, Problem> {
    let invalid =
        |field: &str, message: &str| Problem::invalid(vec![FieldError::new(field, message)]);
    let now = app.clock.now();
    let name = match (body.switch, &body.egress) {
        (None, Some(egress)) => {
            live::resume_egress(&app.db, &app.settings.current(), &actor, egress, now).await?;
            tracing::warn!(by = %actor.name, egress, "an operator let an egress be used again");
            return switches(&app).await;
        }
        (Some(Name::Paused), None) => system::PAUSED,
        (Some(Name::Halted), None) if body.confirm => system::HALTED,
        (Some(Name::Halted), None) => {
            let message = "must be true: read docs/reliability.md#halted before you lift the halt";
            return Err(invalid("confirm", message));
        }
        (Some(_), Some(_)) => return Err(invalid("egress", "cannot stand beside `switch`")),
        (None, None) => return Err(invalid("switch", "is missing")),
    };
    if name == system::HALTED {
        may_be_lifted(&app).await?;
    }
    if live::resume(&app.db, &actor, name, now).await? {
        tracing::warn!(by = %actor.name, switch = name, "an operator let refreshing go on");
    }
    switches(&app).await
}

impl From<PauseError> for Problem {
    fn from(error: PauseError) -> Self {
        let detail = error.to_string();
        match error {
            PauseError::Unknown => Self::not_found(detail),
            PauseError::Ambiguous(keys) => {
                Self::new(StatusCode::CONFLICT, "egress_ambiguous", detail)
                    .with("egresses", json!(keys))
            }
            PauseError::Database(error) => error.into(),
        }
    }
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
    let paused = egress_pauses::all(&mut &app.db).await?;
    Ok(Json(Switches {
        switches: on.into_iter().map(SwitchView::from).collect(),
        egresses: paused.into_iter().map(PausedEgress::from).collect(),
    }))
}
