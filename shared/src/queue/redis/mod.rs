//! The queue over Redis: apalis-redis consumes, and we push, in the layout that it reads.
//!
//! Jobs are pushed by a script of our own, not by the library's sink. That one puts every job into a sorted set
//! by the *pusher's* wall clock, from which a consumer moves what is due by *its* wall clock: clocks that differ
//! delay jobs, and a backlog of some thousands ends every consumer. What else the library does out of the box, and
//! what was done about it, is a table in `docs/architecture.md`.

mod bell;
mod error;
mod events;
mod link;
mod names;
mod payload;
mod subscriber;

use std::{fmt, sync::Arc, time::Duration};

use ::redis::{AsyncCommands as _, Pipeline, Script, aio::ConnectionManager};
use apalis_core::backend::ext::{poll_strategy::PollWith, with_codec::WithCodec};
use apalis_redis::{Config, RedisStorage};
use tokio_util::sync::CancellationToken;

use self::{bell::Bell, link::Link, names::Names};
pub use self::{
    bell::Wake,
    payload::{JobCodec, Payload},
};
use super::{QueueError, RefreshJob};
use crate::{config::QueueConfig, id::BootId, model::attempt::Lane};

/// Consumers say that they live this often.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// Heartbeats that may be missed before the others take a consumer's jobs. The library compares wall clocks of
/// different hosts here, so there has to be room for clocks that are minutes apart. Nothing waits for it: what is
/// lost with a consumer is pushed again by the dispatcher, and one that ends in order gives its jobs back.
const MISSED_HEARTBEATS: usize = 60;
/// Finished jobs removed in one command.
const TRIM: usize = 1000;
/// The record of a consumer that was killed goes by itself after this time.
const RECORD: Duration = Duration::from_hours(1);
/// The key by which readiness sees whether Redis takes writes goes by itself after this time.
const PROBE: Duration = Duration::from_mins(1);

/// The library's list of all queues, which is not under our prefix. A user that may not touch it cannot consume.
const LIBRARY_KEY: &str = "core:apalis:queues:list";

/// What an apalis worker consumes.
pub type LaneBackend =
    PollWith<WithCodec<RedisStorage<Payload, ConnectionManager>, JobCodec>, Wake>;

/// The Redis that carries jobs and announcements; cheap to clone. It holds nothing that is not in the database.
#[derive(Clone)]
pub struct RedisQueue(Arc<Inner>);

struct Inner {
    link: Link,
    names: Names,
    /// This process, so that it does not hear itself.
    process: BootId,
    bells: Bells,
    scripts: Scripts,
}

/// One bell for each lane.
#[derive(Debug, Default)]
struct Bells {
    interactive: Bell,
    bulk: Bell,
}

impl Bells {
    const fn of(&self, lane: Lane) -> &Bell {
        match lane {
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
        }
    }
}

struct Scripts {
    push: Script,
    trim: Script,
    release: Script,
    purge: Script,
}

impl fmt::Debug for RedisQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisQueue").field(&self.0.names).finish()
    }
}

/// `queue.url` cannot be used. The text does not repeat it.
#[derive(Debug, thiserror::Error)]
#[error("queue.url: not an address that Redis understands, such as redis://127.0.0.1:6379/0")]
pub struct AddressError;

impl RedisQueue {
    /// The queue at this address. Connects when it is first used; call it inside the runtime.
    pub fn open(config: &QueueConfig) -> Result<Self, AddressError> {
        let url = config.url.as_ref().ok_or(AddressError)?;
        Ok(Self(Arc::new(Inner {
            link: Link::new(url.expose()).map_err(|_| AddressError)?,
            names: Names::new(&config.key_prefix),
            process: BootId::generate(),
            bells: Bells::default(),
            scripts: Scripts {
                push: Script::new(include_str!("push.lua")),
                trim: Script::new(include_str!("trim.lua")),
                release: Script::new(include_str!("release.lua")),
                purge: Script::new(include_str!("purge.lua")),
            },
        })))
    }

    fn config(&self, lane: Lane) -> Config {
        Config::default()
            .queue(self.0.names.lane(lane))
            // More would wait in a buffer, and while they do the library sends no heartbeat.
            .batch_size(1)
            .heartbeat_interval(HEARTBEAT)
            .missed_heartbeats(MISSED_HEARTBEATS)
            // The claim in the database is the lock; this one would cost a round trip for each job.
            .lock_tasks(false)
            // Without it nothing is ever acknowledged.
            .persist_results(true)
            // Our own channel wakes consumers.
            .emit_events(false)
    }

