//! Pushes queued attempts that are not in the queue: those whose push failed, those that a worker gave back,
//! and those whose job was lost. What a round costs does not depend on how many attempts wait.

use std::{future::Future, time::Duration};

use rt_manage_shared::{
    clock::Millis,
    db::{DbError, attempts, attempts::Waiting, coordination::EgressHold},
    deadlines::INTERACTIVE_REPUSH,
    model::attempt::{Lane, Line},
    queue::{QueueError, RefreshJob},
};

use super::{
    Scheduler,
    pick::{Again, Candidates, Egresses, IN_HANDS, Sweep, candidates, overdue, paced, shares},
};

/// Most jobs that one round adds to a lane; more follow a second later.
const PER_TICK: u32 = 1024;
/// Attempts read at once.
const PAGE: u32 = 1024;
/// Beyond this many jobs in a lane what was pushed is not looked through any more in one round.
const MOST_LOOKED_THROUGH: u32 = 4096;
/// A queue that does not answer must not hold the scheduler up: its lease has to be renewed.
const QUEUE_PATIENCE: Duration = Duration::from_secs(2);

/// What the dispatcher remembers from round to round.
#[derive(Debug)]
pub(super) struct Dispatcher {
    lane_depth: u32,
    /// Scheduled attempts that start in one round. Those that waited together for an egress would storm it together
    /// when it works again.
    scheduled_per_round: u32,
    repush: Duration,
    interactive: Sweep,
    schedule: Sweep,
    job: Sweep,
    /// The egresses that are not known to work, and whether they have to wait.
    held: Vec<(String, bool)>,
    /// Who gets the odd one.
    odd: bool,
    refused: bool,
}

/// What a look at a line brought.
struct Look {
    rows: Vec<Waiting>,
    /// Whether more stand behind them.
    goes_on: bool,
}

impl Dispatcher {
    pub(super) const fn new(lane_depth: u32, scheduled_per_round: u32, repush: Duration) -> Self {
        Self {
            lane_depth,
            scheduled_per_round,
            repush,
            interactive: Sweep { after: None },
            schedule: Sweep { after: None },
            job: Sweep { after: None },
            held: Vec::new(),
            odd: false,
            refused: false,
        }
    }

    pub(super) const fn set_pace(
        &mut self,
        lane_depth: u32,
        scheduled_per_round: u32,
        repush: Duration,
    ) {
        self.lane_depth = lane_depth;
        self.scheduled_per_round = scheduled_per_round;
        self.repush = repush;
    }

    const fn sweep(&mut self, line: Line) -> &mut Sweep {
        match line {
            Line::Interactive => &mut self.interactive,
            Line::Schedule => &mut self.schedule,
            Line::Job => &mut self.job,
        }
    }

    /// Every line is looked at from its head again when an egress begins to wait, may be tried, or works again.
    fn follow(&mut self, holds: &[EgressHold], now: Millis) {
        let held: Vec<_> = holds
            .iter()
            .map(|hold| (hold.egress.clone(), hold.hold_until > now))
            .collect();
        if held != self.held {
            self.held = held;
            self.restart();
        }
    }

    /// Begins at the head of every line.
    fn restart(&mut self) {
        (self.interactive, self.schedule, self.job) = Default::default();
    }

    /// Another process dispatches: what this one knew is out of date.
    pub(super) fn rest(&mut self) {
        self.restart();
        if self.refused {
            self.refused = false;
            metrics::gauge!("rtm_queue_refuses").set(0.0);
        }
        for lane in [Lane::Interactive, Lane::Bulk] {
            metrics::gauge!("rtm_lane_depth", "lane" => lane.as_str()).set(0.0);
        }
    }

    #[cfg(test)]
    pub(super) const fn refuses(&self) -> bool {
        self.refused
    }

    /// The queue's failures are told when they begin and when they are over, not once a second.
    fn note(&mut self, result: &Result<(), QueueError>) {
        match result {
            Err(error) if !self.refused => {
                tracing::error!(error = %error, "the queue takes no jobs: attempts wait in the database");
            }
            Ok(()) if self.refused => tracing::info!("the queue takes jobs again"),
            _ => {}
        }
        self.refused = result.is_err();
        metrics::gauge!("rtm_queue_refuses").set(if self.refused { 1.0 } else { 0.0 });
    }
}

impl Scheduler {
    pub(super) async fn dispatch(
        &mut self,
        lanes: &[Lane],
        now: Millis,
        holds: &[EgressHold],
    ) -> Result<(), DbError> {
        self.dispatcher.follow(holds, now);
        let settings = std::sync::Arc::clone(&self.settings);
        let mut egresses = Egresses::new(&settings, holds, now);
        let mut result = Ok(());
        for &lane in lanes {
            result = self.dispatch_lane(lane, now, &mut egresses).await?;
            if result.is_err() {
                // Both lanes are in the same queue.
                break;
            }
        }
        self.dispatcher.note(&result);
        Ok(())
    }

