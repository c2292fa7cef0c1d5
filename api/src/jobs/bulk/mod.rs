//! Bulk operations: the same done to many credentials.
//!
//! A job first collects its credentials (`collect.rs`): a filter is frozen, and what is added later is not touched. Then it does
//! what was asked, in the order of the ids: in the database alone (`edits.rs`), or by refreshing (`refresh.rs`).

mod asked;
mod collect;
mod edits;
mod give_up;
mod refresh;
mod spec;

use rt_manage_shared::db::jobs::Job;

pub use self::{
    asked::Wish,
    spec::{BulkAction, Chosen, Spec, USUAL_CANARY},
};
use super::{JobContext, JobError, Step};

/// Makes one step of a bulk operation.
pub(super) async fn step(context: &JobContext, job: &Job) -> Result<Step, JobError> {
    let spec = Spec::of(job)?;
    if job.total.is_none() {
        return collect::step(context, job, &spec).await;
    }
    match spec.action {
        BulkAction::Refresh { canary } => refresh::step(context, job, canary, false).await,
        BulkAction::Retry {} => refresh::step(context, job, None, true).await,
        _ => edits::step(context, job, &spec.action).await,
    }
}

/// Makes one step of giving a bulk operation up.
pub(super) async fn cancel(context: &JobContext, job: &Job) -> Result<Step, JobError> {
    if job.total.is_none() {
        return collect::close(context, job).await;
    }
    give_up::step(context, job).await
}
