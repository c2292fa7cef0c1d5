//! `import`: takes refresh tokens in from a file, and tells for each line what became of it.

use std::{
    io::{Read as _, Write as _},
    path::Path,
    process::ExitCode,
};

use anyhow::Context as _;
use rt_manage_shared::{
    clock::Clock,
    config::Loaded,
    db::{Db, audit},
    model::audit::{Action, Actor, Deed},
    notify::Notifier,
    vault::Vault,
};
use rt_manage_worker::Live;
use zeroize::Zeroizing;

use crate::{
    credentials::Credentials,
    import::{self, Line, Report, Verdict},
};

/// Lines between two looks at the output: a long import shows that it goes on.
const STEP: usize = 1000;

pub(super) async fn run(
    file: &Path,
    loaded: &Loaded,
    db: &Db,
    vault: &Vault,
    clock: &Clock,
) -> anyhow::Result<ExitCode> {
    let bytes = read(file).with_context(|| format!("reading {}", file.display()))?;
    let mut lines = import::parse(&bytes)
        .with_context(|| format!("{}: nothing was imported", file.display()))?;
    let settings = Live::open(loaded, db, vault).await?.current();
    let credentials = Credentials {
        db: db.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        notifier: Notifier::in_process(),
        default_client_id: settings.config().openai.client_id.as_str().into(),
        settings,
    };
    let mut summary = Summary::default();
    let mut out = std::io::stdout().lock();
    while !lines.is_empty() {
        let step: Vec<Line> = lines.drain(..lines.len().min(STEP)).collect();
        for report in import::take_in(&credentials, step).await {
            writeln!(out, "{report}")?;
            summary.count(&report);
        }
        out.flush()?;
    }
    let deed = Deed::new(Action::Import)
        .with("created", summary.created)
        .with("duplicates", summary.duplicates)
        .with("spent", summary.spent)
        .with("invalid", summary.invalid)
        .with("failed", summary.failed);
    audit::record(&mut &*db, &Actor::command_line(), &deed, clock.now()).await?;
    writeln!(out, "{summary}")?;
    db.close().await;
    Ok(if summary.failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read(file: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[derive(Debug, Default)]
struct Summary {
    created: usize,
    duplicates: usize,
    spent: usize,
    invalid: usize,
    failed: usize,
    failures: usize,
}

impl Summary {
    fn count(&mut self, report: &Report) {
        let counter = match report.verdict {
            Verdict::Created(_) => &mut self.created,
            Verdict::Duplicate(_) => &mut self.duplicates,
            Verdict::Spent(_) => &mut self.spent,
            Verdict::Invalid(_) => &mut self.invalid,
            Verdict::Failed(_) => &mut self.failed,
        };
        *counter += 1;
        self.failures += usize::from(report.verdict.is_failure());
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            created,
            duplicates,
            spent,
            invalid,
            failed,
            ..
        } = self;
        write!(
            f,
            "{created} created, {duplicates} duplicate, {spent} spent, {invalid} invalid, {failed} failed"
        )
    }
}
