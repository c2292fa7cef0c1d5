//! Taking credentials in from a file, as a job: the rows wait in `job_parts`.

use rt_manage_shared::db::jobs::Job;

use super::{JobContext, JobError, Step};

/// Makes one step of an import.
#[expect(clippy::unused_async, reason = "what a kind of job looks like")]
pub(super) async fn step(_context: &JobContext, job: &Job) -> Result<Step, JobError> {
    Err(unknown(job))
}

/// Makes one step of giving an import up.
#[expect(clippy::unused_async, reason = "what a kind of job looks like")]
pub(super) async fn cancel(_context: &JobContext, job: &Job) -> Result<Step, JobError> {
    Err(unknown(job))
}

fn unknown(job: &Job) -> JobError {
    JobError::Impossible {
        code: "unknown_action",
        detail: format!("this version does not know the import `{}`", job.action),
    }
}
