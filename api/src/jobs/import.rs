//! Taking credentials in from a file, as a job. Its rows wait in `job_parts`, sealed; each step takes one part in and removes it, in
//! one transaction with what became of its rows. So an import that is cut off goes on behind its last part.
//!
//! A dry run does the same and throws the transaction away, and then writes down what would have become of the rows. Rows that are
//! the same credential were found when the file was read, so that it does not matter to a part that the parts before it were not
//! taken in.

use std::{collections::HashMap, time::Duration};

use rt_manage_shared::{
    db::{DbError, Tx, job_items, job_items::Item, job_parts, job_parts::Part, jobs, jobs::Job},
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
/// Tries of a part that something is in the way of, before one of its rows is taken for it: whoever it was has ended by then, and
/// what they have written is known.
const TRIES: u32 = 5;

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
        // It was none of the rows: what is read next time decides.
        Err(JobError::Database(error)) if is_in_the_way(&error) => Ok(Step::Wait(IN_THE_WAY)),
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
        let is_dry = self.is_dry()?;
        let (mut tx, mut taking, mut bad) = self.take_the_good(&rows).await?;
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

    /// Takes in what the database takes, in a transaction that is still open then, and tells which rows it does not take, and why.
    async fn take_the_good(
        &self,
        rows: &[Row],
    ) -> Result<(Tx, Taking, HashMap<usize, String>), JobError> {
        let (mut bad, mut looked_at_each) = (HashMap::new(), false);
        loop {
            let error = match self.try_often(rows, &bad).await {
                Ok((tx, taking)) => return Ok((tx, taking, bad)),
                Err(JobError::Database(error)) if may_be_of_a_row(&error) => error,
                Err(error) => return Err(error),
            };
            if !looked_at_each {
                bad = self.find_bad(rows).await?;
                looked_at_each = true;
            } else if let Some(at) = self.first_bad(rows, &bad).await? {
                bad.insert(at, self.not_taken(&error));
            } else {
                return Err(error.into());
            }
        }
    }

    /// Tries again where something is in the way that may be gone in a moment.
    async fn try_often(
        &self,
        rows: &[Row],
        bad: &HashMap<usize, String>,
    ) -> Result<(Tx, Taking), JobError> {
        for _ in 1..TRIES {
            match self.try_to_take(rows, bad).await {
                Err(JobError::Database(error)) if is_in_the_way(&error) => {
                    tokio::time::sleep(IN_THE_WAY).await;
                }
                result => return result,
            }
        }
        self.try_to_take(rows, bad).await
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
        let (mut bad, nothing) = (HashMap::new(), HashMap::new());
        for (at, row) in rows.iter().enumerate() {
            match self.try_often(std::slice::from_ref(row), &nothing).await {
                Err(JobError::Database(error)) if may_be_of_a_row(&error) => {
                    bad.insert(at, self.not_taken(&error));
                }
                result => drop(result?),
            }
        }
        Ok(bad)
    }

    /// The first row that is not taken together with those before it, by bisection; `None`: all of them are by now.
    async fn first_bad(
        &self,
        rows: &[Row],
        bad: &HashMap<usize, String>,
    ) -> Result<Option<usize>, JobError> {
        // So many are taken, and so many are not.
        let (mut taken, mut too_many) = (0, rows.len());
        while too_many - taken > 1 {
            let middle = usize::midpoint(taken, too_many);
            if self.fail_together(rows, middle, bad).await? {
                too_many = middle;
            } else {
                taken = middle;
            }
        }
        let fails = self.fail_together(rows, too_many, bad).await?;
        Ok(fails.then_some(taken))
    }

    /// Whether the first `count` rows are not taken.
    async fn fail_together(
        &self,
        rows: &[Row],
        count: usize,
        bad: &HashMap<usize, String>,
    ) -> Result<bool, JobError> {
        let rows = rows.get(..count).unwrap_or(rows);
        match self.try_often(rows, bad).await {
            Err(JobError::Database(error)) if may_be_of_a_row(&error) => Ok(true),
            result => result.map(|_| false),
        }
    }

    fn not_taken(&self, error: &DbError) -> String {
        tracing::warn!(job.id = %self.job.id, %error, "the database does not take a row of an import");
        "the database does not take this row; the log has more".to_owned()
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

/// Whether something that was read is not so any more when it is written; or a row can never be written.
const fn is_in_the_way(error: &DbError) -> bool {
    matches!(error, DbError::Duplicate | DbError::GuardMissed)
}

/// Whether an error may be the fault of one row: the same will happen to it again, and not to the others.
const fn may_be_of_a_row(error: &DbError) -> bool {
    !error.is_temporary()
}

fn job_error(error: CredentialError) -> JobError {
    match error {
        CredentialError::Database(error) => JobError::Database(error),
        CredentialError::Vault(error) => JobError::Vault(error),
        // Somebody else was faster: the step is made again.
        _ => JobError::Database(DbError::GuardMissed),
    }
}
