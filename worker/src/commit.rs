//! Step 7 of the protocol: the outcome of an attempt reaches the database. The same code commits a fresh
//! answer, a late one, and one that is replayed from a journal; repeating it changes nothing.

use std::sync::Arc;

use rand::RngExt as _;
use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{
        DbError, Tx, attempts,
        attempts::Ending,
        batch::Work,
        credentials,
        credentials::Identity,
        grants,
        grants::{Change, GrantRecord, compare_and_set_many},
        tokens,
        tokens::Orphan,
    },
    hooks::{self, Sabotage, Step},
    id::AttemptId,
    model::{
        attempt::OutcomeKind,
        grant::{Context, Grant, Verdict},
        schedule::SchedulePolicy,
        settlement::{History, Settlement},
    },
};

use crate::{finished::Finished, live::Live};

/// The one code whose meaning depends on the history of the refresh token.
const REUSED: &str = "refresh_token_reused";

/// Tries of one commit whose grant is moved by somebody else between reading and writing; then it is repeated as a whole.
const TRIES: u32 = 3;

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// Written by the attempt that it belongs to.
    Applied,
    /// Written although the grant had moved on: the refresh token was still the one that was spent.
    AppliedLate,
    /// It had been written before.
    Known,
    /// The grant has moved on, and nothing is lost by it.
    Superseded,
    /// New tokens for a grant that has other ones by now: set aside, sealed.
    Orphaned,
}

impl Committed {
    /// Whether the grant is now as the answer says.
    pub(crate) const fn is_applied(self) -> bool {
        matches!(self, Self::Applied | Self::AppliedLate)
    }
}

impl Finished {
    /// Keeps new tokens that cannot be applied as an orphan, sealed; without new tokens only the attempt ends.
    pub(crate) async fn set_aside(
        &self,
        tx: &mut Tx,
        reason: &str,
        now: Millis,
    ) -> Result<Committed, DbError> {
        let detail = format!("set aside: {reason}");
        attempts::finish(tx, self.attempt, &self.ending(now, Some(detail))).await?;
        // Where the answer itself could not be sealed, the sealed refresh token alone is kept.
        let kept = self.answer.as_ref().or(self.rt.as_ref());
        let (Some(answer), Verdict::Rotated(_)) = (kept, &self.verdict) else {
            return Ok(Committed::Superseded);
        };
        let orphan = Orphan {
            attempt: self.attempt,
            credential: self.credential,
            rt_fp: self.spent.clone(),
            reason: reason.to_owned(),
            answer: answer.clone(),
        };
        if !hooks::sabotaged(Sabotage::OrphanDropped) {
            tokens::keep_orphan(tx, &orphan, now).await?;
        }
        Ok(Committed::Orphaned)
    }
}

/// Writes outcomes.
#[derive(Debug)]
pub(crate) struct CommitWork {
    pub(crate) clock: Clock,
    pub(crate) settings: Live,
}

impl Work for CommitWork {
    type Item = Finished;
    type Output = Committed;
    const BEFORE_COMMIT: Option<Step> = Some(Step::CommitBeforeCommit);

    async fn apply(&self, tx: &mut Tx, items: &[Arc<Finished>]) -> Result<Vec<Committed>, DbError> {
        let now = self.clock.now();
        let settings = self.settings.current();
        let policy = &settings.policy;
        // Rows in id order: batches of several workers cannot dead-lock one another.
        let mut order: Vec<(usize, &Arc<Finished>)> = items.iter().enumerate().collect();
        order.sort_by_key(|(_, item)| item.credential);
        let ids: Vec<_> = order.iter().map(|(_, item)| item.credential).collect();
        let mut records = grants::read(tx, &ids).await?;
        if items.len() > 1
            && let Some(plan) = Self::plan(&order, &records, policy, now)
        {
            self.write_together(tx, plan, now).await?;
            return Ok(vec![Committed::Applied; items.len()]);
        }
        let mut results = vec![Committed::Superseded; items.len()];
        for (index, item) in order {
            let record = records
                .iter_mut()
                .find(|record| record.grant.credential == item.credential);
            let result = match record {
                Some(record) => self.one(tx, item, record, policy, now).await?,
                None => self.without_grant(tx, item, now).await?,
            };
            item.note_way(tx, result, now).await?;
            if let Some(slot) = results.get_mut(index) {
                *slot = result;
            }
        }
        Ok(results)
    }
}

