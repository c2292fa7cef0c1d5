//! Who schedules: a lease whose holder keeps raising a number. It is taken over by whoever has watched the
//! number stand still; nobody compares wall clocks.

use std::time::Duration;

use rt_manage_shared::{
    clock::BootInstant,
    db::{Db, DbError, coordination, coordination::Lease},
    id::BootId,
};

const NAME: &str = "scheduler";
/// The holder raises the number this often.
const BEAT: Duration = Duration::from_secs(5);
/// A lease that stands still this long is taken over: three missed beats.
const STANDSTILL: Duration = Duration::from_secs(15);
const HOUR: Duration = Duration::from_hours(1);

/// This process' view of the lease.
#[derive(Debug)]
pub(super) struct Leader {
    id: BootId,
    exclusive: bool,
    /// The lease as last seen, and since when it looks like this.
    seen: Option<(Lease, BootInstant)>,
    hour: BootInstant,
}

impl Leader {
    pub(super) fn new(id: BootId, exclusive: bool) -> Self {
        Self {
            id,
            exclusive,
            seen: None,
            hour: BootInstant::now(),
        }
    }

    /// Whether this process schedules now.
    pub(super) async fn lead(&mut self, db: &Db) -> Result<bool, DbError> {
        let now = BootInstant::now();
        if let Some((lease, since)) = &self.seen
            && lease.holder == self.id.to_string()
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
        let mine = lease.holder == self.id.to_string();
        let since = match &self.seen {
            Some((seen, since)) if *seen == lease => *since,
            _ => now,
        };
        if !mine && !self.exclusive && now.since(since) < STANDSTILL {
            self.seen = Some((lease, since));
            return Ok(false);
        }
        if !coordination::renew_lease(&mut &*db, NAME, &lease, self.id).await? {
            self.seen = None;
            return Ok(false);
        }
        if !mine {
            tracing::info!(former = %lease.holder, "this process schedules from now on");
        }
        self.note(lease.beat.wrapping_add(1), now);
        Ok(true)
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
