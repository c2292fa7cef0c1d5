//! Jobs over many credentials: what fails is told, what is cancelled is not begun, and what a process leaves behind when it is
//! killed, frozen or ended goes on elsewhere, once.

use std::time::Duration;

use reqwest::Method;
use rt_manage_shared::{
    clock::Clock,
    db::{Db, Execute as _, credentials, grants, sql},
    id::CredentialId,
    model::{
        grant::{Context, Grant},
        schedule::{DoubtPolicy, SchedulePolicy},
    },
    vault::{Fingerprint, Secret},
};
use rt_manage_tests::{
    standin::{AccountSpec, Fault, GatePoint, GateSpec, Options, StandIn},
    support::{Admin, Exit, NewCredential, System, SystemBuilder, until, until_some},
};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::{at_full_size, highest_memory};

pub(super) async fn get(admin: &Admin, path: &str) -> Value {
    let answer = admin.call(Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

pub(super) async fn start(admin: &Admin, selection: Value, action: Value) -> String {
    let body = json!({"selection": selection, "action": action});
    let answer = admin
        .call(Method::POST, "/credentials/bulk", Some(body))
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.text("/id").to_owned()
}

/// Waits until the job looks like this.
pub(super) async fn job_until(
    admin: &Admin,
    id: &str,
    what: &str,
    is_so: impl Fn(&Value) -> bool,
) -> Value {
    until_some(what, || async {
        let job = get(admin, &format!("/jobs/{id}")).await;
        is_so(&job).then_some(job)
    })
    .await
}

async fn ended(admin: &Admin, id: &str) -> Value {
    job_until(admin, id, "the job ends", |job| {
        job["finished_at"].is_string()
    })
    .await
}

pub(super) async fn done(admin: &Admin, selection: Value, action: Value) -> Value {
    let id = start(admin, selection, action).await;
    ended(admin, &id).await
}

/// How many items wait, run, are done, failed, skipped, cancelled.
pub(super) fn counts(job: &Value) -> [u64; 6] {
    [
        "waiting",
        "running",
        "done",
        "failed",
        "skipped",
        "cancelled",
    ]
    .map(|state| job["counts"][state].as_u64().unwrap())
}

pub(super) async fn items(admin: &Admin, id: &str, query: &str) -> Vec<Value> {
    let page = get(admin, &format!("/jobs/{id}/items?limit=500{query}")).await;
    page["items"].as_array().unwrap().clone()
}

fn all() -> Value {
    json!({"filter": {}})
}

fn refresh() -> Value {
    json!({"type": "refresh", "canary": null})
}

/// A system in which nothing happens by itself, with as many credentials; gives their keys at the upstream.
async fn with_accounts(
    upstream: &StandIn,
    builder: &SystemBuilder,
    count: usize,
) -> (System, Admin, Vec<String>) {
    let spec = AccountSpec {
        count: Some(count),
        ..AccountSpec::default()
    };
    let accounts = upstream.create_accounts(&spec).unwrap();
    let system = builder.start().await;
    let admin = system.admin().await;
    for account in &accounts {
        let new = NewCredential {
            biz_id: &account.key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    let keys = accounts.into_iter().map(|account| account.key).collect();
    (system, admin, keys)
}

/// Credentials straight in the database; their tokens are not for use.
async fn seed(db: &Db, count: usize) {
    let policy = SchedulePolicy {
        lead: Duration::from_hours(24),
        interval: None,
        backoff_base: Duration::from_secs(30),
        backoff_max: Duration::from_hours(1),
        doubt: DoubtPolicy::Manual,
        probe_delays: vec![Duration::from_mins(10)],
    };
    let clock = Clock::new();
    clock.set_from_database(db.server_time().await.unwrap());
    let ctx = Context {
        now: clock.now(),
        enabled: true,
        policy: &policy,
        jitter: 0.5,
    };
    let mut tx = db.begin().await.unwrap();
    let already = credentials::total(&mut tx).await.unwrap();
    let already = usize::try_from(already).unwrap();
    for number in already..already + count {
        let (id, name) = (CredentialId::generate(), format!("seeded{number:06}"));
        let rt_fp = Fingerprint::of(&Secret::new(name.as_str()));
        let profile = credentials::Profile {
            biz_id: name,
            client_id: "app_x".into(),
            proxy: None,
            egress: "default".into(),
            egress_label: "default".into(),
            tag: String::new(),
            memo: String::new(),
            enabled: true,
        };
        let identity = credentials::Identity::default();
        credentials::insert(&mut tx, id, &profile, &identity, ctx.now)
            .await
            .unwrap();
        let grant = Grant::new(id, rt_fp, None, &ctx);
        grants::insert(&mut tx, &grant, vec![1], None)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

/// How many credentials were not changed exactly once.
async fn not_changed_once(db: &Db) -> i64 {
    let statement = sql("SELECT COUNT(*) AS n FROM {credentials} WHERE revision <> 2");
    let row = (&mut &*db).fetch_optional(statement).await.unwrap();
    row.unwrap().int("n").unwrap()
}

/// Enough that a job over them is met in the middle.
const MANY: usize = 10_000;

#[tokio::test]
async fn a_bulk_refresh_tells_what_became_of_each() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let (mut system, admin, keys) = with_accounts(&upstream, &builder, 30).await;
    upstream
        .end_session(&keys[3], 400, "refresh_token_expired")
        .unwrap();
    upstream
        .end_session(&keys[17], 401, "refresh_token_invalidated")
        .unwrap();
    upstream.set_fault(
        Fault::error(503, "overloaded")
            .for_account(&keys[8])
            .times(1),
    );
    let mut listener = admin.listen(system.url(), None).await;
    listener.until("ready").await;
    let id = start(&admin, all(), refresh()).await;
    loop {
        let told = listener.until("job").await;
        if told.data["job"] == json!(id) && told.data["state"] == "finished" {
            assert_eq!(
                (&told.data["done"], &told.data["failed"]),
                (&json!(27), &json!(3))
            );
            break;
        }
    }
    let job = ended(&admin, &id).await;
    assert_eq!(
        (counts(&job), &job["total"]),
        ([0, 0, 27, 3, 0, 0], &json!(30))
    );
    let failed = items(&admin, &id, "&state=failed").await;
    let labels: Vec<_> = failed
        .iter()
        .map(|item| item["label"].as_str().unwrap())
        .collect();
    assert_eq!(labels, [&keys[3], &keys[8], &keys[17]]);
    assert_eq!(failed[0]["code"], "refresh_token_expired");
    assert!(failed.iter().all(|item| item["attempt_id"].is_string()));
    let stats = upstream.stats();
    assert_eq!((stats.reused, stats.token_calls), (0, 30));
    let csv = admin
        .text(&format!("/jobs/{id}/results?state=failed"))
        .await;
    assert_eq!(csv.lines().count(), 4);

    // The job outlives all processes; what failed is repeated, and nothing else.
    system.signal(Signal::TERM);
    assert_eq!(system.ended().await, Exit::Code(0));
    let system = builder.start().await;
    let admin = system.admin().await;
    assert_eq!(counts(&ended(&admin, &id).await), [0, 0, 27, 3, 0, 0]);
    let answer = admin
        .call(Method::POST, &format!("/jobs/{id}/retry"), None)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let again = ended(&admin, answer.text("/id")).await;
    assert_eq!(again["total"], 3);
    assert_eq!(again["retry_of"], json!(id));
    // Two are dead: nobody calls for them. The third is called for once more.
    assert_eq!(counts(&again), [0, 0, 1, 2, 0, 0]);
    let after = upstream.stats();
    assert_eq!(after.token_calls, 31, "{after:?}");
    assert_eq!(after.reused, 0);
}

#[tokio::test]
async fn a_canary_that_fails_saves_the_rest() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let (_system, admin, keys) = with_accounts(&upstream, &builder, 12).await;
    upstream
        .end_session(&keys[1], 400, "refresh_token_expired")
        .unwrap();
    let action = json!({"type": "refresh", "canary": 3});
    let job = done(&admin, all(), action.clone()).await;
    assert_eq!(
        (&job["state"], &job["code"]),
        (&json!("failed"), &json!("canary_failed"))
    );
    let [waiting, running, succeeded, failed, skipped, cancelled] = counts(&job);
    assert_eq!((waiting, running, failed, skipped), (0, 0, 1, 0));
    assert_eq!(succeeded + cancelled, 11);
    assert!(succeeded <= 2, "{job}");
    assert!(upstream.stats().token_calls <= 3);
    // Without the one that is dead by now all of them follow.
    let idle = json!({"filter": {"state": ["idle"], "has_access_token": false}});
    let job = done(&admin, idle, action).await;
    assert_eq!(job["state"], "finished");
    assert_eq!(counts(&job)[2], 11 - succeeded);
    assert_eq!(upstream.stats().reused, 0);
}

#[tokio::test]
async fn a_cancelled_refresh_begins_nothing_more() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).patient().manual();
    let (system, admin, _) = with_accounts(&upstream, &builder, 60).await;
    let gate = upstream.gate(GateSpec::at(GatePoint::BeforeRotation));
    let id = start(&admin, all(), refresh()).await;
    job_until(&admin, &id, "all are asked for", |job| {
        job["counts"]["running"] == 60
    })
    .await;
    gate.reached(1).await.unwrap();
    let answer = admin
        .call(Method::DELETE, &format!("/jobs/{id}"), None)
        .await;
    assert_eq!((answer.status, answer.text("/state")), (202, "cancelling"));
    // What no worker has in hand is cancelled; the calls under way are waited for.
    job_until(&admin, &id, "what waited is cancelled", |job| {
        let [_, running, .., cancelled] = counts(job);
        cancelled > 0 && running + cancelled == 60
    })
    .await;
    gate.release();
    let job = ended(&admin, &id).await;
    let [waiting, running, succeeded, failed, skipped, cancelled] = counts(&job);
    assert_eq!(job["state"], "cancelled");
    assert_eq!((waiting, running, failed, skipped), (0, 0, 0, 0), "{job}");
    assert!(succeeded > 0 && succeeded + cancelled == 60, "{job}");
    let stats = upstream.stats();
    assert_eq!((stats.token_calls, stats.reused), (succeeded, 0));
    // Those that were cancelled are as they were.
    let idle = get(&admin, "/credentials?state=idle&page_size=1").await;
    assert_eq!(idle["total"], 60);
    assert_eq!(system.public().refresh("user060").await.status, 200);
}

#[tokio::test]
async fn a_killed_process_leaves_a_job_that_goes_on_once() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let system = builder.start().await;
    let admin = system.admin().await;
    let db = builder.database().await;
    seed(&db, MANY).await;
    let id = start(&admin, all(), json!({"type": "memo", "memo": "m"})).await;
    let is_midway = |job: &Value| job["counts"]["done"].as_u64().unwrap() > 500;
    let before = job_until(&admin, &id, "the job is midway", is_midway).await;
    let builder = system.kill().await;
    let seen = not_changed_once(&db).await;
    assert!(seen > 0, "killed in the middle: {before}");
    let system = builder.start().await;
    let admin = system.admin().await;
    let job = ended(&admin, &id).await;
    let total = u64::try_from(MANY).unwrap();
    assert_eq!(
        (counts(&job), &job["state"]),
        ([0, 0, total, 0, 0, 0], &json!("finished"))
    );
    assert_eq!(not_changed_once(&db).await, 0);
    db.close().await;
}

#[tokio::test]
async fn a_killed_refresh_calls_for_no_token_twice() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual")
        // A busy machine begins calls late.
        .set("RTM_REFRESH__SEND_BUDGET_SECONDS", "20");
    let (system, admin, keys) = with_accounts(&upstream, &builder, 60).await;
    upstream.set_defaults(|defaults| defaults.latency_before_ms = 200);
    let id = start(&admin, all(), refresh()).await;
    let is_midway = |job: &Value| job["counts"]["done"].as_u64().unwrap() >= 10;
    job_until(&admin, &id, "the job is midway", is_midway).await;
    let builder = system.kill().await;
    assert!(upstream.stats().token_calls < 60, "killed in the middle");
    upstream.set_defaults(|defaults| defaults.latency_before_ms = 0);
    let system = builder.start().await;
    let admin = system.admin().await;
    let job = ended(&admin, &id).await;
    let [waiting, running, succeeded, failed, skipped, cancelled] = counts(&job);
    assert_eq!(
        (waiting, running, skipped, cancelled),
        (0, 0, 0, 0),
        "{job}"
    );
    assert_eq!(
        (succeeded + failed, &job["state"]),
        (60, &json!("finished"))
    );
    // At most the calls that were in flight are in doubt, and the items say so.
    for item in items(&admin, &id, "&state=failed").await {
        assert_eq!(item["code"], "worker_lost", "{item}");
    }
    assert!(failed <= 30, "{job}");
    for key in &keys {
        let account = upstream.account(key).unwrap();
        assert!(account.calls <= 1 && account.reused == 0, "{account:?}");
    }
}

