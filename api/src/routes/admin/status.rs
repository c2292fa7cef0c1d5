//! `GET /status`: what an operator has to know of.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use rt_manage_shared::{
    db::{
        coordination::{EgressHold, LiveWorker},
        counts::{Count, Recovered},
    },
    model::finding::About,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    document::Problems,
    switches::{PausedEgress, SwitchView},
};
use crate::{auth::Viewer, error::Problem, state::App, status::Status};

/// What an operator has to know of. Counts end at 10,000; `more` says that there may be more.
#[derive(Serialize, ToSchema)]
#[schema(as = Status)]
pub(super) struct StatusView {
    /// The most pressing finding's severity; `ok` where there is none.
    #[schema(value_type = String)]
    status: &'static str,
    findings: Vec<FindingView>,
    switches: Vec<SwitchView>,
    /// By state.
    #[schema(value_type = BTreeMap<String, Count>)]
    credentials: BTreeMap<&'static str, Count>,
    /// Credentials that were taken over from the predecessor and wait for `POST /migration/confirm`.
    awaiting_migration: Count,
    orphans: Count,
    last_24_hours: Recovered,
    workers: Vec<WorkerView>,
    egresses_on_hold: Vec<HoldView>,
    egresses_paused: Vec<PausedEgress>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StatusFinding)]
struct FindingView {
    #[serde(flatten)]
    about: About,
    #[serde(flatten)]
    count: Count,
}

/// A worker that lives.
#[derive(Serialize, ToSchema)]
#[schema(as = LiveWorker)]
pub(super) struct WorkerView {
    id: String,
    host: String,
    version: String,
    lanes: Vec<String>,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    heartbeat_at: String,
    in_flight: u32,
    /// Why it claims nothing; `null`: it works.
    not_claiming: Option<String>,
    journal: JournalView,
}

/// The journals as the worker sees them.
#[derive(Serialize, ToSchema)]
#[schema(as = WorkerJournal)]
struct JournalView {
    /// Why its own takes nothing; `null`: it does.
    failure: Option<String>,
    damaged_places: u32,
    unreadable_answers: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EgressOnHold)]
struct HoldView {
    /// Its name without credentials.
    egress: String,
    /// `circuit_open` or `retry_after`.
    reason: String,
    #[schema(format = DateTime)]
    until: String,
}

/// What an operator has to know of.
#[utoipa::path(get, path = "/status", tag = "live", operation_id = "status",
    responses((status = 200, body = StatusView), Problems))]
pub(super) async fn status(State(app): State<App>, _: Viewer) -> Result<Json<StatusView>, Problem> {
    let now = app.clock.now();
    let status = Status::read(&app.db, now, app.settings.current().heartbeat).await?;
    Ok(Json(status.into()))
}

impl From<Status> for StatusView {
    fn from(status: Status) -> Self {
        let findings = status.findings().into_iter();
        let counts = status.states.iter();
        Self {
            status: status.severity().map_or("ok", |severity| severity.as_str()),
            findings: findings
                .map(|found| FindingView {
                    about: found.about,
                    count: found.count,
                })
                .collect(),
            credentials: counts
                .map(|(state, count)| (state.as_str(), *count))
                .collect(),
            switches: status.switches.into_iter().map(SwitchView::from).collect(),
            awaiting_migration: status.held.migration,
            orphans: status.orphans,
            last_24_hours: status.recovered,
            workers: status.workers.into_iter().map(WorkerView::from).collect(),
            egresses_on_hold: status.holds.into_iter().map(HoldView::from).collect(),
            egresses_paused: status.pauses.into_iter().map(PausedEgress::from).collect(),
        }
    }
}

impl From<LiveWorker> for WorkerView {
    fn from(worker: LiveWorker) -> Self {
        let LiveWorker {
            info,
            heartbeat_at,
            pulse,
            replayed_halt: _,
        } = worker;
        let lanes = info.lanes.split(',').filter(|lane| !lane.is_empty());
        Self {
            lanes: lanes.map(str::to_owned).collect(),
            id: info.boot_id,
            host: info.host,
            version: info.version,
            started_at: info.started_at.to_rfc3339(),
            heartbeat_at: heartbeat_at.to_rfc3339(),
            in_flight: pulse.in_flight,
            not_claiming: pulse.not_claiming,
            journal: JournalView {
                failure: pulse.journal_failure,
                damaged_places: pulse.journal_damage,
                unreadable_answers: pulse.journal_unreadable,
            },
        }
    }
}

impl From<EgressHold> for HoldView {
    fn from(hold: EgressHold) -> Self {
        Self {
            egress: hold.label,
            reason: hold.reason,
            until: hold.hold_until.to_rfc3339(),
        }
    }
}
