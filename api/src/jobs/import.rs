//! Taking credentials in from a file, as a job. Its rows wait in `job_parts`, sealed; each step takes one part in and removes it, in
//! one transaction with what became of its rows. So an import that is cut off goes on behind its last part.
//!
//! A dry run does the same and throws the transaction away, and then writes down what would have become of the rows. Rows that are
//! the same credential were found when the file was read, so that it does not matter to a part that the parts before it were not
//! taken in.

use std::{collections::HashMap, time::Duration};

use rt_manage_shared::{
    db::{
        DbError, MaybeBusy as _, Tx, job_items, job_items::Item, job_parts, job_parts::Part, jobs,
        jobs::Job,
    },
    id::JobId,
    model::job::{Advance, ItemState},
    vault::Place,
};

use super::{JobContext, JobError, Step, context::payload_row};
use crate::{
    credentials::{Arrival, CredentialError, Credentials, Rules, Taking},
    import::{
        Options, Row, Said, Verdict, packed,
        start::{DRY_RUN, IMPORT, PART_ROWS, part_place, part_row, seal},
        verdict::{INVALID, SPENT},
    },
};

/// How long it waits after somebody else was in the way: theirs is a short transaction.
const IN_THE_WAY: Duration = Duration::from_millis(50);

/// Makes one step of an import.
pub(super) async fn step(context: &JobContext, job: &Job) -> Result<Step, JobError> {
    if job.total.is_none() {
        return collect(context, job).await;
    }
    let Some(part) = job_parts::first(&mut &context.db, job.id).await? else {
        return Ok(Step::Done);
    };
    let options = Options::of(&job.spec, context.secret(job)?);
    let options = options.ok_or_else(|| JobError::Impossible {
        code: "unknown_spec",
        detail: "another version has begun this import, and this one does not understand what was asked for".to_owned(),
    })?;
    let rules = options.rules();
    let rows = open(context, job, &part)?;
    let work = Work {
        context,
        job,
        rules: &rules,
        credentials: context.credentials(),
    };
    match work.take(&part, rows).await {
        Ok(()) => Ok(Step::More),
        // What is read next time decides.
        Err(JobError::Database(DbError::Duplicate | DbError::GuardMissed)) => {
            Ok(Step::Wait(IN_THE_WAY))
        }
        Err(error) => Err(error),
    }
}

/// Makes one step of giving an import up: what waits is never looked at.
pub(super) async fn cancel(context: &JobContext, job: &Job) -> Result<Step, JobError> {
    let mut tx = context.begin(job).await?;
    let left = job_parts::items_left(&mut tx, job.id).await?;
    job_parts::delete_all(&mut tx, job.id).await?;
    let advance = Advance {
        cancelled: left,
        ..Advance::default()
    };
    jobs::advance(&mut tx, job.id, advance).await?;
    tx.commit().await?;
    Ok(Step::Done)
}

/// A repetition begins with the rows that failed.
async fn collect(context: &JobContext, job: &Job) -> Result<Step, JobError> {
    let former = job.retry_of.ok_or_else(|| JobError::Impossible {
        code: "nothing_to_import",
        detail: "this import has no rows; send the file again".to_owned(),
    })?;
    let (after, total, parts) = progress(job);
    let limit = u32::try_from(PART_ROWS).unwrap_or(u32::MAX);
    let failed = [ItemState::Failed];
    let found = job_items::list(&mut &context.db, former, &failed, after, limit).await?;
    let mut tx = context.begin(job).await?;
    let Some(last) = found.last().map(|item| item.position) else {
        jobs::set_total(&mut tx, job.id, total).await?;
        jobs::set_progress(&mut tx, job.id, None).await?;
        tx.commit().await?;
        return Ok(Step::More);
    };
    let mut rows = Vec::with_capacity(found.len());
    for item in found {
        rows.extend(again(context, former, &item)?);
    }
    let sealed = seal(rows, job.id, parts, &context.vault)?;
    let mut progress = (last, total, parts);
    for part in sealed {
        progress.1 = progress.1.saturating_add(part.items);
        progress.2 = progress.2.saturating_add(1);
        job_parts::insert(&mut tx, job.id, &part).await?;
    }
    let text = format!("{} {} {}", progress.0, progress.1, progress.2);
    jobs::set_progress(&mut tx, job.id, Some(&text)).await?;
    tx.commit().await?;
    Ok(Step::More)
}

/// How far a repetition is collected: the former job's position, rows and parts.
fn progress(job: &Job) -> (u32, u32, u32) {
    let text = job.progress.as_deref().unwrap_or_default();
    let mut numbers = text.split(' ').filter_map(|number| number.parse().ok());
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

/// A row that failed, as it was; `None`: it is none that could fare better now, so nothing of it was kept.
fn again(context: &JobContext, former: JobId, item: &Item) -> Result<Option<Row>, JobError> {
    let Some(payload) = &item.payload else {
        return Ok(None);
    };
    let row = payload_row(former, item.position);
    let bytes = context.vault.open(payload_place(&row), payload)?;
    Ok(packed::unpack(&bytes).ok().and_then(|mut rows| rows.pop()))
}

fn open(context: &JobContext, job: &Job, part: &Part) -> Result<Vec<Row>, JobError> {
    let row = part_row(job.id, part.part);
    let bytes = context.vault.open(part_place(&row), &part.payload)?;
    packed::unpack(&bytes).map_err(|_| JobError::Impossible {
        code: "unreadable_part",
        detail: "the rows that wait were written by another version; send the file again"
            .to_owned(),
    })
}

const fn payload_place(row: &str) -> Place<'_> {
    Place {
        table: "job_items",
        row,
        column: "payload",
    }
}

