//! What the tests of several processes share.

use rt_manage_shared::{
    db::{attempts, coordination},
    model::attempt::Line,
};
use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::{Admin, NewCredential, Part, PrivateRedis, System, SystemBuilder, until},
};
use serde_json::Value;

use super::support::database;

/// A system over a Redis of its own.
pub(crate) struct House {
    pub(crate) upstream: StandIn,
    pub(crate) redis: PrivateRedis,
    pub(crate) system: System,
    pub(crate) admin: Admin,
}

impl House {
    /// So many API replicas and workers. A doubt stays one, so that it can be seen.
    pub(crate) async fn start(
        apis: usize,
        workers: usize,
        change: impl FnOnce(SystemBuilder) -> SystemBuilder,
    ) -> Self {
        let upstream = StandIn::start(Options::default()).unwrap();
        let redis = PrivateRedis::start().await;
        let builder = crate::system(&upstream.token_url())
            .split_over(&redis, apis, workers)
            .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");
        let system = change(builder).start().await;
        let admin = system.admin().await;
        Self {
            upstream,
            redis,
            system,
            admin,
        }
    }

    /// Adds a credential; returns its id.
    pub(crate) async fn credential(&self, key: &str) -> String {
        let account = self.upstream.create_account(AccountSpec::key(key)).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        self.admin.create(new).await
    }

    /// Adds credentials; returns their keys and ids.
    pub(crate) async fn credentials(&self, prefix: &str, count: usize) -> Vec<(String, String)> {
        let mut made = Vec::new();
        for number in 0..count {
            let key = format!("{prefix}{number}");
            let id = self.credential(&key).await;
            made.push((key, id));
        }
        made
    }

    /// Waits until each of these was refreshed, then checks that it happened once and left no doubt. Only the stand-in and
    /// the database are looked at: nobody asks for a refresh.
    pub(crate) async fn refreshed_once(&self, made: &[(String, String)]) {
        for (key, _) in made {
            until(&format!("{key} is refreshed"), || async {
                self.upstream.account(key).unwrap().calls >= 1
            })
            .await;
            until(&format!("{key} has its tokens"), || async {
                self.system.public().get_at(key).await.status == 200
            })
            .await;
        }
        for (key, id) in made {
            let ledger = self.upstream.account(key).unwrap();
            assert_eq!(
                (ledger.calls, ledger.reused, ledger.max_concurrent),
                (1, 0, 1),
                "{key}"
            );
            assert_eq!(self.admin.state(id).await, "idle", "{key}");
        }
        assert_eq!(self.upstream.stats().reused, 0);
    }

    /// Waits until every process says that it can work.
    pub(crate) async fn all_ready(&self) {
        for part in self.system.parts() {
            until(&format!("{part} can work"), || async {
                let ready = self.system.get_from(part, "/readyz").await;
                ready.status == 200 && ready.body["status"] == "ok"
            })
            .await;
        }
    }

    /// Waits until every process says that its queue is away.
    pub(crate) async fn all_miss_the_queue(&self) {
        for part in self.system.parts() {
            until(&format!("{part} misses the queue"), || async {
                let ready = self.system.get_from(part, "/readyz").await;
                let queue = ready.body.pointer("/checks/queue").and_then(Value::as_str);
                let status = match part {
                    // It still hands out access tokens: nobody shall take it out of service.
                    Part::Api(_) => (200, "degraded"),
                    Part::Worker(_) => (503, "unavailable"),
                };
                (ready.status, ready.body["status"].as_str().unwrap()) == status
                    && queue.is_some_and(|said| said != "ok")
            })
            .await;
        }
    }

    /// Every process lives, although it may not be able to work.
    pub(crate) async fn all_live(&self) {
        for part in self.system.parts() {
            assert_eq!(
                self.system.get_from(part, "/livez").await.status,
                200,
                "{part}"
            );
        }
    }

    /// Waits until so many scheduled attempts stand in the database and no worker has claimed them.
    pub(crate) async fn backlog_of(&self, count: u32) {
        let db = database(&self.system.builder()).await;
        until(&format!("{count} attempts wait"), || async {
            attempts::queued(&mut &db, Line::Schedule, &[], count)
                .await
                .unwrap()
                >= count
        })
        .await;
    }

    /// Waits until somebody schedules; returns who, as the lease names it.
    pub(crate) async fn led(&self) -> String {
        let db = database(&self.system.builder()).await;
        rt_manage_tests::support::until_some("somebody schedules", || async {
            let lease = coordination::lease(&mut &db, "scheduler").await.unwrap();
            lease.map(|lease| lease.holder)
        })
        .await
    }
}
