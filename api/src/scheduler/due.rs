//! Requests what is due, as much as lane and rate allow. Cost grows with what is due, never with what is stored.

use std::time::Duration;

use rand::RngExt as _;
use rt_manage_shared::{
    clock::Millis,
    db::{
        DbError, attempts,
        coordination::EgressHold,
        grants,
        grants::{GrantRecord, TokenWrite},
    },
    id::CredentialId,
    model::{
        attempt::{Cause, Lane},
        grant::Context,
    },
};

use super::{Scheduler, TICK};
use crate::refresh::{Ask, Asked};

/// Credentials whose egress has to wait come back within this time after the wait is over, spread at random:
/// no stampede.
const SPREAD: Duration = Duration::from_secs(30);

impl Scheduler {
    pub(super) async fn request_due(
        &mut self,
        now: Millis,
        held: &[EgressHold],
    ) -> Result<(), DbError> {
        let waiting = attempts::queued(&mut &self.db, Lane::Bulk, self.lane_depth).await?;
        let room = self.lane_depth.saturating_sub(waiting);
        let per_tick = u32::try_from(TICK.as_secs())
            .unwrap_or(1)
            .saturating_mul(self.rate_per_second);
        let limit = room.min(per_tick);
        if limit == 0 {
            return Ok(());
        }
        let due = grants::due(&mut &self.db, now, limit).await?;
        if due.is_empty() {
            return Ok(());
        }
        let asks = self.readable(&due).await?;
        for record in asks {
            if !record.schedulable() {
                self.unschedule(&record, now).await?;
                continue;
            }
            let egress = self.settings.egress_key(&record.egress);
            match held.iter().find(|one| one.egress == egress.as_str()) {
                Some(waiting) => self.postpone(&record, waiting.hold_until).await?,
                None => self.request(&record, now).await?,
            }
        }
        Ok(())
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

    async fn request(&self, record: &GrantRecord, now: Millis) -> Result<(), DbError> {
        let credential = record.grant.credential;
        let cause = if record.grant.refreshed_at.is_none() && record.grant.at_expires_at.is_none() {
            Cause::Import
        } else {
            Cause::Schedule
        };
        let ask = Ask {
            credential,
            lane: Lane::Bulk,
            cause,
            request_id: None,
        };
        match self.refresher.ask(ask).await? {
            Asked::Queued { .. } | Asked::Joined { .. } | Asked::Stopped { .. } => Ok(()),
            // It was refreshed, disabled or deleted a moment ago: its schedule is computed anew.
            _ => self.unschedule(record, now).await,
        }
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
