//! [`Campaign`]: the system under fault, the upstream, and what a schedule can do to them.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{SeedableRng as _, rngs::StdRng};
use rt_manage_shared::db::{Db, Execute as _, Tx, sql, system};
use rustix::process::Signal;
use tokio::time::Instant;

use super::{
    audit::{Evidence, judge},
    facts::{Deeds, Logs},
    plan::{Plan, Setup},
    report::{Check, Report},
    snapshot::Snapshot,
};
use crate::{
    standin::{Account, AccountSpec, Options, StandIn},
    support::{
        Backend, Exit, Part, PrivateDatabase, PrivateRedis, System, SystemBuilder,
        install_crypto_provider, until,
    },
};

/// How often the work's progress is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Without any progress for this long the work is stuck: longer than an open circuit, a claim that is given up, and the
/// spread after a hold together.
const STUCK: Duration = Duration::from_secs(150);

/// A campaign under way.
pub(super) struct Campaign {
    pub(super) plan: Plan,
    pub(super) setup: Setup,
    pub(super) upstream: StandIn,
    pub(super) redis: PrivateRedis,
    pub(super) system: System,
    pub(super) accounts: Vec<Account>,
    pub(super) random: StdRng,
    pub(super) deeds: Deeds,
    builder: SystemBuilder,
    pub(super) database: Option<PrivateDatabase>,
    /// `SQLite` has no server to stop: somebody holds its write lock instead.
    pub(super) lock: Option<Tx>,
    pub(super) db: Db,
    checks: Vec<Check>,
    begun: Instant,
    urls: Arc<Mutex<Vec<String>>>,
    /// The last progress that was seen, and when.
    seen: Option<(u64, Look)>,
    moved: Instant,
}

impl Campaign {
    /// Makes accounts, imports them, and starts the system. `change` sets what the schedule needs.
    pub(super) async fn start(
        plan: Plan,
        setup: Setup,
        change: impl FnOnce(SystemBuilder) -> SystemBuilder,
    ) -> Self {
        install_crypto_provider();
        let upstream = StandIn::start(Options::default()).expect("a stand-in upstream");
        upstream.set_defaults(|defaults| defaults.latency_before_ms = setup.upstream_ms);
        let redis = PrivateRedis::start().await;
        let servers = [
            (Backend::MySql, "RTM_TEST_MYSQL_URL"),
            (Backend::Postgres, "RTM_TEST_POSTGRES_URL"),
        ];
        let is_shared = servers
            .iter()
            .any(|(backend, name)| *backend == plan.backend && std::env::var_os(name).is_some());
        let database = if is_shared && !plan.schedule.stops_the_database() {
            None
        } else {
            PrivateDatabase::start(plan.backend)
        };
        let mut builder = match &database {
            None => SystemBuilder::new(plan.backend, &upstream.token_url()),
            Some(own) => {
                SystemBuilder::new(Backend::Sqlite, &upstream.token_url()).on(plan.backend, own)
            }
        };
        builder = builder
            .split_over(&redis, setup.apis, setup.workers)
            .set("RTM_LOG__FORMAT", "json")
            .set("RTM_LOG__LEVEL", "info")
            .set("RTM_WORKER__CONCURRENCY", &setup.concurrency.to_string())
            .set("RTM_REFRESH__RATE_PER_SECOND", &setup.rate.to_string())
            .set("RTM_REFRESH__COALESCE_SECONDS", "0")
            .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual")
            .set("RTM_JOURNAL__SEGMENT_MIB", "1");
        if let Some(sabotage) = plan.sabotage {
            builder = builder.set("FAILPOINTS", &format!("{}=return", sabotage.name()));
        }
        let builder = change(builder);
        let accounts: Vec<_> = (0..setup.credentials)
            .map(|number| {
                let spec = AccountSpec::key(&format!("c{number}"));
                upstream.create_account(spec).expect("an account")
            })
            .collect();
        import(&builder, &accounts);
        let begun = Instant::now();
        let system = builder.start().await;
        let db = builder.database().await;
        Self {
            random: StdRng::seed_from_u64(plan.seed),
            plan,
            setup,
            upstream,
            redis,
            system,
            accounts,
            deeds: Deeds::default(),
            builder,
            database,
            lock: None,
            db,
            checks: Vec::new(),
            begun,
            urls: Arc::default(),
            seen: None,
            moved: begun,
        }
    }

