//! The dashboard's numbers, and one way out that is paused.

use std::time::Duration;

use rt_manage_shared::{
    db::{
        Execute as _,
        coordination::{self, Pulse, WorkerInfo},
        sql, statistics,
    },
    id::BootId,
    model::{attempt::OutcomeKind, grant::Verdict, tally::Tallies},
};
use serde_json::{Value, json};

use super::{call, desk::Desk};

#[tokio::test]
async fn the_dashboard_shows_what_was_counted_and_when() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    let look = async |query: &str| {
        desk.send("GET", &format!("/stats{query}"), &Value::Null)
            .await
    };
    let empty = look("").await.body;
    assert_eq!(empty["credentials"], Value::Null);
    assert_eq!(
        empty["queue"],
        json!({"waiting": {"count": 0, "more": false}, "oldest_wait_seconds": null})
    );

    let id = desk.created("a").await;
    desk.end(id, Verdict::Rejected).await;
    let waiting = desk.created("b").await;
    desk.queue(waiting).await;
    let now = app.clock.now();
    let mut tallies = Tallies::default();
    for code in ["often", "seldom", "often"] {
        tallies.note(now, OutcomeKind::Transient, Some(code), Some(100));
    }
    tallies.note(now, OutcomeKind::Rotated, None, Some(500));
    tallies.note(
        now - Duration::from_hours(30),
        OutcomeKind::Rotated,
        None,
        None,
    );
    statistics::add(&mut &app.db, &tallies).await.unwrap();
    crate::stats::renew(&app.db, now, true).await.unwrap();
    // Time goes on; what was counted stays as it was.
    app.clock.set_from_database(now + Duration::from_secs(90));
    desk.created("c").await;

    let stats = look("").await.body;
    let credentials = &stats["credentials"];
    assert_eq!(credentials["as_of"], json!(now.to_rfc3339()));
    assert_eq!(
        (&credentials["total"], &credentials["enabled"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        (
            &credentials["by_state"]["dead"],
            &credentials["by_state"]["queued"]
        ),
        (&json!(1), &json!(1))
    );
    let refreshes = &stats["refreshes"];
    assert_eq!(
        (&refreshes["succeeded"], &refreshes["failed"]),
        (&json!(1), &json!(3))
    );
    let hours = refreshes["by_hour"].as_array().unwrap();
    assert_eq!(hours.len(), 24);
    let hour = hours.iter().find(|hour| hour["failed"] == 3).unwrap();
    assert_eq!(hour["by_outcome"], json!({"rotated": 1, "transient": 3}));
    assert_eq!(hour["mean_duration_ms"], 200);
    assert_eq!(
        refreshes["top_codes"],
        json!([
            {"code": "often", "outcome": "transient", "count": 2},
            {"code": "seldom", "outcome": "transient", "count": 1},
        ])
    );
    assert_eq!(stats["queue"]["waiting"]["count"], 1);
    assert!(stats["queue"]["oldest_wait_seconds"].as_u64().unwrap() >= 89);
    assert_eq!(look("?hours=168").await.body["refreshes"]["succeeded"], 2);
    assert_eq!(look("?hours=0").await.code(), (422, "validation_failed"));
    assert_eq!(look("?hours=169").await.code(), (422, "validation_failed"));
    assert_eq!(look("?hours=x").await.code(), (400, "invalid_query"));
    assert_eq!(look("?days=1").await.code(), (400, "invalid_query"));
    // Counted again it is there.
    crate::stats::renew(&app.db, app.clock.now(), true)
        .await
        .unwrap();
    assert_eq!(look("").await.body["credentials"]["total"], 3);
}

#[tokio::test]
async fn an_egress_is_paused_and_goes_on() {
    let desk = Desk::new().await;
    let post = async |path: &str, body: Value| desk.send("POST", path, &body).await;
    let get = async |path: &str| desk.send("GET", path, &Value::Null).await.body;
    let proxied = json!({"refresh_token": super::rt("p"), "biz_id": "p", "proxy": "http://u:pw-canary@10.0.0.1:3128"});
    assert_eq!(desk.create(proxied).await.status, 201);
    let twin = json!({"refresh_token": super::rt("q"), "biz_id": "q", "proxy": "http://v:pw-canary@10.0.0.1:3128"});
    assert_eq!(desk.create(twin).await.status, 201);

    let listed = get("/egresses").await;
    let items = listed["items"].as_array().unwrap();
    assert_eq!((items.len(), &listed["more"]), (3, &json!(false)));
    assert_eq!(
        items[0],
        json!({"egress": "direct", "label": "direct", "default": true, "circuit": "closed", "hold": null, "paused": null})
    );
    let (key, label) = (items[1]["egress"].clone(), items[1]["label"].clone());
    let answer = post("/pause", json!({"reason": "r", "egress": label})).await;
    assert_eq!(answer.code(), (409, "egress_ambiguous"));
    assert_eq!(answer.body["egresses"].as_array().unwrap().len(), 2);
    let answer = post(
        "/pause",
        json!({"reason": "r", "egress": "proxy-0123456789abcdef"}),
    )
    .await;
    assert_eq!(answer.code(), (404, "not_found"));
    for _ in 0..2 {
        let answer = post("/pause", json!({"reason": "moving", "egress": key})).await;
        assert_eq!(answer.status, 200);
        let paused = &answer.body["egresses"];
        assert_eq!(paused.as_array().unwrap().len(), 1);
        assert_eq!(
            (&paused[0]["egress"], &paused[0]["reason"]),
            (&key, &json!("moving"))
        );
        assert_eq!(answer.body["switches"], json!([]));
    }
    let status = get("/status").await;
    let codes: Vec<_> = status["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(codes, ["no_worker", "egress_paused"]);
    assert_eq!(status["egresses_paused"][0]["label"], label);
    assert_eq!(
        get("/egresses").await["items"][1]["paused"]["reason"],
        "moving"
    );

    for (body, field) in [
        (json!({"switch": "paused", "egress": key}), "egress"),
        (json!({}), "switch"),
    ] {
        let answer = post("/resume", body).await;
        assert_eq!(answer.code(), (422, "validation_failed"));
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    for _ in 0..2 {
        let answer = post("/resume", json!({"egress": key})).await;
        assert_eq!(answer.body, json!({"switches": [], "egresses": []}));
    }
    // The default one can be paused as well; each deed is noted once.
    post("/pause", json!({"reason": "r", "egress": "direct"})).await;
    post("/pause", json!({"reason": "r"})).await;
    post("/resume", json!({"switch": "paused"})).await;
    let noted =
        sql("SELECT action, target FROM {audit} WHERE action LIKE 'refreshing.%' ORDER BY id");
    let noted = (&mut &desk.server.app.db).fetch_all(noted).await.unwrap();
    let noted: Vec<_> = noted
        .iter()
        .map(|row| (row.text("action").unwrap(), row.opt_text("target").unwrap()))
        .collect();
    let deed = |action: &str, target: Option<&str>| {
        (format!("refreshing.{action}"), target.map(str::to_owned))
    };
    let label = label.as_str();
    let mut wanted = [
        deed("pause", label),
        deed("resume", label),
        deed("pause", Some("direct")),
        deed("pause", None),
        deed("resume", None),
    ];
    let mut noted = noted;
    // Those of one millisecond stand in any order.
    noted.sort();
    wanted.sort();
    assert_eq!(noted, wanted);
}

#[tokio::test]
async fn workers_lines_and_open_attempts_are_listed() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    let get = async |path: &str| desk.send("GET", path, &Value::Null).await.body;
    let mut ids = Vec::new();
    for name in ["alive", "stopped", "vanished"] {
        let id = BootId::generate();
        let age = if name == "vanished" { 3600 } else { 0 };
        let info = WorkerInfo {
            boot_id: id.to_string(),
            host: name.into(),
            version: "v".into(),
            started_at: app.clock.now() - Duration::from_secs(age),
            lanes: "interactive,bulk".into(),
        };
        coordination::register_worker(&mut &app.db, &info)
            .await
            .unwrap();
        ids.push(id);
    }
    let pulse = Pulse {
        in_flight: 3,
        ..Pulse::default()
    };
    let now = app.clock.now();
    coordination::beat_worker(&mut &app.db, ids[0], now, &pulse)
        .await
        .unwrap();
    coordination::stop_worker(&mut &app.db, ids[1], now)
        .await
        .unwrap();
    let workers = get("/workers").await;
    let workers = workers["items"].as_array().unwrap();
    assert_eq!(workers.len(), 3);
    for worker in workers {
        assert_eq!(worker["state"], worker["host"]);
        assert_eq!(
            worker["stopped_at"].is_string(),
            worker["host"] == "stopped"
        );
    }
    let alive = workers.iter().find(|one| one["host"] == "alive").unwrap();
    assert_eq!(
        (&alive["in_flight"], &alive["not_claiming"]),
        (&json!(3), &Value::Null)
    );

    let (first, second) = (desk.created("first").await, desk.created("second").await);
    let (queued, claimed) = (desk.queue(first).await, desk.claim(second).await);
    let open = get("/attempts/open?limit=1").await;
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
    assert_eq!(open["next"], open["items"][0]["id"]);
    let rest = get(&format!(
        "/attempts/open?before={}",
        open["next"].as_str().unwrap()
    ))
    .await;
    assert_eq!(rest["next"], Value::Null);
    let mut all = [open["items"][0].clone(), rest["items"][0].clone()];
    all.sort_by_key(|one| one["biz_id"].to_string());
    assert_eq!(
        (&all[0]["id"], &all[0]["state"]),
        (&json!(queued), &json!("queued"))
    );
    assert_eq!(
        (&all[1]["id"], &all[1]["state"]),
        (&json!(claimed), &json!("refreshing"))
    );
    assert!(all[1]["worker"].is_string());
    let queue = get("/queue").await;
    assert_eq!(queue["lines"][1]["line"], "schedule");
    assert_eq!(
        queue["lines"][1]["waiting"],
        json!({"count": 1, "more": false})
    );
    assert_eq!(queue["lanes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn looking_needs_a_session() {
    let desk = Desk::new().await;
    for path in [
        "/stats",
        "/workers",
        "/queue",
        "/attempts/open",
        "/egresses",
    ] {
        let answer = desk.server.send(call("GET", path)).await;
        assert_eq!(answer.code(), (401, "unauthorized"), "{path}");
    }
}
