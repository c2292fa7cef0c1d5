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

use super::switches::SwitchView;
use crate::{auth::Viewer, error::Problem, state::App, status::Status};

#[derive(Serialize)]
pub(super) struct StatusView {
    /// The most pressing finding's; `ok` where there is none.
    status: &'static str,
    findings: Vec<FindingView>,
    switches: Vec<SwitchView>,
    credentials: BTreeMap<&'static str, Count>,
    orphans: Count,
    last_24_hours: Recovered,
    workers: Vec<WorkerView>,
    egresses_on_hold: Vec<HoldView>,
}

#[derive(Serialize)]
struct FindingView {
    #[serde(flatten)]
    about: About,
    #[serde(flatten)]
    count: Count,
}

#[derive(Serialize)]
struct WorkerView {
    id: String,
    host: String,
    version: String,
    lanes: Vec<String>,
    started_at: String,
    heartbeat_at: String,
    in_flight: u32,
    /// Why it claims nothing; `null`: it works.
    not_claiming: Option<String>,
    journal: JournalView,
}

/// The journals as the worker sees them.
#[derive(Serialize)]
struct JournalView {
    /// Why its own takes nothing; `null`: it does.
    failure: Option<String>,
    damaged_places: u32,
    unreadable_answers: u32,
}

#[derive(Serialize)]
struct HoldView {
    egress: String,
    reason: String,
    until: String,
}

/// `GET /status`
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
            orphans: status.orphans,
            last_24_hours: status.recovered,
            workers: status.workers.into_iter().map(WorkerView::from).collect(),
            egresses_on_hold: status.holds.into_iter().map(HoldView::from).collect(),
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
