//! `jobs`: what was begun and goes on by itself.

mod watch;

use std::{io::Write as _, path::PathBuf};

use clap::Subcommand;
use serde_json::Value;

pub(super) use self::watch::{Waiting, follow};
use super::{
    client::{Call, Client, Exit, Failure},
    output::{self, Output},
};

/// What is done with jobs.
#[derive(Debug, Subcommand)]
pub(super) enum Jobs {
    /// Lists jobs, newest first.
    List {
        /// import or bulk.
        #[arg(long)]
        kind: Option<String>,
        /// States, separated by commas: waiting, running, cancelling, finished, cancelled, failed.
        #[arg(long)]
        state: Option<String>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Those before this one.
        #[arg(long, value_name = "ID")]
        before: Option<String>,
    },
    /// Shows a job.
    Show {
        /// Its id.
        id: String,
    },
    /// Waits for the end of a job and tells how it ended.
    Watch {
        /// Its id.
        id: String,
    },
    /// Ends a job early; what is under way is finished.
    Cancel {
        /// Its id.
        id: String,
        #[command(flatten)]
        waiting: Waiting,
    },
    /// Does what failed again, as a new job.
    Retry {
        /// Its id.
        id: String,
        #[command(flatten)]
        waiting: Waiting,
    },
    /// What became of each row.
    Results {
        /// Its id.
        id: String,
        /// csv or jsonl.
        #[arg(long, default_value = "csv")]
        format: String,
        /// Only rows in these states: done, failed, skipped, cancelled.
        #[arg(long)]
        state: Option<String>,
        /// Into a file instead of standard output.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

pub(super) async fn run(client: &Client, out: Output, command: &Jobs) -> Result<Exit, Failure> {
    match command {
        Jobs::List {
            kind,
            state,
            limit,
            before,
        } => {
            let call = Call::get(["jobs"])
                .maybe("kind", kind.as_deref())
                .maybe("state", state.as_deref())
                .maybe("before", before.as_deref())
                .query("limit", limit.to_string());
            list(out, &client.json(call).await?)
        }
        Jobs::Show { id } => show(out, &client.json(Call::get(["jobs", id])).await?),
        Jobs::Watch { id } => watch::watch(client, out, id).await,
        Jobs::Cancel { id, waiting } => {
            let job = client.json(Call::delete(["jobs", id])).await?;
            cancelled(client, out, &job, waiting).await
        }
        Jobs::Retry { id, waiting } => {
            let job = client.json(Call::post(["jobs", id, "retry"])).await?;
            follow(client, out, &job, waiting).await
        }
        Jobs::Results {
            id,
            format,
            state,
            output,
        } => {
            let call = Call::get(["jobs", id, "results"])
                .query("format", format.as_str())
                .maybe("state", state.as_deref());
            results(client, call, output.as_ref()).await
        }
    }
}

const NAMES: [&str; 8] = [
    "id", "kind", "action", "state", "done", "failed", "total", "created",
];
const CELLS: [&str; 8] = [
    "/id",
    "/kind",
    "/action",
    "/state",
    "/counts/done",
    "/counts/failed",
    "/total",
    "/created_at",
];

fn list(out: Output, page: &Value) -> Result<Exit, Failure> {
    if out.is_json() {
        out.value(page)?;
        return Ok(Exit::Done);
    }
    let items = page.get("items").and_then(Value::as_array);
    let items = items.into_iter().flatten();
    let rows: Vec<_> = items.map(|job| output::row(job, &CELLS)).collect();
    out.rows(&NAMES, &rows)?;
    if let Some(next) = page.get("next").and_then(Value::as_str) {
        out.note(&format!("there are more; --before {next} goes on"));
    }
    Ok(Exit::Done)
}

fn show(out: Output, job: &Value) -> Result<Exit, Failure> {
    if out.is_json() {
        out.value(job)?;
        return Ok(Exit::Done);
    }
    let fields = [
        ("id", "/id"),
        ("kind", "/kind"),
        ("action", "/action"),
        ("state", "/state"),
        ("code", "/code"),
        ("detail", "/detail"),
        ("total", "/total"),
        ("waiting", "/counts/waiting"),
        ("running", "/counts/running"),
        ("done", "/counts/done"),
        ("failed", "/counts/failed"),
        ("skipped", "/counts/skipped"),
        ("cancelled", "/counts/cancelled"),
        ("per second", "/rate_per_second"),
        ("seconds left", "/remaining_seconds"),
        ("retry of", "/retry_of"),
        ("by", "/created_by"),
        ("created", "/created_at"),
        ("started", "/started_at"),
        ("finished", "/finished_at"),
    ];
    let pairs = fields.map(|(name, at)| (name.to_owned(), output::cell(job.pointer(at))));
    let pairs: Vec<_> = pairs
        .into_iter()
        .filter(|pair| !pair.1.is_empty())
        .collect();
    out.pairs(&pairs)?;
    Ok(Exit::Done)
}

/// A job that is being cancelled ends as soon as what is under way has ended. That is what was asked for.
async fn cancelled(
    client: &Client,
    out: Output,
    job: &Value,
    waiting: &Waiting,
) -> Result<Exit, Failure> {
    match follow(client, out, job, waiting).await {
        Ok(Exit::Failed) => Ok(Exit::Done),
        ended => ended,
    }
}

async fn results(client: &Client, call: Call, output: Option<&PathBuf>) -> Result<Exit, Failure> {
    let mut answer = client.send(call).await?;
    let mut to: Box<dyn std::io::Write> = match output {
        None => Box::new(std::io::stdout().lock()),
        Some(path) => {
            let file = std::fs::File::create(path);
            Box::new(file.map_err(|error| Failure::file(path, "making", &error))?)
        }
    };
    while let Some(chunk) = answer.chunk().await? {
        to.write_all(&chunk)?;
    }
    to.flush()?;
    Ok(Exit::Done)
}
