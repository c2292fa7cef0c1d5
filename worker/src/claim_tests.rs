//! Several workers, each with breakers of its own, over one database.

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::{BootInstant, Clock},
    config::Config,
    db::{
        Db, DbOptions, Execute as _, Target,
        attempts::{self, NewAttempt},
        batch::Batcher,
        coordination::{self, EgressHold},
        credentials::{self, Identity, Profile},
        egress_pauses::{self, EgressPause},
        grants, retention, sql,
    },
    id::{AttemptId, BootId, CredentialId},
    model::{
        attempt::{Cause, Lane, OutcomeKind},
        credential::DEFAULT_EGRESS,
        grant::{Context, Grant},
    },
    openai::EgressKey,
    queue::RefreshJob,
    vault::{Fingerprint, Secret},
};
use tempfile::TempDir;

use super::{ClaimWork, Claimed, NotNow};
use crate::{
    Live, WorkerSettings,
    egress::{BreakerSettings, Breakers, Pass, Ticket, Verdict},
    recorded::Recorded,
};

struct Bench {
    db: Db,
    clock: Clock,
    settings: Arc<WorkerSettings>,
    _folder: TempDir,
}

struct Rival {
    claims: Batcher<ClaimWork>,
    breakers: Arc<Breakers>,
    recorded: Arc<Recorded>,
}