/// Commits that all end as their attempts left them: the usual case, written with a few statements for all.
struct Plan<'a> {
    changes: Vec<Change>,
    items: Vec<(&'a Finished, &'a GrantRecord)>,
}

impl CommitWork {
    /// The transitions of all items, where each is plain; `None`: some grant has moved on, or needs a closer look.
    fn plan<'a>(
        order: &[(usize, &'a Arc<Finished>)],
        records: &'a [GrantRecord],
        policy: &SchedulePolicy,
        now: Millis,
    ) -> Option<Plan<'a>> {
        let mut plan = Plan {
            changes: Vec::new(),
            items: Vec::new(),
        };
        for (_, item) in order {
            let record = records
                .iter()
                .find(|record| record.grant.credential == item.credential)?;
            let next = item
                .report()
                .on_time(&record.grant, &context(record, policy, now));
            if item.code() == Some(REUSED) {
                return None;
            }
            plan.changes.push(Change {
                guard: record.grant.guard(),
                grant: next.ok()?,
                tokens: item.tokens(),
            });
            plan.items.push((item, record));
        }
        Some(plan)
    }

    async fn write_together(
        &self,
        tx: &mut Tx,
        plan: Plan<'_>,
        now: Millis,
    ) -> Result<(), DbError> {
        if !compare_and_set_many(tx, plan.changes).await? {
            return Err(DbError::GuardMissed);
        }
        hooks::step(Step::CommitGroup);
        let mut endings = Vec::with_capacity(plan.items.len());
        for (item, record) in plan.items {
            if item.successor().is_some_and(|new| *new != item.spent) {
                tokens::remember_spent(tx, &item.spent, item.credential, item.attempt, now).await?;
            }
            hooks::step(Step::CommitSpent);
            if changes(&item.identity, &record.identity) {
                credentials::learn_identity(tx, item.credential, &item.identity).await?;
            }
            item.note_way(tx, Committed::Applied, now).await?;
            endings.push((item.attempt, item.ending(now, None)));
        }
        if attempts::finish_many(tx, endings).await? {
            Ok(())
        } else {
            Err(DbError::GuardMissed)
        }
    }

    async fn one(
        &self,
        tx: &mut Tx,
        item: &Finished,
        record: &mut GrantRecord,
        policy: &SchedulePolicy,
        now: Millis,
    ) -> Result<Committed, DbError> {
        let ctx = context(record, policy, now);
        for _ in 0..TRIES {
            if let Ok(next) = item.report().on_time(&record.grant, &ctx) {
                if self.write(tx, item, record, next, now).await? {
                    let detail = self.detail(tx, item).await?;
                    attempts::finish(tx, item.attempt, &item.ending(now, detail)).await?;
                    return Ok(Committed::Applied);
                }
            } else if let Some(committed) = self.moved_on(tx, item, record, &ctx).await? {
                return Ok(committed);
            }
            // Another process moved the grant between our read and our write; the next reading decides.
            match grants::read_one(tx, item.credential).await? {
                Some(fresh) => *record = fresh,
                None => return self.without_grant(tx, item, now).await,
            }
        }
        Err(DbError::GuardMissed)
    }

    /// The grant is not as this attempt left it. `None`: it was moved once more.
    async fn moved_on(
        &self,
        tx: &mut Tx,
        item: &Finished,
        record: &mut GrantRecord,
        ctx: &Context<'_>,
    ) -> Result<Option<Committed>, DbError> {
        let history = Self::history(tx, item).await?;
        let settlement = item.report().moved_on(&record.grant, history, ctx);
        Ok(Some(match settlement {
            Settlement::Known => Committed::Known,
            Settlement::Late { grant, supersedes } => {
                if !self.write(tx, item, record, *grant, ctx.now).await? {
                    return Ok(None);
                }
                Self::finish_late(tx, item, supersedes, ctx.now).await?;
                Committed::AppliedLate
            }
            Settlement::SetAside => {
                let reason = "the credential holds another refresh token by now";
                item.set_aside(tx, reason, ctx.now).await?
            }
            Settlement::Superseded { ends_attempt } => {
                if ends_attempt {
                    let ending = Ending {
                        outcome: OutcomeKind::Superseded,
                        detail: Some(format!("the upstream's answer was {}", item.outcome())),
                        ..item.ending(ctx.now, None)
                    };
                    attempts::finish(tx, item.attempt, &ending).await?;
                }
                Committed::Superseded
            }
        }))
    }