#[tokio::test]
async fn a_job_goes_on_where_its_process_ends() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let mut system = builder.start().await;
    let admin = system.admin().await;
    let db = builder.database().await;
    seed(&db, MANY).await;
    let id = start(&admin, all(), json!({"type": "tag", "tag": "x"})).await;
    let is_midway = |job: &Value| job["counts"]["done"].as_u64().unwrap() > 500;
    job_until(&admin, &id, "the job is midway", is_midway).await;
    let carriers = |system: &System| {
        let mut apis = system.apis();
        let line = id.as_str();
        apis.retain(|api| {
            let log = system.log_of(*api);
            log.lines()
                .any(|one| one.contains("carrying a job on") && one.contains(line))
        });
        apis
    };
    let first = carriers(&system);
    assert_eq!(first.len(), 1, "one process has it");
    system.signal_part(first[0], Signal::TERM);
    assert_eq!(system.part_ended(first[0]).await, Exit::Code(0));
    let system = if system.apis().is_empty() {
        system.ended().await;
        builder.start().await
    } else {
        system
    };
    let admin = system.admin().await;
    let job = ended(&admin, &id).await;
    let total = u64::try_from(MANY).unwrap();
    assert_eq!(
        (counts(&job), &job["state"]),
        ([0, 0, total, 0, 0, 0], &json!("finished"))
    );
    assert_eq!(not_changed_once(&db).await, 0);
    db.close().await;
}