impl Bench {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let target = Target::Sqlite {
            file: folder.path().join("tokens.db"),
        };
        let db = Db::open(&DbOptions::new(target)).await.unwrap();
        db.migrate().await.unwrap();
        Self {
            db,
            clock: Clock::new(),
            settings: Arc::new(WorkerSettings::resolve(&Config::default()).unwrap()),
            _folder: folder,
        }
    }

    fn worker(&self) -> Rival {
        let breakers = Arc::new(Breakers::new(BreakerSettings::default()));
        let recorded = Arc::new(Recorded::default());
        let work = ClaimWork {
            boot: BootId::generate(),
            db: self.db.clone(),
            recorded: Arc::clone(&recorded),
            clock: self.clock.clone(),
            breakers: Arc::clone(&breakers),
            settings: Live::fixed(Arc::clone(&self.settings)),
        };
        Rival {
            claims: Batcher::start(self.db.clone(), work),
            breakers,
            recorded,
        }
    }

    /// A new credential with a queued attempt.
    async fn job(&self) -> RefreshJob {
        let (credential, attempt) = (CredentialId::generate(), AttemptId::generate());
        let now = self.clock.now();
        let ctx = Context {
            now,
            enabled: true,
            policy: &self.settings.policy,
            jitter: 0.5,
        };
        let rt_fp = Fingerprint::of(&Secret::new(credential.to_string()));
        let grant = Grant::new(credential, rt_fp.clone(), None, &ctx);
        let grant = grant.request(attempt, &ctx).unwrap();
        let profile = Profile {
            biz_id: credential.to_string(),
            client_id: "app_x".into(),
            proxy: None,
            egress: DEFAULT_EGRESS.into(),
            egress_label: String::new(),
            tag: String::new(),
            memo: String::new(),
            enabled: true,
        };
        let new = NewAttempt {
            id: attempt,
            credential,
            lane: Lane::Bulk,
            cause: Cause::Schedule,
            probe: false,
            egress: "direct".into(),
            rt_fp,
            request_id: None,
            requested_at: now,
        };
        let mut tx = self.db.begin().await.unwrap();
        credentials::insert(&mut tx, credential, &profile, &Identity::default(), now)
            .await
            .unwrap();
        grants::insert(&mut tx, &grant, b"sealed".to_vec(), None)
            .await
            .unwrap();
        attempts::insert(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        RefreshJob {
            credential,
            attempt,
        }
    }

    async fn hold(&self, wait: Duration) {
        let hold = EgressHold {
            egress: "direct".into(),
            label: "direct".into(),
            hold_until: self.clock.now() + wait,
            reason: coordination::CIRCUIT_OPEN.into(),
        };
        coordination::hold_egress(&mut &self.db, &hold)
            .await
            .unwrap();
    }

    /// Each worker tries to claim two attempts at the same moment; the tickets of those that got one.
    async fn rush(&self, workers: &[Rival]) -> Vec<Ticket> {
        let mut claims = Vec::new();
        for worker in workers {
            for _ in 0..2 {
                let (claims_of, job) = (worker.claims.clone(), Arc::new(self.job().await));
                claims.push(tokio::spawn(
                    async move { claims_of.submit(job).await.unwrap() },
                ));
            }
        }
        let mut tickets = Vec::new();
        for claim in claims {
            match claim.await.unwrap() {
                Claimed::Yes { ticket, .. } => tickets.push(ticket),
                Claimed::NotNow(NotNow::EgressHeld { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        tickets
    }
}

/// Moves stored time: every worker's wait is over, whatever its own breaker has measured.
fn later(clock: &Clock, by: Duration) {
    clock.set_from_database(clock.now() + by);
}

#[tokio::test]
async fn of_all_workers_one_tries_an_egress_and_lets_all_go_on() {
    let bench = Bench::new().await;
    let workers = [
        bench.worker(),
        bench.worker(),
        bench.worker(),
        bench.worker(),
    ];
    assert_eq!(
        bench.rush(&workers).await.len(),
        8,
        "nothing is known against it"
    );
    bench.hold(Duration::from_secs(10)).await;
    assert_eq!(bench.rush(&workers).await.len(), 0, "all obey");
    // A worker that starts only now knows no better.
    let late = [bench.worker(), bench.worker()];
    later(&bench.clock, Duration::from_secs(10));
    let mut probes = bench.rush(&late).await;
    assert_eq!((probes.len(), probes[0].is_probe()), (1, true));
    assert_eq!(bench.rush(&workers).await.len(), 0, "one at a time");
    // It works: as `pace` does it.
    probes[0].report(BootInstant::now(), Verdict::Healthy);
    assert!(
        coordination::close_circuit(&mut &bench.db, "direct")
            .await
            .unwrap()
    );
    let all = bench.rush(&workers).await;
    assert_eq!(all.len(), 8);
    assert!(all.iter().all(|ticket| !ticket.is_probe()));
    assert_eq!(bench.rush(&late).await.len(), 4);
}

#[tokio::test]
async fn a_claim_that_fails_leaves_the_turn_to_the_next() {
    let bench = Bench::new().await;
    let worker = [bench.worker()];
    bench.hold(Duration::ZERO).await;
    let dropped = bench.rush(&worker).await;
    assert_eq!(dropped.len(), 1);
    drop(dropped);
    let direct = EgressKey::direct();
    assert_eq!(
        worker[0].breakers.try_pass(&direct, BootInstant::now()),
        Pass::Probe
    );
}

#[tokio::test]
async fn nothing_is_claimed_where_the_database_has_forgotten_what_it_had_recorded() {
    let bench = Bench::new().await;
    let worker = bench.worker();
    let first = bench.job().await;
    let claim = async |job: &RefreshJob| worker.claims.submit(Arc::new(job.clone())).await.unwrap();
    assert!(matches!(claim(&first).await, Claimed::Yes { .. }));
    let ending = attempts::Ending {
        outcome: OutcomeKind::NotSent,
        code: None,
        detail: None,
        http_status: None,
        duration_ms: None,
        finished_at: bench.clock.now(),
    };
    attempts::finish(&mut &bench.db, first.attempt, &ending)
        .await
        .unwrap();
    worker.recorded.note(first.attempt, bench.clock.now());
    assert!(matches!(
        claim(&bench.job().await).await,
        Claimed::Yes { .. }
    ));
    // A server that lost the commit knows the attempt, and not its end.
    let lost = bench.job().await;
    let state = "UPDATE {attempts} SET state = 'refreshing' WHERE id = ?";
    (&mut &bench.db)
        .execute(sql(state).bind(first.attempt))
        .await
        .unwrap();
    for _ in 0..2 {
        let claimed = claim(&lost).await;
        assert!(
            matches!(claimed, Claimed::NotNow(NotNow::OlderDatabase)),
            "{claimed:?}"
        );
        // A restored copy does not know it at all.
        let row = "DELETE FROM {attempts} WHERE id = ?";
        (&mut &bench.db)
            .execute(sql(row).bind(first.attempt))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn what_was_removed_for_its_age_is_no_lost_commit() {
    let bench = Bench::new().await;
    let worker = bench.worker();
    let first = bench.job().await;
    let ending = attempts::Ending {
        outcome: OutcomeKind::Rotated,
        code: None,
        detail: None,
        http_status: None,
        duration_ms: None,
        finished_at: bench.clock.now(),
    };
    attempts::finish(&mut &bench.db, first.attempt, &ending)
        .await
        .unwrap();
    worker.recorded.note(first.attempt, bench.clock.now());
    later(&bench.clock, Duration::from_mins(1));
    let removed = retention::prune_attempts(&mut &bench.db, bench.clock.now(), 10).await;
    assert_eq!(removed.unwrap(), 1);
    let claim = async |job: RefreshJob| worker.claims.submit(Arc::new(job)).await.unwrap();
    let job = bench.job().await;
    assert!(matches!(claim(job).await, Claimed::Yes { .. }));
    let lost = AttemptId::earliest(bench.clock.now());
    worker.recorded.note(lost, bench.clock.now());
    let claimed = claim(bench.job().await).await;
    assert!(
        matches!(claimed, Claimed::NotNow(NotNow::OlderDatabase)),
        "{claimed:?}"
    );
}

#[tokio::test]
async fn nothing_is_claimed_for_a_paused_egress_whatever_else_holds_it() {
    let bench = Bench::new().await;
    let worker = bench.worker();
    let pause = EgressPause {
        egress: "direct".into(),
        label: "direct".into(),
        reason: "r".into(),
        since: bench.clock.now(),
    };
    let db = &mut &bench.db;
    assert!(egress_pauses::pause(db, &pause).await.unwrap());
    let job = bench.job().await;
    let claim = async || {
        let job = Arc::new(job.clone());
        worker.claims.submit(job).await.unwrap()
    };
    // What calls meet does not lift it: no hold, one that is over, one that was found to be pointless.
    for round in 0..3 {
        let claimed = claim().await;
        assert!(
            matches!(claimed, Claimed::NotNow(NotNow::EgressPaused)),
            "{round}: {claimed:?}"
        );
        bench.hold(Duration::ZERO).await;
        if round == 1 {
            coordination::close_circuit(db, "direct").await.unwrap();
        }
    }
    assert!(egress_pauses::resume(db, "direct").await.unwrap());
    assert!(matches!(claim().await, Claimed::Yes { .. }));
}