    /// What the database remembers of an attempt whose grant has moved on.
    async fn history(tx: &mut Tx, item: &Finished) -> Result<History, DbError> {
        let known = attempts::read(tx, &[item.attempt]).await?;
        let known = known.first();
        let successor_spent = match item.successor() {
            Some(successor) => tokens::spent_by(tx, successor).await?.is_some(),
            None => false,
        };
        Ok(History {
            state: known.map(|attempt| attempt.state),
            outcome: known.and_then(|attempt| attempt.outcome),
            successor_spent,
        })
    }

    /// Ends the attempts that a late answer settles: its own, and the one that waited for another answer.
    async fn finish_late(
        tx: &mut Tx,
        item: &Finished,
        supersedes: Option<AttemptId>,
        now: Millis,
    ) -> Result<(), DbError> {
        if let Some(open) = supersedes {
            let ending = Ending {
                outcome: OutcomeKind::Superseded,
                code: Some("late_answer".into()),
                detail: Some(format!("answered by attempt {}", item.attempt)),
                http_status: None,
                duration_ms: None,
                finished_at: now,
            };
            attempts::finish(tx, open, &ending).await?;
        }
        tokens::adopt_orphan(tx, item.attempt).await?;
        let ending = item.ending(now, Some("late answer".into()));
        attempts::amend(tx, item.attempt, &ending).await
    }

    async fn without_grant(
        &self,
        tx: &mut Tx,
        item: &Finished,
        now: Millis,
    ) -> Result<Committed, DbError> {
        if item.successor().is_some() {
            return item
                .set_aside(tx, "the credential does not exist", now)
                .await;
        }
        attempts::finish(tx, item.attempt, &item.ending(now, None)).await?;
        Ok(Committed::Superseded)
    }

    /// Writes the transition, the spent token and what was learnt. `false`: the guard missed, nothing was written.
    async fn write(
        &self,
        tx: &mut Tx,
        item: &Finished,
        record: &mut GrantRecord,
        next: Grant,
        now: Millis,
    ) -> Result<bool, DbError> {
        if !grants::compare_and_set(tx, &record.grant.guard(), &next, item.tokens()).await? {
            return Ok(false);
        }
        hooks::step(Step::CommitMiddle);
        if next.rt_fp != item.spent {
            tokens::remember_spent(tx, &item.spent, item.credential, item.attempt, now).await?;
        }
        hooks::step(Step::CommitSpent);
        if changes(&item.identity, &record.identity) {
            credentials::learn_identity(tx, item.credential, &item.identity).await?;
        }
        record.grant = next;
        Ok(true)
    }

    /// `refresh_token_reused` accuses somebody: us, where an earlier attempt was sent and its answer never came,
    /// or another program that holds this token.
    async fn detail(&self, tx: &mut Tx, item: &Finished) -> Result<Option<String>, DbError> {
        if item.code() != Some(REUSED) {
            return Ok(None);
        }
        let earlier = attempts::sent_without_success(tx, &item.spent, item.attempt).await?;
        Ok(Some(earlier.map_or_else(
            || "another program holds this refresh token and has used it".to_owned(),
            |earlier| {
                format!(
                    "the successor was lost in attempt {earlier}, which was sent and got no success"
                )
            },
        )))
    }
}

fn context<'p>(record: &GrantRecord, policy: &'p SchedulePolicy, now: Millis) -> Context<'p> {
    Context {
        now,
        enabled: record.schedulable(),
        policy,
        jitter: rand::rng().random(),
    }
}

/// Whether the upstream told something new.
fn changes(told: &Identity, known: &Identity) -> bool {
    let differs = |told: &Option<String>, known: &Option<String>| told.is_some() && told != known;
    differs(&told.email, &known.email)
        || differs(&told.name, &known.name)
        || differs(&told.account_id, &known.account_id)
        || differs(&told.user_id, &known.user_id)
        || differs(&told.plan, &known.plan)
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
