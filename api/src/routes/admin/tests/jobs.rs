//! Jobs: how they are listed, cancelled, repeated, taken out and told of; and that they are carried on once.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::Request,
};
use rt_manage_shared::{
    clock::BootInstant,
    db::{Execute as _, sql},
    id::CredentialId,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{Answer, CANARY, NEAR, call, desk::Desk};
use crate::{
    jobs::{JobContext, Runner},
    state::App,
};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A runner at work.
pub(super) struct Running {
    draining: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) fn start(app: &App) -> Self {
        let context = JobContext::new(
            &app.db,
            &app.vault,
            &app.clock,
            &app.notifier,
            &app.settings,
        );
        let draining = CancellationToken::new();
        let runner = Runner::new(context, app.jobs.clone());
        Self {
            task: tokio::spawn(runner.run(draining.clone())),
            draining,
        }
    }

    pub(super) async fn drain(self) {
        self.draining.cancel();
        self.task.await.unwrap();
    }
}

impl Desk {
    pub(super) async fn bulk(&self, selection: Value, action: Value) -> Answer {
        let body = json!({"selection": selection, "action": action});
        self.send("POST", "/credentials/bulk", &body).await
    }

    /// Starts a bulk operation; gives its id.
    pub(super) async fn started(&self, selection: Value, action: Value) -> String {
        let answer = self.bulk(selection, action).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let id = answer.body["id"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("location"), format!("/api/v1/jobs/{id}"));
        id
    }