    /// The queue being away is no fault of the database: the outer result is the database's, the inner one the
    /// queue's.
    async fn dispatch_lane(
        &mut self,
        lane: Lane,
        now: Millis,
        egresses: &mut Egresses<'_>,
    ) -> Result<Result<(), QueueError>, DbError> {
        let depth = match patiently(self.producer.depth(lane)).await {
            Ok(depth) => depth,
            Err(error) => return Ok(Err(error)),
        };
        metrics::gauge!("rtm_lane_depth", "lane" => lane.as_str()).set(f64::from(depth));
        let room = self
            .dispatcher
            .lane_depth
            .saturating_sub(depth)
            .min(PER_TICK);
        if room == 0 {
            return Ok(Ok(()));
        }
        let lines: &[Line] = match lane {
            Lane::Interactive => &[Line::Interactive],
            Lane::Bulk => &[Line::Schedule, Line::Job],
        };
        let mut looks = Vec::with_capacity(lines.len());
        let mut missing = 0_u32;
        for line in lines {
            let look = self.look(*line).await?;
            missing = missing.saturating_add(overdue(&look.rows, egresses, now));
            looks.push((*line, look));
        }
        let repush = match lane {
            Lane::Interactive => INTERACTIVE_REPUSH.min(self.dispatcher.repush),
            Lane::Bulk => self.dispatcher.repush,
        };
        let again = Again::new(now, repush, depth, missing);
        if again.lost && missing > IN_HANDS {
            tracing::warn!(%lane, depth, missing, "the queue has lost jobs: they are pushed again");
        }
        let jobs = self.choose(looks, egresses, again, room);
        self.push(lane, &jobs, now).await
    }

    /// Reads a line as far as one round allows: past everything that the queue can hold of it, and a page more.
    async fn look(&mut self, line: Line) -> Result<Look, DbError> {
        let mut after = self.dispatcher.sweep(line).after;
        let most = self.dispatcher.lane_depth.min(MOST_LOOKED_THROUGH);
        let mut rows = Vec::new();
        for _ in 0..=most.div_ceil(PAGE) {
            let page = attempts::waiting(&mut &self.db, line, after, PAGE).await?;
            let goes_on = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            after = page.last().map(|row| row.id);
            rows.extend(page);
            if !goes_on {
                return Ok(Look {
                    rows,
                    goes_on: false,
                });
            }
        }
        Ok(Look {
            rows,
            goes_on: true,
        })
    }

    /// Divides the room, and notes where the next look begins.
    fn choose(
        &mut self,
        looks: Vec<(Line, Look)>,
        egresses: &mut Egresses<'_>,
        again: Again,
        room: u32,
    ) -> Vec<Waiting> {
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let mut found = Vec::with_capacity(looks.len());
        for (line, look) in looks {
            let last = look.rows.last().filter(|_| look.goes_on).map(|row| row.id);
            let mut candidates = candidates(line, look.rows, egresses, again);
            let per_round = self.dispatcher.scheduled_per_round;
            let kept = paced(line, &mut candidates.absent, per_round);
            found.push((line, last, kept, candidates));
        }
        let mut counts = found.iter().map(|(_, _, _, found)| found.absent.len());
        let (first, second) = (counts.next().unwrap_or(0), counts.next().unwrap_or(0));
        let (first, second) = shares(room, first, second, self.dispatcher.odd);
        if found.len() > 1 {
            self.dispatcher.odd = !self.dispatcher.odd;
        }
        let mut lists = Vec::with_capacity(found.len());
        let mut silent = Vec::new();
        for ((line, last, kept, list), share) in found.into_iter().zip([first, second]) {
            let Candidates {
                mut absent,
                silent: repeated,
            } = list;
            let full = kept || absent.len() > share;
            absent.truncate(share);
            let sweep = self.dispatcher.sweep(line);
            *sweep = sweep.next(last, full, absent.last().map(|row| row.id));
            silent.extend(repeated);
            lists.push(absent);
        }
        silent.truncate(room);
        let mut chosen = interleave(lists);
        chosen.extend(silent);
        chosen
    }

    async fn push(
        &self,
        lane: Lane,
        waiting: &[Waiting],
        now: Millis,
    ) -> Result<Result<(), QueueError>, DbError> {
        if waiting.is_empty() {
            return Ok(Ok(()));
        }
        let jobs: Vec<_> = waiting.iter().map(job).collect();
        let ids: Vec<_> = waiting.iter().map(|attempt| attempt.id).collect();
        // Noted first: a worker may give the attempt back before the push returns, and that must be the last word.
        attempts::pushed(&mut &self.db, &ids, now).await?;
        let result = patiently(self.producer.push(lane, &jobs)).await;
        if result.is_err() {
            attempts::not_pushed(&mut &self.db, &ids).await?;
        }
        Ok(result)
    }
}

/// One of each in turn, so that neither stands behind all of the other in the lane.
fn interleave(lists: Vec<Vec<Waiting>>) -> Vec<Waiting> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    (0..longest)
        .flat_map(|_| {
            let next: Vec<_> = lists.iter_mut().filter_map(Iterator::next).collect();
            next
        })
        .collect()
}

async fn patiently<T>(call: impl Future<Output = Result<T, QueueError>>) -> Result<T, QueueError> {
    tokio::time::timeout(QUEUE_PATIENCE, call)
        .await
        .unwrap_or_else(|_| Err(QueueError::TimedOut))
}

fn job(attempt: &Waiting) -> RefreshJob {
    RefreshJob {
        credential: attempt.credential,
        attempt: attempt.id,
    }
}
