//! `GET /queue`: what waits, and for how long.

use axum::{Json, extract::State};
use rt_manage_shared::{db::counts::Count, model::attempt::Lane};
use serde::Serialize;
use utoipa::ToSchema;

use super::document::Problems;
use crate::{
    auth::Look,
    error::Problem,
    live::{self, Waiting},
    state::App,
};

/// Where attempts wait for their turn.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LineName)]
enum LineView {
    /// Somebody waits for the answer.
    Interactive,
    /// What is due.
    Schedule,
    /// Jobs over many credentials.
    Job,
}

#[derive(Serialize, ToSchema)]
#[schema(as = QueueLine)]
struct WaitingView {
    line: LineView,
    waiting: Count,
    /// `null` where nothing waits.
    oldest_wait_seconds: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = QueueLane)]
struct LaneView {
    lane: Lane,
    /// How many jobs wait in the queue for a worker; `null`: it does not tell.
    depth: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Queue)]
pub(super) struct QueueView {
    /// Attempts that no worker has claimed, in the database.
    lines: Vec<WaitingView>,
    /// What of them was pushed and not taken yet.
    lanes: Vec<LaneView>,
}

/// What waits in each line, and in each lane of the queue.
#[utoipa::path(get, path = "/queue", tag = "live", operation_id = "queue",
    responses((status = 200, body = QueueView), Problems))]
pub(super) async fn queue(State(app): State<App>, _: Look) -> Result<Json<QueueView>, Problem> {
    let waiting = live::lines(&app.db, app.clock.now()).await?;
    let mut pushed = Vec::with_capacity(Lane::ALL.len());
    for lane in Lane::ALL {
        let depth = live::depth(&app.queue, *lane).await;
        pushed.push(LaneView { lane: *lane, depth });
    }
    let lines = waiting.into_iter().map(WaitingView::from).collect();
    Ok(Json(QueueView {
        lines,
        lanes: pushed,
    }))
}

impl From<Waiting> for WaitingView {
    fn from(waiting: Waiting) -> Self {
        use rt_manage_shared::model::attempt::Line;
        Self {
            line: match waiting.line {
                Line::Interactive => LineView::Interactive,
                Line::Schedule => LineView::Schedule,
                Line::Job => LineView::Job,
            },
            waiting: waiting.waiting,
            oldest_wait_seconds: waiting.oldest_wait.map(|wait| wait.as_secs()),
        }
    }
}
