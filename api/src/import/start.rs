//! Asking for an import: a file is read at once, so that its faults are told at once, and its rows wait in the database, sealed.

use rt_manage_shared::{
    db::{job_parts, job_parts::Part, jobs::Job, repeat_while_busy},
    id::JobId,
    model::{
        audit::{Action, Actor, Deed},
        job::JobKind,
    },
    vault::{Place, Vault, VaultError},
};

use super::{FormError, Options, Row, packed, parse_all};
use crate::{
    credentials::check_named_proxy,
    jobs::{Jobs, JobsError, NewJob, Opened, Request},
};

/// Rows of one part: what one transaction takes in. Enough to make the flush disappear, few enough that a busy server is not kept
/// waiting.
pub(crate) const PART_ROWS: usize = 500;
/// A part with long tokens has fewer rows: a server's largest packet may be a megabyte, and what is sealed is a little longer.
const PART_BYTES: usize = 512 * 1024;

/// The action of an import that takes credentials in.
pub(crate) const IMPORT: &str = "import";
/// The action of an import that only says what it would do.
pub(crate) const DRY_RUN: &str = "dry_run";

/// What somebody hands in. It holds tokens in plain, so it cannot be printed.
#[derive(Default)]
pub struct Wish {
    /// The files, each with its name where it has one.
    pub files: Vec<(Option<String>, Vec<u8>)>,
    /// What is wanted.
    pub options: Options,
    /// Whether nothing is to be taken in.
    pub dry_run: bool,
    /// The request, where the client gave it a key.
    pub request: Option<Request>,
}

/// Why there is no import.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The job.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// A thread of ours has ended.
    #[error("the file could not be read to its end; try again")]
    Lost,
}

/// Reads the files, and starts the job that takes their rows in.
pub async fn start(jobs: &Jobs, wish: Wish, actor: &Actor) -> Result<Job, ImportError> {
    let Wish {
        files,
        options,
        dry_run,
        request,
    } = wish;
    options.check().map_err(JobsError::from)?;
    if let Some(id) = options.proxy_id {
        let found = check_named_proxy(jobs.db(), id).await;
        found.map_err(JobsError::from)?;
    }
    // Whoever did not hear the answer sends the file again: that one need not be read.
    if let Some(request) = &request
        && let Some(job) = jobs.asked_for(actor, request).await?
    {
        return Ok(*job);
    }
    let action = if dry_run { DRY_RUN } else { IMPORT };
    let mut new = NewJob {
        spec: options.spec(),
        secret: options.proxy,
        request,
        ..NewJob::new(JobKind::Import, action)
    };
    let (id, vault) = (new.id, jobs.vault().clone());
    // Reading 64 MiB and sealing them takes a second: elsewhere, other requests are answered meanwhile.
    let read = tokio::task::spawn_blocking(move || read(files, id, &vault));
    let parts = read.await.map_err(|_| ImportError::Lost)??;
    new.total = Some(parts.iter().map(|part| part.items).sum());
    let job = repeat_while_busy(|| write(jobs, &new, &parts, actor));
    Ok(job.await?)
}

/// Writes the job with the rows that wait, or finds the job of the same request.
async fn write(jobs: &Jobs, new: &NewJob, parts: &[Part], actor: &Actor) -> Result<Job, JobsError> {
    let mut opening = match jobs.open(actor, new.clone()).await? {
        Opened::Same(job) => return Ok(*job),
        Opened::New(opening) => opening,
    };
    for part in parts {
        job_parts::insert(opening.tx(), new.id, part).await?;
    }
    let deed = Deed::new(Action::Import)
        .with("action", new.action.as_str())
        .with("rows", new.total.unwrap_or_default());
    opening.start(Some(deed)).await
}

enum Unread {
    Form(FormError),
    Vault(VaultError),
}

impl From<Unread> for ImportError {
    fn from(error: Unread) -> Self {
        match error {
            Unread::Form(error) => Self::Form(error),
            Unread::Vault(error) => Self::Jobs(error.into()),
        }
    }
}

fn read(
    files: Vec<(Option<String>, Vec<u8>)>,
    job: JobId,
    vault: &Vault,
) -> Result<Vec<Part>, Unread> {
    let named = files
        .iter()
        .map(|(name, bytes)| (name.as_deref(), bytes.as_slice()));
    let rows = parse_all(named).map_err(Unread::Form)?;
    drop(files);
    seal(rows, job, 0, vault).map_err(Unread::Vault)
}

/// Rows as parts, numbered from `first` on.
pub(crate) fn seal(
    rows: Vec<Row>,
    job: JobId,
    first: u32,
    vault: &Vault,
) -> Result<Vec<Part>, VaultError> {
    let mut parts = Vec::new();
    let mut rows = rows.into_iter().peekable();
    let mut number = first;
    while rows.peek().is_some() {
        let (mut some, mut bytes) = (Vec::new(), 0);
        while some.len() < PART_ROWS
            && let Some(row) = rows.next_if(|row| bytes == 0 || bytes + row.weight() <= PART_BYTES)
        {
            bytes += row.weight();
            some.push(row);
        }
        let items = u32::try_from(some.len()).unwrap_or(u32::MAX);
        let row = part_row(job, number);
        let payload = vault.seal(part_place(&row), &packed::pack(&some))?;
        parts.push(Part {
            part: number,
            items,
            payload,
        });
        number = number.saturating_add(1);
    }
    Ok(parts)
}

/// What the rows of a part are sealed for.
pub(crate) fn part_row(job: JobId, part: u32) -> String {
    format!("{job}/{part}")
}

pub(crate) const fn part_place(row: &str) -> Place<'_> {
    Place {
        table: "job_parts",
        row,
        column: "payload",
    }
}