/// One part's work.
struct Work<'a> {
    context: &'a JobContext,
    job: &'a Job,
    rules: &'a Rules,
    credentials: Credentials,
}

impl Work<'_> {
    fn is_dry(&self) -> Result<bool, JobError> {
        match self.job.action.as_str() {
            IMPORT => Ok(false),
            DRY_RUN => Ok(true),
            other => Err(JobError::Impossible {
                code: "unknown_action",
                detail: format!("this version does not know the import `{other}`"),
            }),
        }
    }

    async fn take(&self, part: &Part, rows: Vec<Row>) -> Result<(), JobError> {
        let mut bad = HashMap::new();
        let is_dry = self.is_dry()?;
        let (mut tx, mut taking) = match self.try_to_take(&rows, &bad).await {
            Err(JobError::Database(error)) if is_about_a_row(&error) => {
                bad = self.find_bad(&rows).await?;
                self.try_to_take(&rows, &bad).await?
            }
            result => result?,
        };
        if is_dry {
            drop(tx);
            tx = self.context.begin(self.job).await?;
        }
        let results = std::mem::take(&mut taking.results);
        let items = self.items(rows, &mut bad, results, is_dry)?;
        let mut advance = Advance::default();
        for item in &items {
            advance.reached(item.state);
        }
        job_items::insert(&mut tx, self.job.id, &items, self.context.clock.now()).await?;
        if !job_parts::delete(&mut tx, self.job.id, part.part).await? {
            return Err(JobError::Fenced);
        }
        jobs::advance(&mut tx, self.job.id, advance).await?;
        tx.commit().await?;
        if !is_dry {
            self.credentials.tell(&taking);
        }
        Ok(())
    }

    /// Takes in what can be, in a transaction that is still open then.
    async fn try_to_take(
        &self,
        rows: &[Row],
        bad: &HashMap<usize, String>,
    ) -> Result<(Tx, Taking), JobError> {
        let good = rows
            .iter()
            .enumerate()
            .filter(|(at, _)| !bad.contains_key(at));
        let arrivals: Vec<Arrival> = good
            .filter_map(|(_, row)| match &row.said {
                Said::Entry(arrival) => Some((**arrival).clone()),
                _ => None,
            })
            .collect();
        let mut tx = self.context.begin(self.job).await?;
        let taking = self
            .credentials
            .take_in(&mut tx, &arrivals, self.rules)
            .await;
        Ok((tx, taking.map_err(job_error)?))
    }

    /// The rows that the database does not take, each of which would spoil the others. Each is tried, and nothing is kept.
    async fn find_bad(&self, rows: &[Row]) -> Result<HashMap<usize, String>, JobError> {
        let mut bad = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let one = std::slice::from_ref(row);
            match self.try_to_take(one, &HashMap::new()).await {
                Ok(_) => {}
                Err(JobError::Database(error)) if is_about_a_row(&error) => {
                    tracing::warn!(job.id = %self.job.id, %error, "the database does not take a row of an import");
                    bad.insert(
                        at,
                        "the database does not take this row; the log has more".to_owned(),
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(bad)
    }

    fn items(
        &self,
        rows: Vec<Row>,
        bad: &mut HashMap<usize, String>,
        results: Vec<Result<crate::credentials::Taken, CredentialError>>,
        is_dry: bool,
    ) -> Result<Vec<Item>, JobError> {
        let mut results = results.into_iter();
        let mut position = self.job.counts.settled();
        let mut items = Vec::with_capacity(rows.len());
        for (at, row) in rows.into_iter().enumerate() {
            position = position.saturating_add(1);
            let verdict = match (&row.said, bad.remove(&at)) {
                (Said::Invalid(reason), _) => Verdict::invalid(reason),
                (Said::Repeats(reason), _) => Verdict::repeated(reason),
                (Said::Entry(_), Some(reason)) => Verdict::failed(reason),
                (Said::Entry(arrival), None) => {
                    let result = results.next().unwrap_or(Err(CredentialError::Contended));
                    Verdict::of(result).named(arrival, is_dry)
                }
            };
            items.push(self.item(position, &row, verdict, is_dry)?);
        }
        Ok(items)
    }

    fn item(
        &self,
        position: u32,
        row: &Row,
        verdict: Verdict,
        is_dry: bool,
    ) -> Result<Item, JobError> {
        // What failed for good is not worth a token in the database.
        let is_repeatable = verdict.state == ItemState::Failed
            && !matches!(verdict.code, SPENT | INVALID)
            && !is_dry
            && matches!(row.said, Said::Entry(_));
        let payload = is_repeatable.then(|| {
            let place = payload_row(self.job.id, position);
            let bytes = packed::pack(std::slice::from_ref(row));
            self.context.vault.seal(payload_place(&place), &bytes)
        });
        Ok(Item {
            state: verdict.state,
            line: Some(u32::try_from(row.line).unwrap_or(u32::MAX)),
            source: row.source.as_deref().map(str::to_owned),
            credential: verdict.credential,
            label: verdict.biz_id,
            code: Some(verdict.code.to_owned()),
            detail: verdict.detail,
            payload: payload.transpose()?,
            ..Item::new(position)
        })
    }
}

/// Whether the database has refused a value, and would refuse it again.
fn is_about_a_row(error: &DbError) -> bool {
    !error.is_temporary()
        && !error.is_busy()
        && !matches!(error, DbError::Duplicate | DbError::GuardMissed)
}

fn job_error(error: CredentialError) -> JobError {
    match error {
        CredentialError::Database(error) => JobError::Database(error),
        CredentialError::Vault(error) => JobError::Vault(error),
        // Somebody else was faster: the step is made again.
        _ => JobError::Database(DbError::GuardMissed),
    }
}