    pub(super) async fn push(&self, lane: Lane, jobs: &[RefreshJob]) -> Result<(), QueueError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let config = self.config(lane);
        let mut call = self.0.scripts.push.prepare_invoke();
        call.key(config.job_data_hash())
            .key(config.active_jobs_list())
            .key(config.done_jobs_set())
            .arg(config.job_meta_hash())
            .arg(self.0.names.wake(lane));
        for job in jobs {
            call.arg(job.attempt.to_string()).arg(payload::encode(job));
        }
        self.0
            .link
            .run(|mut redis| async move { call.invoke_async::<u32>(&mut redis).await })
            .await
            .map(|_| ())
    }

    pub(super) async fn depth(&self, lane: Lane) -> Result<u32, QueueError> {
        let list = self.config(lane).active_jobs_list();
        self.0
            .link
            .run(|mut redis| async move { redis.llen::<_, u32>(list).await })
            .await
    }

    /// Whether Redis answers, takes writes, and lets us use what we need besides our own keys.
    pub async fn check(&self) -> Result<(), QueueError> {
        let mut pipeline = Pipeline::new();
        pipeline
            .set_ex(self.0.names.probe(), 1, PROBE.as_secs())
            .ignore()
            .exists(LIBRARY_KEY)
            .ignore();
        self.0
            .link
            .run(|mut redis| async move { pipeline.exec_async(&mut redis).await })
            .await
    }

    /// A connection of its own for one run of a lane's consumer.
    pub fn lane(&self, lane: Lane) -> Result<LaneBackend, QueueError> {
        let storage = RedisStorage::new(self.0.link.connection()?).with_config(self.config(lane));
        let wake = Wake::new(self.0.bells.of(lane).clone());
        Ok(PollWith::new(WithCodec::new(storage, JobCodec), wake))
    }

    /// Removes finished jobs; returns how many.
    pub async fn trim(&self, lane: Lane) -> Result<usize, QueueError> {
        let config = self.config(lane);
        let mut call = self.0.scripts.trim.prepare_invoke();
        call.key(config.job_data_hash())
            .key(config.active_jobs_list())
            .key(config.done_jobs_set())
            .key(config.dead_jobs_set())
            .arg(config.job_meta_hash())
            .arg(TRIM);
        self.0
            .link
            .run(|mut redis| async move { call.invoke_async(&mut redis).await })
            .await
    }

    /// Lets the record of a consumer go by itself should the process be killed.
    pub async fn expire_record(&self, lane: Lane, consumer: &str) -> Result<(), QueueError> {
        let key = self.record(lane, consumer);
        self.0
            .link
            .run(|mut redis| async move {
                redis
                    .expire::<_, ()>(key, RECORD.as_secs().cast_signed())
                    .await
            })
            .await
    }

    /// Takes a consumer that has ended off its lane, gives back what it held, and removes what nobody can read;
    /// returns how many entries were unreadable.
    pub async fn release(&self, lane: Lane, consumer: &str) -> Result<usize, QueueError> {
        let config = self.config(lane);
        let mut call = self.0.scripts.release.prepare_invoke();
        call.key(config.job_data_hash())
            .key(config.active_jobs_list())
            .key(config.workers_set())
            .key(format!("{}:{consumer}", config.inflight_jobs_set()))
            .key(self.record(lane, consumer))
            .arg(config.job_meta_hash())
            .arg(consumer);
        self.0
            .link
            .run(|mut redis| async move { call.invoke_async(&mut redis).await })
            .await
    }

    /// Empties a lane that no consumer can read: what waited is pushed again from the database.
    pub async fn purge(&self, lane: Lane) -> Result<(), QueueError> {
        let config = self.config(lane);
        let mut call = self.0.scripts.purge.prepare_invoke();
        call.key(config.job_data_hash())
            .key(config.workers_set())
            .key(config.active_jobs_list())
            .key(config.done_jobs_set())
            .key(config.dead_jobs_set())
            .key(config.scheduled_jobs_set())
            .key(config.signal_list())
            .arg(config.job_meta_hash())
            .arg(config.inflight_jobs_set());
        self.0
            .link
            .run(|mut redis| async move { call.invoke_async::<()>(&mut redis).await })
            .await
    }

    /// The library's record of a consumer.
    fn record(&self, lane: Lane, consumer: &str) -> String {
        format!("{}:workers:metadata:{consumer}", self.0.names.lane(lane))
    }

    /// Hears of new jobs until `stop`, for the consumers of this process.
    pub async fn listen_for_jobs(&self, stop: CancellationToken) {
        let lanes = [Lane::Interactive, Lane::Bulk];
        let channels = lanes.map(|lane| self.0.names.wake(lane));
        subscriber::run(&self.0.link, &channels, &stop, |message| match message {
            // What was said while nobody listened is made up for by looking.
            None => lanes
                .map(|lane| self.0.bells.of(lane).ring())
                .into_iter()
                .collect(),
            Some((channel, _)) => {
                for lane in lanes {
                    if self.0.names.wake(lane) == channel {
                        self.0.bells.of(lane).ring();
                    }
                }
            }
        })
        .await;
    }
}