#[tokio::test]
async fn a_frozen_process_loses_its_job_and_does_no_harm() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).patient().manual();
    let (mut system, admin, keys) = with_accounts(&upstream, &builder, 20).await;
    if system.apis().len() < 2 {
        // Nobody else is there to take it.
        return;
    }
    // The job waits for its attempts: its process is frozen between two steps. In the middle of one it would keep its rows until
    // the server ends its session.
    let gate = upstream.gate(GateSpec::at(GatePoint::BeforeRotation));
    let id = start(&admin, all(), refresh()).await;
    job_until(&admin, &id, "all are asked for", |job| {
        job["counts"]["running"] == 20
    })
    .await;
    gate.reached(1).await.unwrap();
    let apis = system.apis();
    let has_it = |api: &&_| system.log_of(**api).contains("carrying a job on");
    let frozen = *apis.iter().find(has_it).unwrap();
    system.freeze(frozen).await;
    gate.release();
    let job = ended(&admin, &id).await;
    assert_eq!(
        (counts(&job), &job["state"]),
        ([0, 0, 20, 0, 0, 0], &json!("finished"))
    );
    system.wake(frozen);
    until("the frozen one works again", || async {
        system.get_from(frozen, "/livez").await.status == 200
    })
    .await;
    let other = json!({"filter": {"search": keys[0]}});
    let other = done(&admin, other, json!({"type": "memo", "memo": "m"})).await;
    assert_eq!(counts(&other), [0, 0, 1, 0, 0, 0]);
    assert_eq!(counts(&ended(&admin, &id).await), [0, 0, 20, 0, 0, 0]);
    let stats = upstream.stats();
    assert_eq!((stats.token_calls, stats.reused), (20, 0));
}

