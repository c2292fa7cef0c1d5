//! What happens now: who works, what waits, and which ways out are used.

mod egresses;
mod pause;

pub use egresses::{EgressView, Egresses, egresses};
pub use pause::{PauseError, pause, pause_egress, resume, resume_egress};

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError, attempts,
        counts::{self, Count},
    },
    model::attempt::{Lane, Line},
    queue::Producer,
};

/// A queue that does not answer must not keep whoever asks waiting.
const QUEUE_PATIENCE: Duration = Duration::from_secs(2);

/// What waits in one line.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Which line.
    pub line: Line,
    /// How many attempts wait.
    pub waiting: Count,
    /// How long the oldest of them has waited.
    pub oldest_wait: Option<Duration>,
}

/// What waits in each line, counted up to a limit.
pub async fn lines(db: &Db, now: Millis) -> Result<Vec<Waiting>, DbError> {
    let mut lines = Vec::with_capacity(Line::ALL.len());
    for line in Line::ALL {
        let oldest = attempts::waiting(&mut &*db, *line, None, 1).await?;
        let waiting = if oldest.is_empty() {
            0
        } else {
            attempts::queued(&mut &*db, *line, &[], counts::LIMIT).await?
        };
        lines.push(Waiting {
            line: *line,
            waiting: Count::limited(waiting),
            oldest_wait: oldest.first().map(|one| now.since(one.requested_at)),
        });
    }
    Ok(lines)
}

/// How many jobs wait in a lane of the queue; `None`: it does not tell.
pub async fn depth(queue: &Producer, lane: Lane) -> Option<u32> {
    let asked = tokio::time::timeout(QUEUE_PATIENCE, queue.depth(lane)).await;
    asked.ok()?.ok()
}