    /// The database, beside the system.
    pub(super) fn db(&self) -> &Db {
        &self.db
    }

    /// The system's builder.
    pub(super) fn builder(&self) -> &SystemBuilder {
        &self.builder
    }

    /// Notes whether something held.
    pub(super) fn check(&mut self, goal: impl Into<String>, seen: impl Into<String>, holds: bool) {
        self.checks.push(Check {
            goal: goal.into(),
            seen: seen.into(),
            holds,
        });
    }

    /// The addresses of the API replicas that take requests, for callers that outlive a restart; see
    /// [`Campaign::publish_urls`].
    pub(super) fn urls(&mut self) -> Arc<Mutex<Vec<String>>> {
        self.publish_urls();
        Arc::clone(&self.urls)
    }

    /// Tells the callers who takes requests now.
    pub(super) fn publish_urls(&mut self) {
        let mut apis = self.system.apis();
        apis.retain(|api| self.system.is_ready(*api));
        let urls = apis
            .into_iter()
            .map(|api| self.system.url_of(api).to_owned());
        *self.urls.lock().expect("no panic under the lock") = urls.collect();
    }

    /// Whether everything has held so far.
    pub(super) fn all_hold(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }

    // --- Progress -------------------------------------------------------------------------------------------

    /// How many credentials are in each state, and how many are due. `None` while the database is away.
    pub(super) async fn look(&self) -> Option<Look> {
        let count = sql("SELECT state, COUNT(*) AS n FROM {grants} GROUP BY state");
        let rows = (&mut &self.db).fetch_all(count).await.ok()?;
        let mut look = Look::default();
        for row in &rows {
            let (state, count) = (row.text("state").ok()?, row.count("n").ok()?);
            look.states.insert(state, count);
        }
        let due = sql(
            "SELECT COUNT(*) AS n FROM {grants} WHERE refreshed_at IS NULL AND state = 'idle' AND next_refresh_at IS NOT NULL",
        );
        let row = (&mut &self.db).fetch_optional(due).await.ok()??;
        look.untouched = row.count("n").ok()?;
        Some(look)
    }

