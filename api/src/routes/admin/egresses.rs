//! `GET /egresses`: the ways out, and what is known of them.

use axum::{Json, extract::State};
use rt_manage_shared::{
    clock::Millis,
    db::{coordination::EgressHold, egress_pauses::EgressPause},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::document::Problems;
use crate::{
    auth::Look,
    error::Problem,
    live::{self, EgressView},
    state::App,
};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Circuit {
    /// Calls are made.
    Closed,
    /// Calls wait.
    Open,
    /// The wait is over; one call finds out whether it works.
    HalfOpen,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EgressHold)]
struct HoldView {
    /// `circuit_open` or `retry_after`.
    reason: String,
    #[schema(format = DateTime)]
    until: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EgressPause)]
struct PauseView {
    reason: String,
    #[schema(format = DateTime)]
    since: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Egress)]
struct View {
    /// Its key, which names it in `POST /pause`.
    egress: String,
    /// Its name without credentials.
    label: String,
    /// Whether credentials without a proxy of their own use it.
    default: bool,
    circuit: Circuit,
    /// Why calls have or had to wait.
    hold: Option<HoldView>,
    /// That an operator has paused it.
    paused: Option<PauseView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Egresses {
    /// By key: all that are on hold or paused, and up to 500 that credentials use.
    items: Vec<View>,
    /// Whether credentials use more.
    more: bool,
}

/// The ways out that credentials use, and what is known of them.
#[utoipa::path(get, path = "/egresses", tag = "live", operation_id = "listEgresses",
    responses((status = 200, body = Egresses), Problems))]
pub(super) async fn list(State(app): State<App>, _: Look) -> Result<Json<Egresses>, Problem> {
    let now = app.clock.now();
    let found = live::egresses(&app.db, &app.settings.current()).await?;
    let items = found.items.into_iter();
    Ok(Json(Egresses {
        items: items.map(|one| view(one, now)).collect(),
        more: found.more,
    }))
}

fn view(one: EgressView, now: Millis) -> View {
    View {
        circuit: match &one.hold {
            None => Circuit::Closed,
            Some(_) if one.is_on_hold(now) => Circuit::Open,
            Some(_) => Circuit::HalfOpen,
        },
        egress: one.egress,
        label: one.label,
        default: one.default,
        hold: one.hold.map(HoldView::from),
        paused: one.pause.map(PauseView::from),
    }
}

impl From<EgressHold> for HoldView {
    fn from(hold: EgressHold) -> Self {
        Self {
            reason: hold.reason,
            until: hold.hold_until.to_rfc3339(),
        }
    }
}

impl From<EgressPause> for PauseView {
    fn from(pause: EgressPause) -> Self {
        Self {
            reason: pause.reason,
            since: pause.since.to_rfc3339(),
        }
    }
}
