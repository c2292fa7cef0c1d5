//! Step 2 of the protocol: a worker takes a queued attempt. Claims that wait together are written together.

use std::sync::Arc;

use rt_manage_shared::{
    clock::{BootInstant, Clock, Millis},
    db::{
        Db, DbError, Tx, attempts,
        batch::Work,
        coordination,
        coordination::EgressHold,
        egress_pauses, grants,
        grants::{Change, GrantRecord, TokenWrite, compare_and_set_many},
        retention, revisions, system,
    },
    hooks::{self, Sabotage, Step},
    id::BootId,
    model::grant::{Context, Grant},
    openai::EgressKey,
    queue::RefreshJob,
};

use crate::{
    egress::{BreakerSettings, Breakers, Ticket},
    live::Live,
    recorded::Recorded,
    settings::WorkerSettings,
};

/// What became of a claim.
#[derive(Debug)]
pub(crate) enum Claimed {
    /// The attempt is this worker's.
    Yes {
        /// The grant, claimed.
        record: Box<GrantRecord>,
        /// The breaker's permission; the call is reported under it.
        ticket: Ticket,
        /// The settings that it was made with, which it keeps.
        settings: Arc<WorkerSettings>,
    },
    /// The attempt is not to be made any more (claimed by another, cancelled, finished): drop the job.
    Gone,
    /// Not now; the attempt stays queued and is pushed again later.
    NotNow(NotNow),
}

/// Why no attempt may begin now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotNow {
    /// An operator paused refreshing, or it is halted.
    Switched(String),
    /// The database has made a new connection: what others have recorded is read before anything is claimed over it.
    Reconnected,
    /// Settings or proxies have changed: they are read before anything is claimed.
    Outdated,
    /// The database does not know what it had recorded: it is older than the journals.
    OlderDatabase,
    /// The egress has to wait.
    EgressHeld {
        /// Until when.
        until: Millis,
    },
    /// An operator paused the egress.
    EgressPaused,
}

/// Writes claims.
#[derive(Debug)]
pub(crate) struct ClaimWork {
    pub(crate) boot: BootId,
    pub(crate) db: Db,
    pub(crate) recorded: Arc<Recorded>,
    pub(crate) clock: Clock,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) settings: Live,
}

impl Work for ClaimWork {
    type Item = RefreshJob;
    type Output = Claimed;
    const BEFORE_COMMIT: Option<Step> = Some(Step::ClaimBeforeCommit);

    async fn apply(&self, tx: &mut Tx, jobs: &[Arc<RefreshJob>]) -> Result<Vec<Claimed>, DbError> {
        let now = self.clock.now();
        let settings = self.settings.current();
        if let Some(reason) = self.not_now(tx, &settings).await? {
            let stopped = || Claimed::NotNow(reason.clone());
            return Ok(jobs.iter().map(|_| stopped()).collect());
        }
        let read = BootInstant::now();
        let holds = coordination::egress_holds(tx).await?;
        let pauses = egress_pauses::all(tx).await?;
        // Rows are locked in id order, so that batches of several workers cannot dead-lock one another.
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|&index| jobs.get(index).map(|job| job.credential));
        let ids: Vec<_> = order
            .iter()
            .filter_map(|&i| jobs.get(i))
            .map(|job| job.credential)
            .collect();
        let records = grants::read(tx, &ids).await?;
        let mut results: Vec<Claimed> = jobs.iter().map(|_| Claimed::Gone).collect();
        let mut taken = Vec::new();
        for index in order {
            let (Some(job), Some(result)) = (jobs.get(index), results.get_mut(index)) else {
                continue;
            };
            let Some(record) = records
                .iter()
                .find(|record| record.grant.credential == job.credential)
            else {
                continue;
            };
            let egress = settings.egress_key(&record.egress);
            let hold = holds.iter().find(|hold| hold.egress == egress.as_str());
            let held_until = hold.map(|hold| read + hold.hold_until.since(now));
            self.breakers.follow(&egress, read, held_until);
            let is_paused = pauses.iter().any(|one| one.egress == egress.as_str());
            *result = match hold {
                _ if is_paused => Claimed::NotNow(NotNow::EgressPaused),
                Some(hold) if hold.hold_until > now => Claimed::NotNow(NotNow::EgressHeld {
                    until: hold.hold_until,
                }),
                _ => self.take(tx, job, record, &egress, &settings, now).await?,
            };
            if let Claimed::Yes {
                record: claimed, ..
            } = result
            {
                taken.push(Taken {
                    index,
                    job,
                    before: record,
                    after: claimed.grant.clone(),
                });
            }
        }
        self.settle_probes(tx, &settings, &holds, &mut taken, &mut results, now)
            .await?;
        if self.write(tx, &taken, now).await? {
            return Ok(results);
        }
        // Alone, it is simply gone; together, nobody can tell which one, so each is tried for itself.
        if jobs.len() == 1 {
            Ok(vec![Claimed::Gone])
        } else {
            Err(DbError::GuardMissed)
        }
    }
}

/// A claim that is about to be written.
struct Taken<'a> {
    index: usize,
    job: &'a RefreshJob,
    before: &'a GrantRecord,
    after: Grant,
}

