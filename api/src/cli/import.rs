//! `import`: takes refresh tokens in from a file, and tells for each row what became of it. It is the same job as over HTTP, carried
//! on in this process.

use std::{
    io::{Read as _, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use rt_manage_shared::{
    clock::Clock,
    config::Loaded,
    db::{Db, job_items, job_items::Item, jobs::Job},
    id::JobId,
    model::{
        audit::Actor,
        job::{ItemState, JobState},
    },
    notify::Notifier,
    vault::Vault,
};
use rt_manage_worker::Live;
use tokio_util::sync::CancellationToken;

use crate::{
    import::{self, Wish, verdict},
    jobs::{JobContext, Jobs, run_here},
};

/// Items that are read and printed at once.
const STEP: u32 = 1000;
/// How often it is looked whether another process has done what it has taken.
const LOOK: Duration = Duration::from_millis(500);

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Nothing is taken in.
    pub(super) dry_run: bool,
    /// A healthy refresh token gives way.
    pub(super) replace: bool,
}

pub(super) async fn run(
    file: &Path,
    wanted: Wanted,
    loaded: &Loaded,
    db: &Db,
    vault: &Vault,
    clock: &Clock,
) -> anyhow::Result<ExitCode> {
    let bytes = read(file).with_context(|| format!("reading {}", file.display()))?;
    let jobs = Jobs::new(db, vault, clock);
    let wish = Wish {
        files: vec![(None, bytes)],
        options: import::Options {
            replace: wanted.replace,
            ..import::Options::default()
        },
        dry_run: wanted.dry_run,
        request: None,
    };
    let job = import::start(&jobs, wish, &Actor::command_line())
        .await
        .with_context(|| format!("{}: nothing was imported", file.display()))?;
    let settings = Live::open(loaded, db, vault).await?;
    let context = JobContext::new(db, vault, clock, &Notifier::in_process(), &settings);
    run_here(&context, job.id, CancellationToken::new()).await?;
    let job = ended(&jobs, job.id).await?;
    let summary = print(db, &job).await?;
    db.close().await;
    let is_done = job.state == JobState::Finished && summary.failures == 0;
    Ok(if is_done {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The job when it has ended: a server may have taken it first.
async fn ended(jobs: &Jobs, id: JobId) -> anyhow::Result<Job> {
    loop {
        let job = jobs.read(id).await?;
        if job.state.has_ended() {
            return Ok(job);
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn print(db: &Db, job: &Job) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut out = std::io::stdout().lock();
    let mut after = 0;
    loop {
        let items = job_items::list(&mut &*db, job.id, &[], after, STEP).await?;
        let Some(last) = items.last() else { break };
        after = last.position;
        for item in &items {
            writeln!(out, "{}", shown(item))?;
            summary.count(item);
        }
    }
    if let Some(detail) = &job.detail {
        writeln!(out, "{}: {detail}", job.state)?;
    }
    writeln!(out, "{summary}")?;
    out.flush()?;
    Ok(summary)
}

fn shown(item: &Item) -> String {
    let place = item.source.as_ref().map(|source| format!("{source}, "));
    let line = item.line.unwrap_or_default();
    let code = item.code.as_deref().unwrap_or_default();
    let mut text = format!("{}line {line}: {code}", place.unwrap_or_default());
    if item.state == ItemState::Done
        && let Some(label) = &item.label
    {
        text = format!("{text} {label}");
    }
    if let Some(detail) = &item.detail {
        text = format!("{text}: {detail}");
    }
    text
}

#[derive(Debug, Default)]
struct Summary {
    created: usize,
    updated: usize,
    duplicates: usize,
    spent: usize,
    invalid: usize,
    failed: usize,
    failures: usize,
}

impl Summary {
    fn count(&mut self, item: &Item) {
        let counter = match item.code.as_deref().unwrap_or_default() {
            verdict::CREATED => &mut self.created,
            verdict::UPDATED => &mut self.updated,
            verdict::DUPLICATE => &mut self.duplicates,
            verdict::SPENT => &mut self.spent,
            verdict::INVALID => &mut self.invalid,
            _ => &mut self.failed,
        };
        *counter += 1;
        self.failures += usize::from(item.state == ItemState::Failed);
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            created,
            updated,
            duplicates,
            spent,
            invalid,
            failed,
            ..
        } = self;
        write!(
            f,
            "{created} created, {updated} updated, {duplicates} duplicate, {spent} spent, {invalid} invalid, {failed} failed"
        )
    }
}
