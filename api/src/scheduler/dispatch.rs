//! Pushes queued attempts that are not in the queue: those whose push failed, those that a worker gave back,
//! and those whose job was lost.

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, attempts, coordination::EgressHold, grants},
    model::attempt::Lane,
    queue::RefreshJob,
};

use super::Scheduler;

/// Most pushes of one lane in one tick; more follow a second later.
const PER_TICK: u32 = 256;

impl Scheduler {
    pub(super) async fn dispatch(&self, now: Millis, held: &[EgressHold]) -> Result<(), DbError> {
        for lane in [Lane::Interactive, Lane::Bulk] {
            let depth = self.producer.depth(lane);
            metrics::gauge!("rtm_lane_depth", "lane" => lane.as_str()).set(f64::from(depth));
            let room = self.lane_depth.saturating_sub(depth).min(PER_TICK);
            if room == 0 {
                continue;
            }
            let waiting = attempts::to_push(&mut &self.db, lane, now - self.repush, room).await?;
            if waiting.is_empty() {
                continue;
            }
            let ids: Vec<_> = waiting.iter().map(|attempt| attempt.credential).collect();
            let records = grants::read(&mut &self.db, &ids).await?;
            let mut pushed = Vec::new();
            for attempt in &waiting {
                // A job for an egress on hold would only come back.
                let on_hold = records
                    .iter()
                    .find(|record| record.grant.credential == attempt.credential)
                    .map(|record| self.settings.egress_key(&record.egress))
                    .is_some_and(|egress| held.iter().any(|hold| hold.egress == egress.as_str()));
                let job = RefreshJob {
                    credential: attempt.credential,
                    attempt: attempt.id,
                };
                if on_hold {
                    continue;
                }
                match self.producer.push(lane, job) {
                    Ok(()) => pushed.push(attempt.id),
                    Err(error) => {
                        tracing::warn!(error = %error, "the queue takes no jobs; they are pushed later");
                        break;
                    }
                }
            }
            attempts::pushed(&mut &self.db, &pushed, now).await?;
        }
        Ok(())
    }
}
