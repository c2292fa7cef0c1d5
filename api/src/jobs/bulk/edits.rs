//! Bulk operations in the database alone: some hundred credentials in one transaction, with the rules of the single use cases.

use rt_manage_shared::{
    db::{
        DbError, Tx, job_items,
        job_items::{Item, Outcome},
        jobs::Job,
    },
    id::{AttemptId, CredentialId},
    model::job::ItemState,
};

use super::{
    super::{JobContext, JobError, Step},
    BulkAction,
    refresh::write,
};
use crate::credentials::{Became, CredentialError, Credentials, OneOfMany};

/// Credentials in one transaction: enough to make its flush disappear, few enough that a request that wants one of these rows
/// hardly waits.
const CHUNK: u32 = 250;
/// Tries of one credential whose rows are moved by somebody else between reading and writing.
const TRIES: u32 = 5;

/// Why a chunk was not done.
enum Fault {
    /// The job's: it was taken, given up, or cannot go on.
    Job(JobError),
    /// That of one row, whichever that is: nothing was written.
    Row(CredentialError),
}

impl<E: Into<JobError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Job(error.into())
    }
}

fn sorted(error: CredentialError) -> Fault {
    match error {
        CredentialError::Database(error) if error.is_temporary() => Fault::Job(error.into()),
        CredentialError::Vault(error) => Fault::Job(error.into()),
        error => Fault::Row(error),
    }
}

pub(super) async fn step(
    context: &JobContext,
    job: &Job,
    action: &BulkAction,
) -> Result<Step, JobError> {
    // Items are done in their order: those that are have the first positions.
    let done = job.counts.settled();
    let (db, waiting) = (&mut &context.db, [ItemState::Waiting]);
    let items = job_items::list(db, job.id, &waiting, done, CHUNK).await?;
    if items.is_empty() {
        return Ok(Step::Done);
    }
    match chunk(context, job, action, &items).await {
        Ok(()) => Ok(Step::More),
        Err(Fault::Job(error)) if !is_of_a_row(&error) => Err(error),
        // What is wrong with the wish is wrong for all of them, such as a named proxy that was removed in the meantime.
        Err(Fault::Row(error @ CredentialError::Invalid(_))) => {
            refuse(context, job, &items, &error).await?;
            Ok(Step::More)
        }
        // Rolled back whole. One by one it is seen whose fault it was.
        Err(_) => one_by_one(context, job, action, &items).await,
    }
}

/// Whether an error of the database may be the fault of one row's.
const fn is_of_a_row(error: &JobError) -> bool {
    matches!(error, JobError::Database(error) if !error.is_temporary())
}

async fn one_by_one(
    context: &JobContext,
    job: &Job,
    action: &BulkAction,
    items: &[Item],
) -> Result<Step, JobError> {
    for item in items {
        let mut tries = 0;
        loop {
            tries += 1;
            let one = std::slice::from_ref(item);
            let fault = match chunk(context, job, action, one).await {
                Ok(()) => break,
                Err(Fault::Job(error)) if !is_of_a_row(&error) => return Err(error),
                Err(Fault::Job(error)) => {
                    tracing::error!(job.id = %job.id, item = item.position, %error, "an item could not be done");
                    CredentialError::Database(DbError::GuardMissed)
                }
                Err(Fault::Row(error)) => error,
            };
            if tries == TRIES {
                refuse(context, job, one, &fault).await?;
                break;
            }
        }
    }
    Ok(Step::More)
}

async fn refuse(
    context: &JobContext,
    job: &Job,
    items: &[Item],
    error: &CredentialError,
) -> Result<(), JobError> {
    let mut tx = context.begin(job).await?;
    let outcomes = items
        .iter()
        .map(|item| refused(item, error))
        .map(from_waiting);
    write(context, &mut tx, job, outcomes.collect()).await?;
    Ok(tx.commit().await?)
}

/// Does one chunk, all of it or nothing.
async fn chunk(
    context: &JobContext,
    job: &Job,
    action: &BulkAction,
    items: &[Item],
) -> Result<(), Fault> {
    let credentials = context.credentials();
    let ids: Vec<CredentialId> = items.iter().filter_map(|item| item.credential).collect();
    let url = context.secret(job)?;
    let mut tx = context.begin(job).await?;
    let results = act(&credentials, &mut tx, &ids, action, url)
        .await
        .map_err(sorted)?;
    let mut announced = Vec::new();
    let mut results = results.into_iter();
    let outcomes = items
        .iter()
        .map(|item| match item.credential.and_then(|_| results.next()) {
            Some(result) => {
                if let Became::Changed(ended) = result.became {
                    announced.push((result.id, ended));
                }
                outcome(item, result, action)
            }
            None => refused(item, &CredentialError::NotFound),
        })
        .map(from_waiting);
    write(context, &mut tx, job, outcomes.collect()).await?;
    tx.commit().await?;
    announce(&credentials, announced);
    Ok(())
}

async fn act(
    credentials: &Credentials,
    tx: &mut Tx,
    ids: &[CredentialId],
    action: &BulkAction,
    url: Option<rt_manage_shared::vault::Secret>,
) -> Result<Vec<OneOfMany>, CredentialError> {
    match action {
        BulkAction::Delete {} => credentials.delete_many(tx, ids).await,
        BulkAction::Restore {} => credentials.restore_many(tx, ids).await,
        _ => match action.edit(url) {
            Some(edit) => credentials.edit_many(tx, ids, &edit).await,
            // The others are not done here.
            None => Err(CredentialError::NotTried),
        },
    }
}

/// Nothing is begun before it is done.
const fn from_waiting(outcome: Outcome) -> (ItemState, Outcome) {
    (ItemState::Waiting, outcome)
}

fn outcome(item: &Item, result: OneOfMany, action: &BulkAction) -> Outcome {
    let (state, code, detail) = match result.became {
        Became::Changed(_) => (ItemState::Done, None, None),
        Became::Unchanged => {
            let (code, detail) = match action {
                BulkAction::Delete {} => ("already_deleted", "it was deleted before"),
                BulkAction::Restore {} => ("not_deleted", "it was not deleted"),
                _ => ("unchanged", "it was so already"),
            };
            (
                ItemState::Skipped,
                Some(code.to_owned()),
                Some(detail.to_owned()),
            )
        }
        Became::Refused(error) => return refused(item, &error),
    };
    Outcome {
        position: item.position,
        state,
        label: result.biz_id,
        code,
        detail,
        attempt: None,
    }
}

fn refused(item: &Item, error: &CredentialError) -> Outcome {
    let detail = match error {
        // What the database says is for the log.
        CredentialError::Database(_) | CredentialError::Vault(_) => {
            "something went wrong on our side; the log has more under the id of the job".to_owned()
        }
        error => error.to_string(),
    };
    Outcome {
        position: item.position,
        state: ItemState::Failed,
        label: None,
        code: Some(error.code().to_owned()),
        detail: Some(detail),
        attempt: None,
    }
}

fn announce(credentials: &Credentials, changed: Vec<(CredentialId, Option<AttemptId>)>) {
    for (id, ended) in changed {
        credentials.changed(id, ended);
    }
}
