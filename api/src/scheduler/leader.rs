//! Who schedules: a lease whose holder keeps raising a number. It is taken over by whoever has watched the
//! number stand still; nobody compares wall clocks. A holder that ends in order gives it up.

use std::time::Duration;

use rt_manage_shared::{
    clock::BootInstant,
    db::{Db, DbError, coordination, coordination::Lease},
    deadlines::{LEASE_BEAT as BEAT, LEASE_STANDSTILL as STANDSTILL},
    id::BootId,
};

const NAME: &str = "scheduler";
/// Giving the lease up must not hold the end of a process up.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);
const HOUR: Duration = Duration::from_hours(1);

/// This process' view of the lease.
#[derive(Debug)]
pub(super) struct Leader {
    id: BootId,
    exclusive: bool,
    /// The lease as last seen, and since when it looks like this.
    seen: Option<(Lease, BootInstant)>,
    leads: bool,
    hour: BootInstant,
}

impl Leader {
    pub(super) fn new(id: BootId, exclusive: bool) -> Self {
        Self {
            id,
            exclusive,
            seen: None,
            leads: false,
            hour: BootInstant::now(),
        }
    }

    /// Whether this process schedules at `now`. Within a beat after it raised the number nobody can have replaced it;
    /// after that, however it spent the time, it asks the database.
    pub(super) async fn lead(&mut self, db: &Db, now: BootInstant) -> Result<bool, DbError> {
        let result = self.look(db, now).await;
        if result.is_err() {
            self.doubt();
        }
        let leads = matches!(result, Ok(true));
        if leads != self.leads {
            if leads {
                tracing::info!("this process schedules from now on");
            } else {
                tracing::warn!("this process does not schedule any more");
            }
        }
        self.leads = leads;
        metrics::gauge!("rtm_scheduler_leader").set(if leads { 1.0 } else { 0.0 });
        result
    }

    /// The contact to the database was interrupted: what was seen before proves nothing.
    pub(super) fn doubt(&mut self) {
        self.seen = None;
    }

    /// Whether nobody can have taken the lease over yet: asked in the middle of a round, which may have been frozen.
    pub(super) fn is_certain(&self, now: BootInstant) -> bool {
        self.seen
            .as_ref()
            .is_some_and(|(lease, since)| self.is_mine(lease) && now.since(*since) < STANDSTILL)
    }

    async fn look(&mut self, db: &Db, now: BootInstant) -> Result<bool, DbError> {
        if let Some((lease, since)) = &self.seen
            && self.is_mine(lease)
            && now.since(*since) < BEAT
        {
            return Ok(true);
        }
        let Some(lease) = coordination::lease(&mut &*db, NAME).await? else {
            let taken = coordination::create_lease(&mut &*db, NAME, self.id).await?;
            if taken {
                self.note(1, now);
            }
            return Ok(taken);
        };
        let since = match &self.seen {
            Some((seen, since)) if *seen == lease => *since,
            _ => now,
        };
        let free = lease.holder.is_empty() || self.exclusive;
        if !self.is_mine(&lease) && !free && now.since(since) < STANDSTILL {
            self.seen = Some((lease, since));
            return Ok(false);
        }
        if !coordination::renew_lease(&mut &*db, NAME, &lease, self.id).await? {
            self.seen = None;
            return Ok(false);
        }
        if !self.is_mine(&lease) && !lease.holder.is_empty() {
            tracing::warn!(former = %lease.holder, "the lease of the former scheduler stood still");
        }
        self.note(lease.beat.wrapping_add(1), now);
        Ok(true)
    }

    /// Gives the lease up, where this process holds it: another one goes on at once.
    pub(super) async fn release(&mut self, db: &Db) {
        let mine = self.seen.take().filter(|(lease, _)| self.is_mine(lease));
        self.leads = false;
        metrics::gauge!("rtm_scheduler_leader").set(0.0);
        let Some((lease, _)) = mine else {
            return;
        };
        let mut place = db;
        let release = coordination::release_lease(&mut place, NAME, &lease);
        match tokio::time::timeout(RELEASE_LIMIT, release).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "the scheduler's lease could not be given up; it runs out");
            }
            Err(_) => tracing::warn!("the scheduler's lease could not be given up; it runs out"),
        }
    }

    fn is_mine(&self, lease: &Lease) -> bool {
        lease.holder == self.id.to_string()
    }

    fn note(&mut self, beat: i64, now: BootInstant) {
        self.seen = Some((
            Lease {
                holder: self.id.to_string(),
                beat,
            },
            now,
        ));
    }

    /// Once an hour: time for work that need not be done at each tick.
    pub(super) fn is_new_hour(&mut self) -> bool {
        let over = self.hour.elapsed() >= HOUR;
        if over {
            self.hour = BootInstant::now();
        }
        over
    }
}
