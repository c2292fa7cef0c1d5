//! P6: what an import of 100,000 rows costs against the bare inserts of the same rows, in one run, in a scratch folder.
//!
//! `cargo bench -p rt-manage-api --bench import [ROWS]`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark stops at the first surprise"
)]

use std::{fmt::Write as _, sync::Arc, time::Duration};

use rt_manage_api::{
    import::{Wish, start},
    jobs::{JobContext, Jobs, run_here},
};
use rt_manage_shared::{
    bootstrap::{self, Role},
    clock::{BootInstant, Clock, Millis},
    config::{Config, Loaded},
    db::{
        Db, credentials,
        credentials::{Identity, Profile},
        grants,
    },
    id::CredentialId,
    model::{
        audit::Actor,
        grant::{Context, Grant},
        schedule::{DoubtPolicy, SchedulePolicy},
    },
    notify::Notifier,
    vault::{Fingerprint, Secret, Vault},
};
use rt_manage_worker::Live;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const ROWS: usize = 100_000;
/// Rows of a transaction, as the import has them.
const CHUNK: usize = 500;

struct Bench {
    loaded: Loaded,
    db: Db,
    vault: Vault,
    clock: Clock,
    _folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut config = Config::default();
        config.database.database = path("tokens.db").display().to_string();
        config.security.key_file = path("keys");
        let loaded = Loaded::of(config);
        let config = Arc::new(loaded.config.clone());
        let db = bootstrap::open_database(&config).await.unwrap();
        db.migrate().await.unwrap();
        let clock = Clock::new();
        let vault = bootstrap::open_vault(&config, &db, &clock, Role::Api);
        Self {
            vault: vault.await.unwrap(),
            loaded,
            db,
            clock,
            _folder: folder,
        }
    }
}

fn token(n: usize) -> String {
    // As long as real ones, and in no order.
    let tail = Fingerprint::of(&Secret::new(n.to_string()));
    format!("rt.1.{}{}", tail.as_str(), &tail.as_str()[..22])
}

fn report(what: &str, took: Duration) {
    println!("{what}: {:.2} s", took.as_secs_f64());
}

/// The inserts alone: nothing is read, looked up or sealed.
async fn bare(rows: usize, chunk: usize) -> Duration {
    let bench = Bench::new().await;
    let policy = SchedulePolicy {
        lead: Duration::from_hours(24),
        interval: None,
        backoff_base: Duration::from_secs(30),
        backoff_max: Duration::from_hours(1),
        doubt: DoubtPolicy::Immediate,
        probe_delays: Vec::new(),
    };
    let now = Millis(1_800_000_000_000);
    let ctx = Context {
        now,
        enabled: true,
        policy: &policy,
        jitter: 0.5,
    };
    let sealed = vec![7_u8; 140];
    let made: Vec<_> = (0..rows)
        .map(|n| {
            let id = CredentialId::generate();
            let row = credentials::New {
                id,
                profile: Profile {
                    biz_id: format!("user-{n:06}"),
                    client_id: "app_EMoamEEZ73f0CkXaXp7hrann".into(),
                    proxy: None,
                    egress: "default".into(),
                    egress_label: "default".into(),
                    tag: "bench".into(),
                    memo: String::new(),
                    enabled: true,
                },
                identity: Identity::default(),
                created_at: now,
                updated_at: now,
            };
            let rt_fp = Fingerprint::of(&Secret::new(token(n)));
            let grant = grants::New {
                grant: Grant::new(id, rt_fp, None, &ctx),
                rt: sealed.clone(),
                access_token: None,
            };
            (row, grant)
        })
        .collect();
    let begun = BootInstant::now();
    for part in made.chunks(chunk) {
        let (rows, grants): (Vec<_>, Vec<_>) = part.iter().cloned().unzip();
        let mut tx = bench.db.begin().await.unwrap();
        credentials::insert_many(&mut tx, rows).await.unwrap();
        grants::insert_many(&mut tx, grants).await.unwrap();
        tx.commit().await.unwrap();
    }
    begun.elapsed()
}

/// All of it: the file is read, and the job has ended.
async fn import(rows: usize) -> (Duration, Duration) {
    let bench = Bench::new().await;
    let mut file = "biz_id,refresh_token,tag\n".to_owned();
    for n in 0..rows {
        writeln!(file, "user-{n:06},{},bench", token(n)).unwrap();
    }
    let jobs = Jobs::new(&bench.db, &bench.vault, &bench.clock);
    let settings = Live::open(&bench.loaded, &bench.db, &bench.vault)
        .await
        .unwrap();
    let context = JobContext::new(
        &bench.db,
        &bench.vault,
        &bench.clock,
        &Notifier::in_process(),
        &settings,
    );
    let wish = Wish {
        files: vec![(None, file.into_bytes())],
        ..Wish::default()
    };
    let begun = BootInstant::now();
    let job = start(&jobs, wish, &Actor::command_line()).await.unwrap();
    let read = begun.elapsed();
    assert!(
        run_here(&context, job.id, CancellationToken::new())
            .await
            .unwrap()
    );
    let took = begun.elapsed();
    let job = jobs.read(job.id).await.unwrap();
    assert_eq!(usize::try_from(job.counts.done).unwrap(), rows, "{job:?}");
    (read, took)
}

#[tokio::main]
async fn main() {
    let rows = std::env::args()
        .skip(1)
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(ROWS);
    let one = bare(rows, rows).await;
    report("bare inserts, one transaction", one);
    for round in 1..=3 {
        let alone = bare(rows, CHUNK).await;
        let (read, took) = import(rows).await;
        println!("round {round}, {rows} rows:");
        report("  bare inserts, 500 rows a transaction", alone);
        report("  import, until it is answered", read);
        report("  import, until it has ended", took);
        println!("  ratio: {:.2}", took.as_secs_f64() / alone.as_secs_f64());
    }
}