impl ClaimWork {
    /// Why nothing may be claimed in this transaction, whatever it is. Each is looked up on the connection on which the claims
    /// would be written: that is the server whose word counts.
    async fn not_now(
        &self,
        tx: &mut Tx,
        settings: &WorkerSettings,
    ) -> Result<Option<NotNow>, DbError> {
        if let Some(switch) = system::switches(tx).await?.into_iter().next() {
            return Ok(Some(NotNow::Switched(switch.name)));
        }
        if !self.recorded.covers(self.db.connections_made()) {
            return Ok(Some(NotNow::Reconnected));
        }
        let found = revisions::read(tx).await?;
        if !self.settings.are_current(settings, found) {
            return Ok(Some(NotNow::Outdated));
        }
        let mut newest = self.recorded.newest();
        if attempts::ended(tx, &newest).await? == newest.len() {
            return Ok(None);
        }
        // Where little happens the newest ones may be so old that they were removed on purpose.
        if let Some(horizon) = retention::horizon(tx).await? {
            newest.retain(|attempt| *attempt >= horizon);
        }
        let known = attempts::ended(tx, &newest).await?;
        Ok((known < newest.len()).then_some(NotNow::OlderDatabase))
    }

    /// Decides about one claim; what it decides is written with the others.
    async fn take(
        &self,
        tx: &mut Tx,
        job: &RefreshJob,
        record: &GrantRecord,
        egress: &EgressKey,
        settings: &Arc<WorkerSettings>,
        now: Millis,
    ) -> Result<Claimed, DbError> {
        if !record.schedulable() {
            let ctx = Context {
                now,
                enabled: false,
                policy: &settings.policy,
                jitter: 0.0,
            };
            if let Ok(cancelled) = record.grant.cancel(job.attempt, &ctx)
                && grants::compare_and_set(
                    tx,
                    &record.grant.guard(),
                    &cancelled,
                    TokenWrite::default(),
                )
                .await?
            {
                attempts::cancel(tx, job.attempt, now).await?;
            }
            return Ok(Claimed::Gone);
        }
        let claimed = match record.grant.claim(job.attempt) {
            Ok(claimed) => claimed,
            Err(_) if fence_is_off() && record.grant.state.attempt() == Some(job.attempt) => {
                record.grant.clone()
            }
            Err(_) => return Ok(Claimed::Gone),
        };
        // The breaker is asked last: its permission to probe must not be spent on an attempt that is gone.
        let asked = BootInstant::now();
        let ticket = match self.breakers.ask(egress, asked) {
            Ok(ticket) => ticket,
            Err(until) => {
                return Ok(Claimed::NotNow(NotNow::EgressHeld {
                    until: now + until.since(asked),
                }));
            }
        };
        let record = Box::new(GrantRecord {
            grant: claimed,
            ..record.clone()
        });
        Ok(Claimed::Yes {
            record,
            ticket,
            settings: Arc::clone(settings),
        })
    }

    /// One call finds out whether an egress works again, of all workers: those that another worker is faster with are
    /// not taken. In the order of the egresses, so that batches of several workers cannot dead-lock one another.
    async fn settle_probes(
        &self,
        tx: &mut Tx,
        settings: &WorkerSettings,
        holds: &[EgressHold],
        taken: &mut Vec<Taken<'_>>,
        results: &mut [Claimed],
        now: Millis,
    ) -> Result<(), DbError> {
        let until = now + BreakerSettings::default().open_for;
        let mut probes: Vec<(EgressHold, usize)> = taken
            .iter()
            .filter_map(|one| match results.get(one.index) {
                Some(Claimed::Yes { ticket, .. }) if ticket.is_probe() => {
                    let hold = EgressHold {
                        egress: ticket.egress().to_string(),
                        label: settings.egress_label(one.before).to_owned(),
                        hold_until: until,
                        reason: coordination::CIRCUIT_OPEN.into(),
                    };
                    Some((hold, one.index))
                }
                _ => None,
            })
            .collect();
        probes.sort_by(|(one, _), (other, _)| one.egress.cmp(&other.egress));
        for (hold, index) in probes {
            let seen = holds
                .iter()
                .find(|known| known.egress == hold.egress)
                .map(|known| known.hold_until);
            if coordination::begin_probe(tx, &hold, seen).await? {
                continue;
            }
            taken.retain(|one| one.index != index);
            if let Some(result) = results.get_mut(index) {
                *result = Claimed::NotNow(NotNow::EgressHeld { until });
            }
        }
        Ok(())
    }

    /// Writes all claims. `false`: a grant or an attempt has changed in the meantime.
    async fn write(&self, tx: &mut Tx, taken: &[Taken<'_>], now: Millis) -> Result<bool, DbError> {
        if taken.is_empty() {
            return Ok(true);
        }
        let changes = taken
            .iter()
            .map(|one| Change {
                guard: one.before.grant.guard(),
                grant: one.after.clone(),
                tokens: TokenWrite::default(),
            })
            .collect();
        let ids: Vec<_> = taken.iter().map(|one| one.job.attempt).collect();
        let fenced = compare_and_set_many(tx, changes).await?
            && attempts::claimed_many(tx, &ids, self.boot, now).await?;
        Ok(fenced || fence_is_off())
    }
}

fn fence_is_off() -> bool {
    hooks::sabotaged(Sabotage::ClaimWithoutFence)
}

#[cfg(test)]
#[path = "claim_tests.rs"]
mod tests;
