//! Waiting for a job, with a bar on a terminal.

use std::time::Duration;

use clap::Args;
use rt_manage_shared::clock::BootInstant;
use serde_json::Value;

use crate::cli::{
    client::{Call, Client, Exit, Failure, text},
    output::{self, Output, Progress},
};

/// Between the first two looks; each time twice as long, because some jobs are over at once.
const FIRST_LOOK: Duration = Duration::from_millis(20);
/// At most.
const LOOK: Duration = Duration::from_millis(500);
/// A job whose counts stand still for so long may have nobody who works on it.
const STILL: Duration = Duration::from_secs(20);
/// Rows that are told of at the end; the rest is in the results.
const TOLD: usize = 20;

/// Whether a command waits for the job that it starts.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct Waiting {
    /// Prints the job and does not wait for its end.
    #[arg(long)]
    detach: bool,
    /// Waits for its end, which is what happens anyway.
    #[arg(long, hide = true, overrides_with = "detach")]
    wait: bool,
}

impl Waiting {
    pub(in crate::cli) const fn is_detached(self) -> bool {
        self.detach && !self.wait
    }
}

/// Waits for the end of a job that was just started, unless nobody wants that.
pub(in crate::cli) async fn follow(
    client: &Client,
    out: Output,
    job: &Value,
    waiting: &Waiting,
) -> Result<Exit, Failure> {
    if !waiting.is_detached() {
        return watch(client, out, text(job, "/id")).await;
    }
    if out.is_json() {
        out.value(job)?;
    } else {
        out.line(text(job, "/id"))?;
    }
    out.note("the job goes on; `rt-manage-api jobs watch` with this id shows it");
    Ok(Exit::Done)
}

/// Waits for the end of a job, and tells how it ended.
pub(super) async fn watch(client: &Client, out: Output, id: &str) -> Result<Exit, Failure> {
    client.carry_jobs_on();
    let progress = Progress::new(out);
    let ended = tokio::select! {
        ended = end(client, id, &progress) => ended,
        _ = tokio::signal::ctrl_c() => {
            progress.clear();
            out.note(&format!("the job {id} goes on where a server runs; `rt-manage-api jobs cancel {id}` ends it"));
            return Ok(Exit::Interrupted);
        }
    };
    progress.clear();
    tell(client, out, &ended?).await
}

async fn end(client: &Client, id: &str, progress: &Progress) -> Result<Value, Failure> {
    let mut still = Still::new();
    let mut distance = FIRST_LOOK;
    loop {
        let job = client.json(Call::get(["jobs", id])).await?;
        if is_over(&job) {
            return Ok(job);
        }
        let what = format!("{} {}", text(&job, "/action"), text(&job, "/state"));
        let total = job.get("total").and_then(Value::as_u64);
        progress.show(&what, settled(&job), total);
        if still.is_so(&job) && client.is_local() && !client.somebody_refreshes().await? {
            let message = format!(
                "nothing moves: no process that makes refreshes runs on this database; the job {id} stands"
            );
            return Err(Failure::new(Exit::Later, message)
                .hint("Start the server (`rt-manage-api serve`); `rt-manage-api jobs watch` shows the job then."));
        }
        tokio::time::sleep(distance).await;
        distance = LOOK.min(distance * 2);
    }
}

/// Notices that nothing moves.
struct Still {
    since: BootInstant,
    seen: Value,
}

impl Still {
    fn new() -> Self {
        Self {
            since: BootInstant::now(),
            seen: Value::Null,
        }
    }

    /// Whether the counts have stood still for long; said once in that time.
    fn is_so(&mut self, job: &Value) -> bool {
        let counts = job.get("counts").cloned().unwrap_or_default();
        let still = counts == self.seen && self.since.elapsed() >= STILL;
        if counts != self.seen || still {
            self.seen = counts;
            self.since = BootInstant::now();
        }
        still
    }
}

pub(super) fn is_over(job: &Value) -> bool {
    matches!(text(job, "/state"), "finished" | "cancelled" | "failed")
}

fn count(job: &Value, state: &str) -> u64 {
    let count = job.get("counts").and_then(|counts| counts.get(state));
    count.and_then(Value::as_u64).unwrap_or(0)
}

pub(super) fn settled(job: &Value) -> u64 {
    let settled = ["done", "failed", "skipped", "cancelled"];
    settled.iter().map(|state| count(job, state)).sum()
}

/// What became of it, and of the rows that did not go well.
async fn tell(client: &Client, out: Output, job: &Value) -> Result<Exit, Failure> {
    let failed = count(job, "failed");
    let well = text(job, "/state") == "finished" && failed == 0;
    if out.is_json() {
        out.value(job)?;
    } else {
        out.line(&sentence(job))?;
        if failed + count(job, "skipped") > 0 {
            not_well(client, out, text(job, "/id")).await?;
        }
    }
    Ok(if well { Exit::Done } else { Exit::Failed })
}

fn sentence(job: &Value) -> String {
    let counted = ["done", "failed", "skipped", "cancelled"];
    let counted = counted.map(|state| format!("{} {state}", count(job, state)));
    let why = match text(job, "/code") {
        "" => String::new(),
        code => format!("; {code} {}", text(job, "/detail")),
    };
    let (action, state) = (text(job, "/action"), text(job, "/state"));
    format!("{action} {state}: {}{why}", counted.join(", "))
}

async fn not_well(client: &Client, out: Output, id: &str) -> Result<(), Failure> {
    let call = Call::get(["jobs", id, "items"])
        .query("state", "failed,skipped")
        .query("limit", TOLD.to_string());
    let list = client.json(call).await?;
    let items = list.get("items").and_then(Value::as_array);
    let cells = ["/line", "/label", "/state", "/code", "/detail"];
    let rows: Vec<_> = items
        .into_iter()
        .flatten()
        .map(|item| output::row(item, &cells))
        .collect();
    out.rows(&["line", "name", "state", "code", "detail"], &rows)?;
    if list.get("next").is_some_and(|next| !next.is_null()) {
        out.note(&format!(
            "there are more; `rt-manage-api jobs results {id}` has all of them"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sentences() {
        let job = json!({
            "action": "refresh", "state": "failed", "code": "canary_failed", "detail": "of the first 10",
            "counts": {"waiting": 0, "running": 0, "done": 7, "failed": 3, "skipped": 0, "cancelled": 90},
        });
        assert_eq!(
            sentence(&job),
            "refresh failed: 7 done, 3 failed, 0 skipped, 90 cancelled; canary_failed of the first 10"
        );
        assert!(is_over(&job) && settled(&job) == 100);
        assert!(!is_over(&json!({"state": "cancelling"})));
    }
}