#[tokio::test]
async fn each_action_is_done_and_a_request_only_once() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let (system, admin, _) = with_accounts(&upstream, &builder, 3).await;
    let proxy = json!({"name": "p", "url": "http://user:pass-canary@named.example:1"});
    let named = admin.call(Method::POST, "/proxies", Some(proxy)).await;
    for action in [
        json!({"type": "disable"}),
        json!({"type": "enable"}),
        json!({"type": "tag", "tag": "x"}),
        json!({"type": "memo", "memo": "m"}),
        json!({"type": "client_id", "client_id": "app_y"}),
        json!({"type": "client_id", "client_id": null}),
        json!({"type": "proxy", "proxy": "socks5://user:pass-canary@own.example:1080"}),
        json!({"type": "proxy", "proxy_id": named.body["id"]}),
        json!({"type": "proxy"}),
        json!({"type": "delete"}),
    ] {
        let job = done(&admin, all(), action.clone()).await;
        assert_eq!(
            (counts(&job), &job["state"]),
            ([0, 0, 3, 0, 0, 0], &json!("finished")),
            "{action}"
        );
        assert!(!job.to_string().contains("pass-canary"));
    }
    let deleted = json!({"filter": {"deleted": true}});
    let job = done(&admin, deleted, json!({"type": "restore"})).await;
    assert_eq!(counts(&job), [0, 0, 3, 0, 0, 0]);
    // Held by the upstream, and let go when it has changed its mind.
    upstream.set_fault(
        Fault::error(403, "unsupported_country_region_territory")
            .for_account("user001")
            .times(1),
    );
    let job = done(&admin, all(), refresh()).await;
    assert_eq!(counts(&job), [0, 0, 2, 1, 0, 0]);
    let job = done(&admin, all(), json!({"type": "retry"})).await;
    assert_eq!(counts(&job), [0, 0, 1, 0, 2, 0]);
    assert_eq!(system.public().get_at("user001").await.status, 200);

    // The same request, at every replica.
    let body = json!({"selection": all(), "action": {"type": "tag", "tag": "y"}});
    let mut ids = Vec::new();
    for api in system.apis().into_iter().cycle().take(4) {
        let admin = admin.at(system.url_of(api));
        let answer = admin.once("/credentials/bulk", "one", &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        ids.push(answer.text("/id").to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let other = json!({"selection": all(), "action": {"type": "tag", "tag": "z"}});
    let answer = admin.once("/credentials/bulk", "one", &other).await;
    assert_eq!(
        (answer.status, answer.code()),
        (422, "idempotency_key_reused")
    );
    assert_eq!(counts(&ended(&admin, &ids[0]).await), [0, 0, 3, 0, 0, 0]);
    // Nothing of a secret is where jobs are.
    let db = builder.database().await;
    let row = (&mut &db)
        .fetch_optional(sql(
            "SELECT COUNT(*) AS n FROM {jobs} WHERE spec LIKE '%pass-canary%'",
        ))
        .await
        .unwrap();
    assert_eq!(row.unwrap().int("n").unwrap(), 0);
    db.close().await;
}

/// How much more memory a job over very many may take, in MiB: a few chunks and their statements.
const MORE_MEMORY: u64 = 32;

/// An edit of 100,000 in the embedded form over `SQLite`, of fewer elsewhere. Prints what it costs and what others notice of it:
/// `-E 'test(very_many_are_edited)' --no-capture`.
#[tokio::test]
async fn very_many_are_edited_in_bounded_memory() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_LOG__LEVEL", "info");
    let rows = if at_full_size(&builder) {
        10 * MANY
    } else {
        MANY
    };
    let system = builder.start().await;
    let admin = system.admin().await;
    let db = builder.database().await;
    for _ in 0..rows / MANY {
        seed(&db, MANY).await;
    }
    let before = highest_memory(&system);
    let begun = rt_manage_shared::clock::BootInstant::now();
    let id = start(&admin, all(), json!({"type": "tag", "tag": "x"})).await;
    let mut waits = Vec::new();
    let mut collected = None;
    let job = loop {
        let asked = rt_manage_shared::clock::BootInstant::now();
        let job = get(&admin, &format!("/jobs/{id}")).await;
        get(&admin, "/credentials?page_size=50").await;
        waits.push(asked.elapsed());
        if job["total"].is_u64() && collected.is_none() {
            collected = Some(begun.elapsed());
        }
        if job["finished_at"].is_string() {
            break job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let took = begun.elapsed();
    let after = highest_memory(&system);
    waits.sort_unstable();
    println!(
        "{}: {rows} rows in {took:?} (collected after {:?}), highest memory {before} MiB before and {after} MiB after; \
         GET of the job and of a page: p50 {:?}, p99 {:?}, most {:?} of {}",
        db.kind(),
        collected.unwrap_or_default(),
        waits[waits.len() / 2],
        waits[waits.len() * 99 / 100],
        waits[waits.len() - 1],
        waits.len()
    );
    assert_eq!(counts(&job), [0, 0, u64::try_from(rows).unwrap(), 0, 0, 0]);
    assert!(after <= before + MORE_MEMORY, "{before} MiB, then {after}");
    assert_eq!(not_changed_once(&db).await, 0);
    db.close().await;
}