    /// Waits until everything is settled.
    pub(super) async fn settle(&mut self) {
        while self.goes_on(Until::Settled).await {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether there is still something to wait for, and a chance that it comes. Starts again what has ended by itself. Where
    /// the work is stuck, or refreshing was halted, this is noted, and the wait is over.
    pub(super) async fn goes_on(&mut self, until: Until) -> bool {
        self.revive();
        let Some(look) = self.look().await else {
            // The database is away, which is the schedule's doing.
            self.moved = Instant::now();
            return true;
        };
        if until.is_reached(&look) {
            return false;
        }
        let now = (self.upstream.finished(), look);
        if self.seen.as_ref() != Some(&now) {
            self.seen = Some(now);
            self.moved = Instant::now();
        }
        let switches = system::switches(&mut &self.db).await.unwrap_or_default();
        let halted = switches.iter().any(|switch| switch.name == system::HALTED);
        if halted || self.moved.elapsed() > STUCK {
            let why = if halted { "halted" } else { "stuck" };
            let seen = format!("{why}: {:?}", self.seen);
            self.check("the work is worked off", seen, false);
            return false;
        }
        true
    }

    /// Lets everything that is idle be due now.
    pub(super) async fn make_due(&self) {
        let statement = sql(
            "UPDATE {grants} SET next_refresh_at = 1, refreshed_at = NULL WHERE state = 'idle'",
        );
        (&mut &self.db)
            .execute(statement)
            .await
            .expect("the database answers");
    }

    // --- End ------------------------------------------------------------------------------------------------

    /// What is stored now.
    pub(super) async fn snapshot(&self) -> Snapshot {
        Snapshot::take(&self.builder.configuration(), &self.db).await
    }

    /// Ends every process in order.
    pub(super) async fn stop_all(&mut self) {
        self.all_up().await;
        self.system.signal(Signal::TERM);
        let exit = self.system.ended().await;
        self.check(
            "everything ends with code 0",
            format!("{exit:?}"),
            exit == Exit::Code(0),
        );
    }

    /// Starts every process again.
    pub(super) async fn start_all(&mut self) {
        for part in self.all_parts() {
            self.system.spawn_again(part);
        }
        self.all_up().await;
    }

    fn all_parts(&self) -> Vec<Part> {
        let apis = (0..self.setup.apis).map(Part::Api);
        apis.chain((0..self.setup.workers).map(Part::Worker))
            .collect()
    }

    /// Waits until every process is ready.
    pub(super) async fn all_up(&mut self) {
        for part in self.system.parts() {
            until(&format!("{part} is ready"), || {
                // What has ended by itself is started again.
                self.revive();
                let ready = self.system.is_ready(part);
                async move { ready }
            })
            .await;
        }
    }

    /// Ends the system in order and judges.
    pub(super) async fn finish(mut self) -> Report {
        let took = self.begun.elapsed();
        self.stop_all().await;
        let snapshot = self.snapshot().await;
        let logs = Logs::read(self.builder.folder());
        let (ledger, calls) = (self.upstream.ledger(), self.upstream.calls());
        let verdict = judge(&Evidence {
            ledger: &ledger,
            calls: &calls,
            snapshot: &snapshot,
            logs: &logs,
            deeds: &self.deeds,
        });
        let stats = self.upstream.stats();
        let mut report = Report::new(self.plan, &snapshot, verdict, stats, took);
        report.checks = self.checks;
        report.faults = self.deeds.counts;
        self.db.close().await;
        if !report.is_good() && std::env::var_os("RTM_CHAOS_KEEP").is_some() {
            let kept = std::env::temp_dir().join(format!("chaos-{}", std::process::id()));
            let _ = std::fs::create_dir_all(&kept);
            copy_logs(self.builder.folder(), &kept);
        }
        report
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Everything that was due has been claimed.
    NothingWaits,
    /// And nothing is under way.
    Settled,
    /// And nothing is in doubt.
    NothingInDoubt,
}

impl Until {
    fn is_reached(self, look: &Look) -> bool {
        let settled = look.waiting() + look.of("refreshing") == 0;
        match self {
            Self::NothingWaits => look.waiting() == 0,
            Self::Settled => settled,
            Self::NothingInDoubt => settled && look.of("in_doubt") == 0,
        }
    }
}

/// How the work stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) states: BTreeMap<String, u32>,
    /// Due, and never refreshed.
    pub(super) untouched: u32,
}

impl Look {
    pub(super) fn of(&self, state: &str) -> u32 {
        self.states.get(state).copied().unwrap_or_default()
    }

    /// How many wait for their turn.
    pub(super) fn waiting(&self) -> u32 {
        self.untouched + self.of("queued")
    }
}

fn copy_logs(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let _ = std::fs::copy(entry.path(), to.join(entry.file_name()));
    }
}

fn import(builder: &SystemBuilder, accounts: &[Account]) {
    let mut text = String::from("biz_id,refresh_token\n");
    for account in accounts {
        writeln!(text, "{},{}", account.key, account.refresh_token).expect("text");
    }
    let file = builder.folder().join("tokens.csv");
    std::fs::write(&file, text).expect("a file");
    let run = || {
        let mut command = builder.command();
        command.arg("import").arg(&file).stdout(Stdio::null());
        command.stderr(Stdio::null()).status().expect("the import")
    };
    assert!(tokio::task::block_in_place(run).success(), "the import");
}
