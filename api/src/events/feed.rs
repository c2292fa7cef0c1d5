//! The feed: turns announcements, and what it sees in the database once a second, into events. Where nobody listens it reads
//! nothing.

use std::{collections::BTreeMap, time::Duration};

use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{Db, DbError, attempts, coordination, egress_pauses, jobs, snapshots, system},
    id::{AttemptId, JobId},
    notify::Event,
};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Events, Happening};
use crate::stats::CENSUS;

/// How often it is looked at what nobody announces.
const LOOK: Duration = Duration::from_secs(1);
/// Attempts that are looked up with one statement.
const BATCH: usize = 256;
/// Jobs that have ended this long ago have been told: more than a look that was late.
const ENDED_LATELY: Duration = Duration::from_secs(30);
/// Jobs that are told of at once.
const MOST_JOBS: u32 = 200;

/// How things stand.
#[derive(Debug, Default, PartialEq, Eq)]
struct Standing {
    /// Switches that are on, with their reasons.
    switches: BTreeMap<String, String>,
    /// Ways out that are paused or wait: label, paused, on hold.
    egresses: BTreeMap<String, (String, bool, bool)>,
    /// Workers that live, with their hosts.
    workers: BTreeMap<String, String>,
    /// Jobs that are under way or have ended lately, as they are told.
    jobs: BTreeMap<JobId, Happening>,
    counted_at: Option<Millis>,
}

/// The feed of a process.
#[derive(Debug)]
pub(super) struct Feed {
    events: Events,
    db: Db,
    clock: Clock,
    heartbeat: Duration,
    /// As last seen; `None`: nobody has listened.
    standing: Option<Standing>,
    /// Whether looking has failed since then.
    failed: bool,
}

impl Feed {
    pub(super) const fn new(events: Events, db: Db, clock: Clock, heartbeat: Duration) -> Self {
        Self {
            events,
            db,
            clock,
            heartbeat,
            standing: None,
            failed: false,
        }
    }

    pub(super) async fn run(mut self, mut announced: broadcast::Receiver<Event>) {
        let draining = self.events.0.draining.clone();
        let mut timer = tokio::time::interval(LOOK);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let first = tokio::select! {
                _ = timer.tick() => None,
                () = self.events.0.wake.notified() => None,
                event = announced.recv() => Some(event),
                () = draining.cancelled() => return,
            };
            match first {
                None if self.events.is_watched() => self.look().await,
                None => self.rest(),
                Some(Err(RecvError::Closed)) => return,
                Some(_) if self.standing.is_none() => {}
                Some(event) => self.tell(event, &mut announced).await,
            }
        }
    }

    /// Nobody listens.
    fn rest(&mut self) {
        if self.standing.take().is_some() {
            self.events.forget();
        }
    }

    /// Tells what was announced, and what has come behind it.
    async fn tell(
        &self,
        first: Result<Event, RecvError>,
        announced: &mut broadcast::Receiver<Event>,
    ) {
        let mut ended = Vec::new();
        let mut missed = false;
        let mut next = Some(first);
        while let Some(event) = next {
            match event {
                Ok(Event::Finished { attempt, .. }) => ended.push(attempt),
                Ok(Event::Changed(credential)) => {
                    self.events.publish(Happening::Credential { credential });
                }
                Ok(Event::Missed) | Err(_) => missed = true,
            }
            next = if ended.len() < BATCH {
                announced.try_recv().ok().map(Ok)
            } else {
                None
            };
        }
        missed |= self.tell_ends(&ended).await.is_err();
        if missed {
            let because = "announcements were missed";
            self.events.publish(Happening::Reset { because });
        }
    }

    async fn tell_ends(&self, ended: &[AttemptId]) -> Result<(), DbError> {
        for attempt in attempts::read(&mut &self.db, ended).await? {
            self.events.publish(attempt.into());
        }
        Ok(())
    }

    async fn look(&mut self) {
        let Ok(now) = self.read().await else {
            self.failed = true;
            return;
        };
        match &self.standing {
            Some(before) => before.tell_changes(&now, &self.events),
            None if self.failed => {
                let because = "the database was away";
                self.events.publish(Happening::Reset { because });
            }
            None => {}
        }
        self.failed = false;
        self.standing = Some(now);
        self.events.0.follows.send_if_modified(|follows| {
            let is_new = !*follows;
            *follows = true;
            is_new
        });
    }

    async fn read(&self) -> Result<Standing, DbError> {
        let (db, now) = (&mut &self.db, self.clock.now());
        let mut standing = Standing::default();
        for switch in system::switches(db).await? {
            standing.switches.insert(switch.name, switch.reason);
        }
        for hold in coordination::held_egresses(db, now).await? {
            let state = (hold.label, false, true);
            standing.egresses.insert(hold.egress, state);
        }
        for pause in egress_pauses::all(db).await? {
            let state = standing.egresses.entry(pause.egress);
            state.or_insert((pause.label, true, false)).1 = true;
        }
        let since = coordination::alive_since(now, self.heartbeat);
        for worker in coordination::live_workers(db, since).await? {
            let info = worker.info;
            standing.workers.insert(info.boot_id, info.host);
        }
        let lately = now - ENDED_LATELY;
        for job in jobs::lively(db, lately, MOST_JOBS).await? {
            standing.jobs.insert(job.id, Happening::from(&job));
        }
        let counted = snapshots::read(db, CENSUS).await?;
        standing.counted_at = counted.map(|counted| counted.taken_at);
        Ok(standing)
    }
}

impl Standing {
    fn tell_changes(&self, now: &Self, events: &Events) {
        for (name, reason) in changed(&self.switches, &now.switches) {
            events.publish(Happening::Switch {
                name: name.clone(),
                on: now.switches.contains_key(name),
                reason: now.switches.contains_key(name).then(|| reason.clone()),
            });
        }
        for (egress, (label, _, _)) in changed(&self.egresses, &now.egresses) {
            let state = now.egresses.get(egress);
            events.publish(Happening::Egress {
                egress: egress.clone(),
                label: label.clone(),
                paused: state.is_some_and(|(_, paused, _)| *paused),
                on_hold: state.is_some_and(|(_, _, on_hold)| *on_hold),
            });
        }
        for (worker, host) in changed(&self.workers, &now.workers) {
            events.publish(Happening::Worker {
                worker: worker.clone(),
                host: host.clone(),
                alive: now.workers.contains_key(worker),
            });
        }
        for (job, happening) in &now.jobs {
            if self.jobs.get(job) != Some(happening) {
                events.publish(happening.clone());
            }
        }
        if let Some(as_of) = now.counted_at.filter(|at| Some(*at) != self.counted_at) {
            let as_of = as_of.to_rfc3339();
            events.publish(Happening::Stats { as_of });
        }
    }
}

/// What is new or different now, as it is now, and what is gone, as it was.
fn changed<'a, T: PartialEq>(
    before: &'a BTreeMap<String, T>,
    now: &'a BTreeMap<String, T>,
) -> impl Iterator<Item = (&'a String, &'a T)> {
    let new = now
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(*value));
    let gone = before.iter().filter(|(key, _)| !now.contains_key(*key));
    gone.chain(new)
}
