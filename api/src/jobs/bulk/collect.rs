//! Collecting the credentials of a bulk operation, before it does anything: in the order of the ids, a window at a time, so that
//! however many there are no transaction is long and no list is in memory. What was added after the job was asked for is left out.

use rt_manage_shared::{
    db::{
        audit, credentials,
        job_items::{self, Item},
        jobs::{self, Job},
    },
    id::{CredentialId, JobId},
    model::{audit::TargetKind, job::ItemState},
};
use serde::{Deserialize, Serialize};

use super::{
    super::{JobContext, JobError, Step},
    Chosen, Spec, asked,
};
use crate::credentials::{Filters, selection};

/// Credentials that are looked at, and at most as many items that are written, in one step: some ten milliseconds.
const WINDOW: u32 = 1000;

/// How far collecting is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Progress {
    /// Items so far.
    count: u32,
    /// The last credential that was looked at.
    after: Option<CredentialId>,
    /// The last item of the job that is repeated.
    after_item: u32,
}

impl Progress {
    fn of(job: &Job) -> Self {
        let text = job.progress.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    fn stored(&self) -> String {
        // Numbers and ids always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a window brought.
struct Window {
    items: Vec<Item>,
    progress: Progress,
    is_last: bool,
}

pub(super) async fn step(context: &JobContext, job: &Job, spec: &Spec) -> Result<Step, JobError> {
    let before = Progress::of(job);
    // Read before the transaction: nobody else writes items of this job.
    let window = match (job.retry_of, &spec.selection) {
        (Some(former), _) => of_former(context, former, before).await?,
        (None, Chosen::Filter(filters)) => of_filter(context, job, filters, before).await?,
        // Written with the job.
        (None, Chosen::Ids(count)) => Window {
            items: Vec::new(),
            progress: Progress {
                count: *count,
                ..before
            },
            is_last: true,
        },
    };
    let mut tx = context.begin(job).await?;
    let now = context.clock.now();
    job_items::insert(&mut tx, job.id, &window.items, now).await?;
    if window.is_last {
        jobs::set_total(&mut tx, job.id, window.progress.count).await?;
        jobs::set_progress(&mut tx, job.id, None).await?;
        let deed = asked::deed(spec, window.progress.count).to(TargetKind::Job, job.id);
        audit::record(&mut tx, &job.actor, &deed, now).await?;
    } else {
        let progress = window.progress.stored();
        jobs::set_progress(&mut tx, job.id, Some(&progress)).await?;
    }
    tx.commit().await?;
    Ok(Step::More)
}

/// Nothing more is collected: the job is given up.
pub(super) async fn close(context: &JobContext, job: &Job) -> Result<Step, JobError> {
    let mut tx = context.begin(job).await?;
    jobs::set_total(&mut tx, job.id, Progress::of(job).count).await?;
    jobs::set_progress(&mut tx, job.id, None).await?;
    tx.commit().await?;
    Ok(Step::More)
}

async fn of_filter(
    context: &JobContext,
    job: &Job,
    filters: &Filters,
    mut progress: Progress,
) -> Result<Window, JobError> {
    let settings = context.settings.current();
    let since = selection::restorable_since(&settings, context.clock.now());
    // Checked when it was asked for.
    let filter = filters.read(since, &mut Vec::new());
    let db = &mut &context.db;
    let collected =
        credentials::collect(db, &filter, job.created_at, progress.after, WINDOW).await?;
    let mut items = Vec::with_capacity(collected.found.len());
    for (id, biz_id) in collected.found {
        progress.count = progress.count.saturating_add(1);
        items.push(Item {
            credential: Some(id),
            label: Some(biz_id),
            ..Item::new(progress.count)
        });
    }
    progress.after = collected.next;
    Ok(Window {
        items,
        is_last: progress.after.is_none(),
        progress,
    })
}

/// The items of another job that failed.
async fn of_former(
    context: &JobContext,
    former: JobId,
    mut progress: Progress,
) -> Result<Window, JobError> {
    let db = &mut &context.db;
    let failed = [ItemState::Failed];
    let found = job_items::list(db, former, &failed, progress.after_item, WINDOW).await?;
    let is_last = u32::try_from(found.len()).is_ok_and(|count| count < WINDOW);
    let mut items = Vec::with_capacity(found.len());
    for one in found {
        progress.after_item = one.position;
        progress.count = progress.count.saturating_add(1);
        items.push(Item {
            credential: one.credential,
            label: one.label,
            ..Item::new(progress.count)
        });
    }
    Ok(Window {
        items,
        progress,
        is_last,
    })
}
