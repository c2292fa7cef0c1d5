//! A scheduler whose time the test brings.

use std::time::Duration;

use rt_manage_shared::{
    clock::{Clock, Millis},
    config::Config,
    db::{
        Db, DbOptions, Target,
        attempts::{self, NewAttempt},
        coordination::EgressHold,
        credentials::{self, Identity, Profile},
        grants,
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::{Cause, Lane, Line},
        grant::{Context, Grant},
    },
    notify::Notifier,
    queue::{
        Producer,
        embedded::{self, EmbeddedConsumer},
    },
    vault::{Fingerprint, Secret},
};
use rt_manage_worker::{Live, WorkerSettings};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    refresh::Refresher,
    scheduler::{Scheduler, SchedulerParts},
};

/// An egress of its own.
pub(super) const PROXY: &str = "proxy-0123456789abcdef";

pub(super) struct Bench {
    pub(super) scheduler: Scheduler,
    pub(super) db: Db,
    pub(super) now: Millis,
    pub(super) folder: TempDir,
    interactive: Option<EmbeddedConsumer>,
    bulk: Option<EmbeddedConsumer>,
}

pub(super) async fn open(folder: &TempDir) -> Db {
    let target = Target::Sqlite {
        file: folder.path().join("tokens.db"),
    };
    let db = Db::open(&DbOptions::new(target)).await.unwrap();
    db.migrate().await.unwrap();
    db
}

impl Bench {
    /// A scheduler whose pace plays no part.
    pub(super) async fn new(lane_depth: u32) -> Self {
        Self::paced(lane_depth, 100_000).await
    }

    /// A scheduler that starts so many scheduled refreshes a second.
    pub(super) async fn paced(lane_depth: u32, rate_per_second: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let db = open(&folder).await;
        let mut config = Config::default();
        config.refresh.lane_depth = lane_depth;
        config.refresh.rate_per_second = rate_per_second;
        config.journal.directory = folder.path().join("journal");
        let (clock, notifier) = (Clock::new(), Notifier::in_process());
        let settings = Live::fixed(WorkerSettings::resolve(&config).unwrap());
        let (producer, interactive, bulk) = embedded::create();
        let producer = Producer::Embedded(producer);
        let refresher = Refresher::start(
            &db,
            &clock,
            &notifier,
            &settings,
            producer.clone(),
            CancellationToken::new(),
        );
        let now = clock.now();
        let parts = SchedulerParts {
            db: db.clone(),
            clock,
            notifier,
            settings,
            producer,
            refresher,
        };
        Self {
            scheduler: Scheduler::new(parts, true),
            db,
            now,
            folder,
            interactive: Some(interactive),
            bulk: Some(bulk),
        }
    }

    /// A credential that is due at once.
    pub(super) async fn credential(&self, egress: &str) -> Grant {
        let id = CredentialId::generate();
        let ctx = Context {
            now: self.now,
            enabled: true,
            policy: &self.scheduler.settings.policy,
            jitter: 0.5,
        };
        let rt_fp = Fingerprint::of(&Secret::new(id.to_string()));
        let grant = Grant::new(id, rt_fp, None, &ctx);
        let profile = Profile {
            biz_id: id.to_string(),
            client_id: "app_x".into(),
            proxy: None,
            egress: egress.into(),
            egress_label: String::new(),
            tag: String::new(),
            memo: String::new(),
            enabled: true,
        };
        let mut tx = self.db.begin().await.unwrap();
        credentials::insert(&mut tx, id, &profile, &Identity::default(), self.now)
            .await
            .unwrap();
        grants::insert(&mut tx, &grant, b"sealed".to_vec(), None)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        grant
    }

    /// So many queued attempts of a line, by a credential with this egress; asked for a minute ago.
    pub(super) async fn attempts(&self, line: Line, egress: &str, count: usize) -> Vec<AttemptId> {
        let grant = self.credential(egress).await;
        let mut ids: Vec<_> = (0..count).map(|_| AttemptId::generate()).collect();
        ids.sort();
        let mut tx = self.db.begin().await.unwrap();
        for id in &ids {
            let (queue, cause) = match line {
                Line::Interactive => (Lane::Interactive, Cause::PublicApi),
                Line::Schedule => (Lane::Bulk, Cause::Schedule),
                Line::Job => (Lane::Bulk, Cause::Job),
            };
            let attempt = NewAttempt {
                id: *id,
                credential: grant.credential,
                lane: queue,
                cause,
                probe: false,
                egress: "direct".into(),
                rt_fp: grant.rt_fp.clone(),
                request_id: None,
                requested_at: self.now - Duration::from_mins(1),
            };
            attempts::insert(&mut tx, &attempt).await.unwrap();
        }
        tx.commit().await.unwrap();
        ids
    }

    /// One round of the dispatcher.
    pub(super) async fn dispatch(&mut self, holds: &[EgressHold]) {
        let lanes = [Lane::Interactive, Lane::Bulk];
        self.scheduler
            .dispatch(&lanes, self.now, holds)
            .await
            .unwrap();
    }

    /// How many attempts of a line were pushed at this moment.
    pub(super) async fn pushed_now(&self, line: Line) -> usize {
        let rows = self.waiting(line).await;
        rows.iter().filter(|(_, at)| *at == Some(self.now)).count()
    }

    pub(super) async fn waiting(&self, line: Line) -> Vec<(AttemptId, Option<Millis>)> {
        let rows = attempts::waiting(&mut &self.db, line, None, 100_000)
            .await
            .unwrap();
        rows.iter().map(|row| (row.id, row.pushed_at)).collect()
    }

    pub(super) async fn depth(&self, lane: Lane) -> u32 {
        self.scheduler.producer.depth(lane).await.unwrap()
    }

    /// So many jobs are in the queue no longer.
    pub(super) fn drain(&self, lane: Lane, count: u32) {
        let consumer = match lane {
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
        };
        for _ in 0..count {
            consumer.as_ref().unwrap().depth.job_done();
        }
    }

    /// The queue takes nothing any more.
    pub(super) fn break_queue(&mut self) {
        (self.interactive, self.bulk) = (None, None);
    }

    /// The direct way on hold until so many seconds from now.
    pub(super) fn direct_held(&self, seconds: u64) -> EgressHold {
        EgressHold {
            egress: "direct".into(),
            label: "direct".into(),
            hold_until: self.now + Duration::from_secs(seconds),
            reason: "circuit_open".into(),
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }
}
