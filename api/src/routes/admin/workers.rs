//! `GET /workers`: who refreshes, and who did not long ago.

use axum::{Json, extract::State};
use rt_manage_shared::{
    clock::Millis,
    db::coordination::{self, KnownWorker},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{document::Problems, status::WorkerView};
use crate::{auth::Look, error::Problem, state::App};

/// Most workers that are shown: in three days few are started more often.
const MOST: u32 = 500;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WorkerState)]
enum StateView {
    /// It says that it lives.
    Alive,
    /// It ended in order.
    Stopped,
    /// It has not said for some time that it lives.
    Vanished,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Worker)]
struct KnownView {
    #[serde(flatten)]
    worker: WorkerView,
    state: StateView,
    #[schema(format = DateTime)]
    stopped_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Workers {
    /// Those first that were seen last.
    items: Vec<KnownView>,
}

/// Workers that live, and those that stopped or vanished within the last three days. What those say of themselves is what they
/// said last.
#[utoipa::path(get, path = "/workers", tag = "live", operation_id = "listWorkers",
    responses((status = 200, body = Workers), Problems))]
pub(super) async fn list(State(app): State<App>, _: Look) -> Result<Json<Workers>, Problem> {
    let since = coordination::alive_since(app.clock.now(), app.settings.current().heartbeat);
    let known = coordination::known_workers(&mut &app.db, MOST).await?;
    let show = |worker: KnownWorker| KnownView {
        state: match worker.stopped_at {
            Some(_) => StateView::Stopped,
            None if worker.last.heartbeat_at >= since => StateView::Alive,
            None => StateView::Vanished,
        },
        stopped_at: worker.stopped_at.map(Millis::to_rfc3339),
        worker: worker.last.into(),
    };
    let items = known.into_iter().map(show).collect();
    Ok(Json(Workers { items }))
}