    pub(super) async fn job(&self, id: &str) -> Value {
        let answer = self.send("GET", &format!("/jobs/{id}"), &Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// Waits until the job looks like this.
    pub(super) async fn job_until(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = BootInstant::now();
        loop {
            let job = self.job(id).await;
            if is_so(&job) {
                return job;
            }
            assert!(begun.elapsed() < PATIENCE, "{job}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until the job has ended.
    pub(super) async fn ended(&self, id: &str) -> Value {
        self.job_until(id, |job| job["finished_at"].is_string())
            .await
    }

    pub(super) async fn items(&self, id: &str, query: &str) -> Vec<Value> {
        let path = format!("/jobs/{id}/items{query}");
        let answer = self.send("GET", &path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["items"].as_array().unwrap().clone()
    }

    pub(super) async fn created_many(&self, names: &[&str]) -> Vec<CredentialId> {
        let mut ids = Vec::new();
        for name in names {
            ids.push(self.created(name).await);
        }
        ids
    }
}

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

async fn file(desk: &Desk, path: &str) -> (String, String) {
    let token = desk.server.token().await;
    let mut request = Request::builder()
        .uri(format!("/api/v1{path}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    let peer: std::net::SocketAddr = format!("{NEAR}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = desk.server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(!text.contains(CANARY), "{text}");
    (kind, text)
}

#[tokio::test]
async fn jobs_are_listed_from_the_newest_on() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["a", "b"]).await;
    let mut jobs = Vec::new();
    for tag in ["x", "y", "z"] {
        jobs.push(
            desk.started(json!({"ids": ids}), json!({"type": "tag", "tag": tag}))
                .await,
        );
    }
    let list = async |query: &str| {
        let answer = desk
            .send("GET", &format!("/jobs{query}"), &Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.body["items"].as_array().unwrap();
        let found: Vec<_> = items
            .iter()
            .map(|job| job["id"].as_str().unwrap().to_owned())
            .collect();
        (found, answer.body["next"].clone())
    };
    let newest: Vec<_> = jobs.iter().rev().cloned().collect();
    assert_eq!(list("").await, (newest.clone(), Value::Null));
    assert_eq!(
        list("?limit=2").await,
        (newest[..2].to_vec(), json!(newest[1]))
    );
    let rest = format!("?limit=2&before={}", newest[1]);
    assert_eq!(list(&rest).await, (newest[2..].to_vec(), Value::Null));
    assert_eq!(list("?kind=import").await.0, Vec::<String>::new());
    assert_eq!(list("?kind=bulk&state=waiting,running").await.0.len(), 3);
    assert!(list("?state=finished").await.0.is_empty());
    for (query, field) in [
        ("?state=dead", "state"),
        ("?kind=bulk,", "kind"),
        ("?limit=0", "limit"),
        ("?before=x", "before"),
    ] {
        let answer = desk
            .send("GET", &format!("/jobs{query}"), &Value::Null)
            .await;
        assert_eq!(answer.code(), (422, "validation_failed"));
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    let answer = desk.send("GET", "/jobs?stat=x", &Value::Null).await;
    assert_eq!(answer.code(), (400, "invalid_query"));
    let waiting = desk.job(&jobs[0]).await;
    assert_eq!(
        (&waiting["state"], &waiting["kind"]),
        (&json!("waiting"), &json!("bulk"))
    );
    assert_eq!(
        (&waiting["action"], &waiting["created_by"]),
        (&json!("tag"), &json!("admin"))
    );
    assert_eq!(
        (&waiting["rate_per_second"], &waiting["remaining_seconds"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(counts(&waiting), [2, 0, 0, 0, 0, 0]);

    let running = Running::start(&desk.server.app);
    let job = desk.ended(&jobs[2]).await;
    assert_eq!(
        (&job["state"], &job["total"]),
        (&json!("finished"), &json!(2))
    );
    assert_eq!(counts(&job), [0, 0, 2, 0, 0, 0]);
    assert!(job["rate_per_second"].as_f64().is_some() && job["remaining_seconds"].is_null());
    running.drain().await;
    for path in [
        "/jobs/x",
        "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/items",
    ] {
        let answer = desk.send("GET", path, &Value::Null).await;
        assert_eq!(answer.code(), (404, "not_found"), "{path}");
    }
}

#[tokio::test]
async fn what_waits_is_cancelled_and_only_once() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["a", "b", "c"]).await;
    let id = desk
        .started(json!({"ids": ids}), json!({"type": "disable"}))
        .await;
    let by_filter = desk
        .started(json!({"filter": {}}), json!({"type": "disable"}))
        .await;
    let path = format!("/jobs/{id}");
    for _ in 0..2 {
        let answer = desk.send("DELETE", &path, &Value::Null).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["state"]),
            (202, &json!("cancelling"))
        );
    }
    let filter_path = format!("/jobs/{by_filter}");
    assert_eq!(
        desk.send("DELETE", &filter_path, &Value::Null).await.status,
        202
    );
    let running = Running::start(&desk.server.app);
    let job = desk.ended(&id).await;
    assert_eq!(
        (&job["state"], &job["code"]),
        (&json!("cancelled"), &Value::Null)
    );
    assert_eq!(counts(&job), [0, 0, 0, 0, 0, 3]);
    let job = desk.ended(&by_filter).await;
    assert_eq!(
        (&job["state"], &job["total"]),
        (&json!("cancelled"), &json!(0))
    );
    assert_eq!(desk.read(ids[0]).await["enabled"], true);
    let answer = desk.send("DELETE", &path, &Value::Null).await;
    assert_eq!(answer.code(), (409, "job_ended"));
    let answer = desk
        .send("POST", &format!("{path}/retry"), &Value::Null)
        .await;
    assert_eq!(answer.code(), (409, "nothing_failed"));
    running.drain().await;
    let log = desk
        .send("GET", "/audit?action=job.cancel", &Value::Null)
        .await;
    let targets: Vec<_> = log.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["target"])
        .collect();
    assert_eq!(targets, [&json!(by_filter), &json!(id)]);
}

#[tokio::test]
async fn what_failed_is_done_again() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["a", "b", "c"]).await;
    desk.delete(ids[1]).await;
    let running = Running::start(&desk.server.app);
    let action = json!({"type": "tag", "tag": "x"});
    let id = desk.started(json!({"ids": ids}), action.clone()).await;
    let job = desk.ended(&id).await;
    assert_eq!(counts(&job), [0, 0, 2, 1, 0, 0]);
    assert_eq!(job["state"], "finished");
    let failed = desk.items(&id, "?state=failed").await;
    assert_eq!(
        (
            &failed[0]["credential_id"],
            &failed[0]["label"],
            &failed[0]["code"]
        ),
        (&json!(ids[1]), &json!("b"), &json!("not_found"))
    );
    desk.send(
        "POST",
        &format!("/credentials/{}/restore", ids[1]),
        &Value::Null,
    )
    .await;

    let retry = |key: &str| {
        let call = call("POST", &format!("/jobs/{id}/retry"));
        desk.send_call(call.header("idempotency-key", key))
    };
    let answer = retry("one").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let again = answer.body["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&answer.body["retry_of"], &answer.body["spec"]["action"]),
        (&json!(id), &action)
    );
    assert_eq!(retry("one").await.body["id"], again);
    let job = desk.ended(&again).await;
    assert_eq!(
        (counts(&job), &job["total"]),
        ([0, 0, 1, 0, 0, 0], &json!(1))
    );
    assert_eq!(desk.read(ids[1]).await["tag"], "x");
    running.drain().await;
    let log = desk
        .send(
            "GET",
            "/audit?action=job.retry,credentials.bulk",
            &Value::Null,
        )
        .await;
    let log = log.body["items"].as_array().unwrap().clone();
    let told: Vec<_> = log
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["credentials.bulk", "job.retry", "credentials.bulk"]);
    assert_eq!(
        (&log[0]["detail"]["count"], &log[2]["detail"]["count"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(
        (&log[1]["detail"]["retry_of"], &log[1]["target"]),
        (&json!(id), &json!(again))
    );
    // One that has not ended.
    let open = desk.started(json!({"ids": ids}), action).await;
    let answer = desk
        .send("POST", &format!("/jobs/{open}/retry"), &Value::Null)
        .await;
    assert_eq!(answer.code(), (409, "job_running"));
}

#[tokio::test]
async fn results_come_in_pages_and_as_files() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["=1+1", "b", "c"]).await;
    desk.delete(ids[2]).await;
    let id = desk
        .started(json!({"ids": ids}), json!({"type": "tag", "tag": "x"}))
        .await;
    let running = Running::start(&desk.server.app);
    desk.ended(&id).await;
    running.drain().await;
    let page = async |query: &str| {
        let path = format!("/jobs/{id}/items{query}");
        let answer = desk.send("GET", &path, &Value::Null).await;
        let items = answer.body["items"].as_array().unwrap().iter();
        let positions: Vec<_> = items
            .map(|item| item["position"].as_u64().unwrap())
            .collect();
        (positions, answer.body["next"].clone())
    };
    assert_eq!(page("").await, (vec![1, 2, 3], Value::Null));
    assert_eq!(page("?limit=2").await, (vec![1, 2], json!(2)));
    assert_eq!(page("?limit=2&after=2").await, (vec![3], Value::Null));
    assert_eq!(page("?state=failed,failed").await, (vec![3], Value::Null));
    assert_eq!(
        page("?state=done,failed&limit=2").await,
        (vec![1, 2], json!(2))
    );
    let (kind, csv) = file(&desk, &format!("/jobs/{id}/results")).await;
    assert_eq!(kind, "text/csv; charset=utf-8");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!((&rows[0][4], &rows[0][5]), ("'=1+1", "done"));
    assert_eq!(
        (&rows[2][3], &rows[2][6]),
        (ids[2].to_string().as_str(), "not_found")
    );
    let (kind, lines) = file(
        &desk,
        &format!("/jobs/{id}/results?format=jsonl&state=failed"),
    )
    .await;
    assert_eq!(kind, "application/jsonl");
    let line: Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!(
        (&line["label"], &line["state"]),
        (&json!("c"), &json!("failed"))
    );
}

#[tokio::test]
async fn two_runners_do_nothing_twice_and_one_goes_on_for_the_other() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    let names: Vec<_> = (0..1200).map(|number| format!("c{number:04}")).collect();
    let mut tx = app.db.begin().await.unwrap();
    seed(&mut tx, &names, app).await;
    tx.commit().await.unwrap();
    let runners = [Running::start(app), Running::start(app)];
    let id = desk
        .started(json!({"filter": {}}), json!({"type": "memo", "memo": "m"}))
        .await;
    // One of the two is drained in the middle; whichever has the job, it goes on.
    desk.job_until(&id, |job| job["counts"]["done"] != 0).await;
    let [first, second] = runners;
    first.drain().await;
    let job = desk.ended(&id).await;
    second.drain().await;
    assert_eq!(
        (counts(&job), &job["state"]),
        ([0, 0, 1200, 0, 0, 0], &json!("finished"))
    );
    let twice = sql("SELECT COUNT(*) AS n FROM {credentials} WHERE revision <> 2 OR memo <> 'm'");
    let row = (&mut &app.db).fetch_optional(twice).await.unwrap();
    assert_eq!(row.unwrap().int("n").unwrap(), 0);
}

/// Credentials straight in the database.
async fn seed(tx: &mut rt_manage_shared::db::Tx, names: &[String], app: &App) {
    use rt_manage_shared::{
        db::{credentials, grants},
        model::grant::{Context, Grant},
    };
    let settings = app.settings.current();
    let ctx = Context {
        now: app.clock.now(),
        enabled: true,
        policy: &settings.policy,
        jitter: 0.5,
    };
    for name in names {
        let id = CredentialId::generate();
        let profile = credentials::Profile {
            biz_id: name.clone(),
            client_id: "app_x".into(),
            proxy: None,
            egress: "default".into(),
            egress_label: "default".into(),
            tag: String::new(),
            memo: String::new(),
            enabled: true,
        };
        let identity = credentials::Identity::default();
        credentials::insert(tx, id, &profile, &identity, ctx.now)
            .await
            .unwrap();
        let grant = Grant::new(id, super::desk::fp(name), None, &ctx);
        grants::insert(tx, &grant, vec![1], None).await.unwrap();
    }
}
