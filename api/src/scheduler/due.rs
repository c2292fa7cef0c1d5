//! Requests what is due, as much as lane and rate allow. Cost grows with what is due, never with what is stored.

use std::time::Duration;

use rand::RngExt as _;
use rt_manage_shared::{
    clock::Millis,
    db::{
        DbError, attempts,
        coordination::EgressHold,
        egress_pauses::PAUSED,
        grants,
        grants::{Change, GrantRecord, TokenWrite, compare_and_set_many},
    },
    id::CredentialId,
    model::{
        attempt::{Cause, Lane, Line},
        grant::Context,
    },
};

use tokio::task::JoinSet;

use super::{Scheduler, per_tick};
use crate::refresh::{Ask, Asked};

/// Credentials whose egress has to wait come back within this time after the wait is over, spread at random:
/// no stampede.
const SPREAD: Duration = Duration::from_secs(30);
/// Credentials whose egress is paused are looked at again after this time to twice this time.
const LOOK_AGAIN: Duration = Duration::from_mins(5);
/// Due credentials that are looked at in one round while an egress is paused: enough to keep 300,000 paused ones out of the
/// way of the others.
const PAST_PAUSED: u32 = 1024;
/// Of these so many are put off with one statement.
const TOGETHER: usize = 256;
/// Most egresses on hold that one statement names. What waits for more than these is counted although it waits.
const MOST_NAMED: usize = 512;

impl Scheduler {
    pub(super) async fn request_due(
        &mut self,
        now: Millis,
        holds: &[EgressHold],
    ) -> Result<(), DbError> {
        let held: Vec<&EgressHold> = holds.iter().filter(|hold| hold.hold_until > now).collect();
        // What waits for an egress on hold must not keep others from being requested.
        let without = self.stored_as(&held);
        let waiting =
            attempts::queued(&mut &self.db, Line::Schedule, &without, self.lane_depth).await?;
        let room = self.lane_depth.saturating_sub(waiting);
        let limit = room.min(per_tick(self.rate_per_second));
        if limit == 0 {
            return Ok(());
        }
        // What a pause keeps back is put out of the way faster than it comes back, so that it takes nobody's turn.
        let some_pause = held.iter().any(|hold| hold.reason == PAUSED);
        let looked_at = if some_pause {
            limit.max(PAST_PAUSED)
        } else {
            limit
        };
        let due = grants::due(&mut &self.db, now, looked_at).await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut wanted = Vec::new();
        let mut paused = Vec::new();
        for record in self.readable(&due).await? {
            if !record.schedulable() {
                self.unschedule(&record, now).await?;
                continue;
            }
            let egress = self.settings.egress_key(&record.egress);
            match held.iter().find(|one| one.egress == egress.as_str()) {
                Some(waiting) if waiting.reason == PAUSED => paused.push(record),
                Some(waiting) => self.postpone(&record, waiting.hold_until).await?,
                None => wanted.push(record),
            }
        }
        self.look_again_later(paused, now).await?;
        wanted.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        self.request(wanted, now).await
    }

    /// Nobody knows how long a pause lasts: what it keeps from being refreshed is looked at again every few minutes.
    async fn look_again_later(&self, paused: Vec<GrantRecord>, now: Millis) -> Result<(), DbError> {
        let later = |record: GrantRecord| {
            let until = now + LOOK_AGAIN.mul_f64(1.0 + rand::rng().random::<f64>());
            let grant = record.grant.postponed(until)?;
            let (guard, tokens) = (record.grant.guard(), TokenWrite::default());
            Some(Change {
                guard,
                grant,
                tokens,
            })
        };
        let mut changes: Vec<Change> = paused.into_iter().filter_map(later).collect();
        // Rows in id order, as everywhere.
        changes.sort_by_key(|change| change.grant.credential);
        while !changes.is_empty() {
            let rest = changes.split_off(changes.len().min(TOGETHER));
            let mut tx = self.db.begin().await?;
            // Where one was moved by somebody else, the next round decides.
            if compare_and_set_many(&mut tx, std::mem::replace(&mut changes, rest)).await? {
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// How credentials name these egresses, at most [`MOST_NAMED`] of them.
    fn stored_as(&self, held: &[&EgressHold]) -> Vec<String> {
        let mut names: Vec<String> = held
            .iter()
            .take(MOST_NAMED)
            .map(|hold| hold.egress.clone())
            .collect();
        // Of one egress, many named proxies are hardly ever the same.
        let stored = |name: &String| self.settings.stored_as(name);
        names.extend(names.iter().flat_map(stored).collect::<Vec<_>>());
        names
    }

    /// A row that contradicts itself must not keep the others from being refreshed.
    async fn readable(&self, ids: &[CredentialId]) -> Result<Vec<GrantRecord>, DbError> {
        match grants::read(&mut &self.db, ids).await {
            Err(DbError::Corrupt { .. }) => {}
            result => return result,
        }
        let mut records = Vec::new();
        for id in ids {
            match grants::read_one(&mut &self.db, *id).await {
                Ok(record) => records.extend(record),
                Err(error @ DbError::Corrupt { .. }) => {
                    tracing::error!(error = %error, "a grant cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(records)
    }

    /// Requests all of them at once, so that they are written together. The dispatcher pushes them: a queue that is
    /// away costs no time here.
    async fn request(&self, records: Vec<GrantRecord>, now: Millis) -> Result<(), DbError> {
        let mut asking = JoinSet::new();
        for record in records {
            let refresher = self.refresher.clone();
            let cause =
                if record.grant.refreshed_at.is_none() && record.grant.at_expires_at.is_none() {
                    Cause::Import
                } else {
                    Cause::Schedule
                };
            let ask = Ask {
                credential: record.grant.credential,
                lane: Lane::Bulk,
                cause,
                request_id: None,
            };
            asking.spawn(async move { (refresher.queue(ask).await, record) });
        }
        let mut result = Ok(());
        while let Some(asked) = asking.join_next().await {
            let Ok((asked, record)) = asked else {
                continue;
            };
            match asked {
                Ok(Asked::Queued { .. } | Asked::Joined { .. } | Asked::Stopped { .. }) => {}
                // It was refreshed, disabled or deleted a moment ago: its schedule is computed anew.
                Ok(_) => self.unschedule(&record, now).await?,
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// Computes the schedule of a grant anew that is due and cannot be requested.
    async fn unschedule(&self, record: &GrantRecord, now: Millis) -> Result<(), DbError> {
        let ctx = Context {
            now,
            enabled: record.schedulable(),
            policy: &self.settings.policy,
            jitter: rand::rng().random(),
        };
        let next = record.grant.rescheduled(&ctx);
        if next != record.grant {
            grants::compare_and_set(
                &mut &self.db,
                &record.grant.guard(),
                &next,
                TokenWrite::default(),
            )
            .await?;
        }
        Ok(())
    }

    async fn postpone(&self, record: &GrantRecord, until: Millis) -> Result<(), DbError> {
        let until = until + SPREAD.mul_f64(rand::rng().random());
        if let Some(next) = record.grant.postponed(until) {
            grants::compare_and_set(
                &mut &self.db,
                &record.grant.guard(),
                &next,
                TokenWrite::default(),
            )
            .await?;
        }
        Ok(())
    }
}
