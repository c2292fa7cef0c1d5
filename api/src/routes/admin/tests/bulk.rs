//! Bulk operations: each action, which credentials they are about, and that a request is done once.

use std::time::Duration;

use rt_manage_shared::{
    db::{attempts, grants, system},
    id::CredentialId,
    model::{
        attempt::{AttemptState, OutcomeKind},
        grant::{Grant, HeldReason, State, Verdict},
    },
};
use serde_json::{Value, json};

use super::{
    CANARY, call,
    desk::Desk,
    jobs::{Running, counts},
    refresh::{rotated, work},
};

/// Does it and waits for its end.
async fn done(desk: &Desk, selection: Value, action: Value) -> Value {
    let id = desk.started(selection, action).await;
    desk.ended(&id).await
}

#[tokio::test]
async fn each_edit_is_made_and_what_is_so_already_is_skipped() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["a", "b"]).await;
    let proxy = json!({"name": "p", "url": "http://u:canary@named.example:1"});
    let named = desk.send("POST", "/proxies", &proxy).await.body["id"].clone();
    let running = Running::start(&desk.server.app);
    let own = "socks5://u:canary@own.example:1080";
    for (action, field, value) in [
        (json!({"type": "disable"}), "enabled", json!(false)),
        (json!({"type": "enable"}), "enabled", json!(true)),
        (json!({"type": "tag", "tag": "x"}), "tag", json!("x")),
        (json!({"type": "tag", "tag": null}), "tag", json!("")),
        (
            json!({"type": "memo", "memo": "a\nb"}),
            "memo",
            json!("a\nb"),
        ),
        (json!({"type": "memo", "memo": null}), "memo", json!("")),
        (
            json!({"type": "client_id", "client_id": "app_y"}),
            "client_id",
            json!("app_y"),
        ),
        (
            json!({"type": "client_id", "client_id": null}),
            "client_id",
            json!(desk.server.settings.config().openai.client_id),
        ),
        (
            json!({"type": "proxy", "proxy": own}),
            "proxy",
            json!("socks5://own.example:1080"),
        ),
        (
            json!({"type": "proxy", "proxy_id": named}),
            "proxy_id",
            named.clone(),
        ),
        (json!({"type": "proxy"}), "proxy_id", Value::Null),
    ] {
        let job = done(&desk, json!({"ids": ids}), action.clone()).await;
        let kind = action["type"].as_str().unwrap();
        assert_eq!(
            (&job["state"], &job["action"]),
            (&json!("finished"), &json!(kind))
        );
        assert_eq!(counts(&job), [0, 0, 2, 0, 0, 0], "{action}");
        for id in &ids {
            assert_eq!(desk.read(*id).await[field], value, "{action}");
        }
        let job = done(&desk, json!({"ids": ids}), action.clone()).await;
        assert_eq!(counts(&job), [0, 0, 0, 0, 2, 0], "{action}");
        let items = desk.items(job["id"].as_str().unwrap(), "").await;
        assert_eq!(
            (&items[0]["code"], &items[0]["label"]),
            (&json!("unchanged"), &json!("a"))
        );
        assert!(!job.to_string().contains(CANARY));
    }
    running.drain().await;
    let log = desk
        .send(
            "GET",
            "/audit?action=credentials.bulk&limit=500",
            &Value::Null,
        )
        .await;
    let log = log.body["items"].as_array().unwrap();
    assert_eq!(log.len(), 22, "one for each operation");
    assert_eq!(log[0]["detail"], json!({"action": "proxy", "count": 2}));
    let each = desk
        .send("GET", "/audit?action=credential.edit", &Value::Null)
        .await;
    assert_eq!(
        each.body["items"],
        json!([]),
        "and none for each credential"
    );
}

#[tokio::test]
async fn disabling_and_deleting_end_what_waits() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["a", "b", "c"]).await;
    let waiting = [desk.queue(ids[0]).await, desk.queue(ids[1]).await];
    let under_way = desk.claim(ids[2]).await;
    let running = Running::start(&desk.server.app);
    let job = done(
        &desk,
        json!({"ids": [ids[0], ids[2]]}),
        json!({"type": "disable"}),
    )
    .await;
    assert_eq!(counts(&job), [0, 0, 2, 0, 0, 0]);
    let job = done(
        &desk,
        json!({"ids": [ids[1], ids[1]]}),
        json!({"type": "delete"}),
    )
    .await;
    assert_eq!(
        (counts(&job), &job["total"]),
        ([0, 0, 1, 0, 0, 0], &json!(1))
    );
    for attempt in waiting {
        assert_eq!(
            desk.attempt_state(attempt).await,
            (AttemptState::Cancelled, None)
        );
    }
    assert_eq!(desk.grant(ids[0]).await.state, State::Idle);
    assert_eq!(desk.grant(ids[0]).await.next_refresh_at, None);
    assert_eq!(desk.grant(ids[2]).await.state, State::Refreshing(under_way));
    running.drain().await;
}

#[tokio::test]
async fn deleted_ones_come_back() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["a", "b", "c"]).await;
    let running = Running::start(&desk.server.app);
    let job = done(
        &desk,
        json!({"filter": {"search": "a"}}),
        json!({"type": "delete"}),
    )
    .await;
    assert_eq!(
        (counts(&job), &job["total"]),
        ([0, 0, 1, 0, 0, 0], &json!(1))
    );
    let job = done(&desk, json!({"ids": ids}), json!({"type": "delete"})).await;
    assert_eq!(counts(&job), [0, 0, 2, 0, 1, 0]);
    let skipped = desk
        .items(job["id"].as_str().unwrap(), "?state=skipped")
        .await;
    assert_eq!(
        (&skipped[0]["code"], &skipped[0]["label"]),
        (&json!("already_deleted"), &json!("a"))
    );
    // Its name is taken by now.
    desk.create(json!({"refresh_token": super::rt("other"), "biz_id": "b"}))
        .await;
    let job = done(
        &desk,
        json!({"filter": {"deleted": true}}),
        json!({"type": "restore"}),
    )
    .await;
    assert_eq!(counts(&job), [0, 0, 2, 1, 0, 0]);
    let failed = desk
        .items(job["id"].as_str().unwrap(), "?state=failed")
        .await;
    assert_eq!(
        (&failed[0]["code"], &failed[0]["label"]),
        (&json!("biz_id_taken"), &json!("b"))
    );
    assert_eq!(desk.read(ids[2]).await["biz_id"], "c");
    let gone = CredentialId::generate();
    let job = done(
        &desk,
        json!({"ids": [ids[0], gone]}),
        json!({"type": "restore"}),
    )
    .await;
    assert_eq!(counts(&job), [0, 0, 0, 1, 1, 0]);
    let items = desk.items(job["id"].as_str().unwrap(), "").await;
    assert_eq!(
        (&items[0]["code"], &items[1]["code"]),
        (&json!("not_deleted"), &json!("not_found"))
    );
    running.drain().await;
}

#[tokio::test]
async fn a_filter_is_frozen_before_anything_is_done() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["a", "b"]).await;
    desk.patch(ids[1], json!({"tag": "other"})).await;
    let id = desk
        .started(
            json!({"filter": {"tag": [""]}}),
            json!({"type": "tag", "tag": "x"}),
        )
        .await;
    let job = desk.job(&id).await;
    assert_eq!((&job["total"], counts(&job)), (&Value::Null, [0; 6]));
    assert_eq!(
        job["spec"],
        json!({"selection": {"filter": {"tag": [""]}}, "action": {"type": "tag", "tag": "x"}})
    );
    // Later than the operation by the clock, whose hand moves once a millisecond.
    let clock = &desk.server.app.clock;
    let asked = clock.now();
    while clock.now() <= asked {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let later = desk.created("c").await;
    let running = Running::start(&desk.server.app);
    let job = desk.ended(&id).await;
    assert_eq!(
        (&job["total"], counts(&job)),
        (&json!(1), [0, 0, 1, 0, 0, 0])
    );
    assert_eq!(desk.read(ids[0]).await["tag"], "x");
    assert_eq!(desk.read(ids[1]).await["tag"], "other");
    assert_eq!(desk.read(later).await["tag"], "");
    running.drain().await;
    let log = desk
        .send("GET", "/audit?action=credentials.bulk", &Value::Null)
        .await;
    let entry = &log.body["items"][0];
    assert_eq!(
        entry["detail"],
        json!({"action": "tag", "count": 1, "filters": ["tag"]})
    );
    assert_eq!(
        (&entry["target"], &entry["actor"]),
        (&json!(id), &json!("admin"))
    );
}

#[tokio::test]
async fn the_same_request_is_done_once() {
    let desk = Desk::new().await;
    let ids = desk.created_many(&["a"]).await;
    let send = |key: Option<&str>, action: Value| {
        let body = json!({"selection": {"ids": ids}, "action": action});
        let call = call("POST", "/credentials/bulk").json(&body);
        desk.send_call(match key {
            Some(key) => call.header("idempotency-key", key),
            None => call,
        })
    };
    let tag = json!({"type": "tag", "tag": "x"});
    let first = send(Some("k"), tag.clone()).await;
    assert_eq!(first.status, 202);
    let again = send(Some("k"), tag.clone()).await;
    assert_eq!(
        (again.status.as_u16(), &again.body["id"]),
        (202, &first.body["id"])
    );
    assert_eq!(again.header("location"), first.header("location"));
    let other = send(Some("k"), json!({"type": "tag", "tag": "y"})).await;
    assert_eq!(other.code(), (422, "idempotency_key_reused"));
    assert_ne!(
        send(Some("l"), tag.clone()).await.body["id"],
        first.body["id"]
    );
    assert_ne!(
        send(None, tag.clone()).await.body["id"],
        send(None, tag.clone()).await.body["id"]
    );
    // Many at the same moment: one job.
    let many = futures::future::join_all((0..8).map(|_| send(Some("m"), tag.clone()))).await;
    assert!(
        many.iter()
            .all(|one| one.status == 202 && one.body["id"] == many[0].body["id"])
    );
    for bad in ["", "a b", &"k".repeat(256)] {
        let answer = send(Some(bad), tag.clone()).await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{bad}");
        assert_eq!(answer.body["errors"][0]["field"], "Idempotency-Key");
    }
    // It outlives the job's end.
    let running = Running::start(&desk.server.app);
    desk.ended(first.body["id"].as_str().unwrap()).await;
    running.drain().await;
    assert_eq!(send(Some("k"), tag).await.body["state"], "finished");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_before_anything_is() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let ids = json!({"ids": [id]});
    let many = json!({"ids": vec![id; 10_001]});
    let unknown = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (selection, action, field) in [
        (
            json!({"ids": []}),
            json!({"type": "enable"}),
            "selection.ids",
        ),
        (many, json!({"type": "enable"}), "selection.ids"),
        (
            json!({"ids": ["canary"]}),
            json!({"type": "enable"}),
            "selection.ids[0]",
        ),
        (
            json!({"filter": {"stat": 1}}),
            json!({"type": "enable"}),
            "stat",
        ),
        (
            json!({"filter": {"expires_before": "canary"}}),
            json!({"type": "enable"}),
            "selection.filter.expires_before",
        ),
        (
            json!({"filter": {"proxy": ["http://u:canary@h"]}}),
            json!({"type": "enable"}),
            "selection.filter.proxy",
        ),
        (
            ids.clone(),
            json!({"type": "enable", "tag": "canary"}),
            "tag",
        ),
        (ids.clone(), json!({"type": "tag"}), "tag"),
        (
            ids.clone(),
            json!({"type": "tag", "tag": "x".repeat(256)}),
            "action.tag",
        ),
        (
            ids.clone(),
            json!({"type": "memo", "memo": "\u{0}"}),
            "action.memo",
        ),
        (
            ids.clone(),
            json!({"type": "client_id", "client_id": ""}),
            "action.client_id",
        ),
        (
            ids.clone(),
            json!({"type": "proxy", "proxy": "ftp://canary"}),
            "action.proxy",
        ),
        (
            ids.clone(),
            json!({"type": "proxy", "proxy_id": unknown}),
            "action.proxy_id",
        ),
        (
            ids.clone(),
            json!({"type": "proxy", "proxy": "http://h", "proxy_id": unknown}),
            "action.proxy_id",
        ),
        (
            ids.clone(),
            json!({"type": "refresh", "canary": 0}),
            "action.canary",
        ),
    ] {
        let answer = desk.bulk(selection, action.clone()).await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{action}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{answer:?}");
    }
    for (selection, action) in [
        (ids.clone(), json!({"type": "explode"})),
        (ids.clone(), json!({})),
        (json!({}), json!({"type": "enable"})),
        (
            json!({"ids": [id], "filter": {}}),
            json!({"type": "enable"}),
        ),
    ] {
        let answer = desk.bulk(selection, action).await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{answer:?}");
    }
    let jobs = desk.send("GET", "/jobs", &Value::Null).await;
    assert_eq!(jobs.body["items"], json!([]));
    // There is an end to how many are under way.
    for _ in 0..100 {
        desk.started(ids.clone(), json!({"type": "enable"})).await;
    }
    let answer = desk.bulk(ids, json!({"type": "enable"})).await;
    assert_eq!(answer.code(), (429, "too_many_jobs"));
    assert!(answer.headers.contains_key("retry-after"));
}

fn refresh() -> Value {
    json!({"type": "refresh", "canary": null})
}

#[tokio::test]
async fn refreshes_are_asked_for_and_their_ends_are_told() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    let ids = desk.created_many(&["a", "b", "c", "d", "e", "f"]).await;
    desk.move_grant(ids[2], |grant, _| Grant {
        state: State::Dead,
        ..grant.clone()
    })
    .await;
    desk.patch(ids[3], json!({"enabled": false})).await;
    let joined = desk.queue(ids[4]).await;
    let running = Running::start(app);
    let gone = CredentialId::generate();
    let mut all = ids.clone();
    all.push(gone);
    let id = desk.started(json!({"ids": all}), refresh()).await;
    let job = desk
        .job_until(&id, |job| job["counts"]["running"] == 4)
        .await;
    assert_eq!(counts(&job), [0, 4, 0, 3, 0, 0]);
    let queued = attempts::waiting(
        &mut &app.db,
        rt_manage_shared::model::attempt::Line::Job,
        None,
        9,
    )
    .await
    .unwrap();
    assert_eq!(queued.len(), 3, "in the line of jobs; one was joined");
    work(app, ids[0], rotated(app, "a2"), None).await;
    work(
        app,
        ids[1],
        Verdict::Rejected,
        Some("refresh_token_expired"),
    )
    .await;
    work(app, ids[4], rotated(app, "e2"), None).await;
    work(app, ids[5], Verdict::Transient { retry_after: None }, None).await;
    let job = desk.ended(&id).await;
    assert_eq!(
        (counts(&job), &job["state"]),
        ([0, 0, 2, 5, 0, 0], &json!("finished"))
    );
    let items = desk.items(&id, "").await;
    let told: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item["state"].as_str().unwrap(),
                item["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("done", "rotated"),
            ("failed", "refresh_token_expired"),
            ("failed", "dead"),
            ("failed", "disabled"),
            ("done", "rotated"),
            ("failed", "transient"),
            ("failed", "not_found"),
        ]
    );
    assert_eq!(items[4]["attempt_id"], json!(joined));
    assert_eq!(items[1]["detail"], "told by the test");
    // A moment later the tokens are fresh.
    let job = done(&desk, json!({"ids": [ids[0]]}), refresh()).await;
    assert_eq!(counts(&job), [0, 0, 0, 0, 1, 0]);
    running.drain().await;
}

#[tokio::test]
async fn held_ones_are_let_go_and_tried() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    let ids = desk.created_many(&["a", "b"]).await;
    let held = State::Held(HeldReason::ClientId);
    desk.move_grant(ids[0], |grant, _| Grant {
        state: held,
        next_refresh_at: None,
        ..grant.clone()
    })
    .await;
    let running = Running::start(app);
    system::switch_on(&mut &app.db, system::PAUSED, "test", app.clock.now())
        .await
        .unwrap();
    let id = desk
        .started(json!({"ids": ids}), json!({"type": "retry"}))
        .await;
    desk.job_until(&id, |job| job["state"] == "running").await;
    // While refreshing is paused nothing is done.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(desk.grant(ids[0]).await.state, held);
    system::switch_off(&mut &app.db, system::PAUSED)
        .await
        .unwrap();
    work(app, ids[0], rotated(app, "a2"), None).await;
    let job = desk.ended(&id).await;
    assert_eq!(counts(&job), [0, 0, 1, 0, 1, 0]);
    let items = desk.items(&id, "?state=skipped").await;
    assert_eq!(
        (&items[0]["code"], &items[0]["label"]),
        (&json!("not_held"), &json!("b"))
    );
    running.drain().await;
}

#[tokio::test]
async fn canaries_come_first_and_stop_the_rest() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    let ids = desk.created_many(&["a", "b", "c", "d", "e"]).await;
    let canary = json!({"type": "refresh", "canary": 2});
    let running = Running::start(app);
    let id = desk.started(json!({"ids": ids}), canary.clone()).await;
    let job = desk
        .job_until(&id, |job| job["counts"]["running"] == 2)
        .await;
    assert_eq!(counts(&job), [3, 2, 0, 0, 0, 0]);
    work(app, ids[0], rotated(app, "a2"), None).await;
    desk.job_until(&id, |job| job["counts"]["done"] == 1).await;
    assert_eq!(desk.grant(ids[2]).await.state, State::Idle);
    work(app, ids[1], Verdict::Ambiguous, Some("answer_cut")).await;
    let job = desk.ended(&id).await;
    assert_eq!(
        (&job["state"], &job["code"]),
        (&json!("failed"), &json!("canary_failed"))
    );
    assert_eq!(counts(&job), [0, 0, 1, 1, 0, 3]);
    assert!(job["detail"].as_str().unwrap().contains("answer_cut"));
    for id in &ids[2..] {
        assert_eq!(desk.grant(*id).await.state, State::Idle);
    }
    // When all of them succeed, the rest follows. One that needs no call tells nothing.
    desk.patch(ids[2], json!({"enabled": false})).await;
    let rest = json!({"ids": ids[2..]});
    let one = json!({"type": "refresh", "canary": 1});
    let id = desk.started(rest, one).await;
    desk.job_until(&id, |job| {
        job["counts"]["running"] == 1 && job["counts"]["failed"] == 1
    })
    .await;
    assert_eq!(desk.grant(ids[4]).await.state, State::Idle);
    work(app, ids[3], rotated(app, "d2"), None).await;
    work(app, ids[4], rotated(app, "e2"), None).await;
    let job = desk.ended(&id).await;
    assert_eq!(
        (counts(&job), &job["state"]),
        ([0, 0, 2, 1, 0, 0], &json!("finished"))
    );
    running.drain().await;
}

#[tokio::test]
async fn cancelling_leaves_what_somebody_else_waits_for() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    let ids = desk.created_many(&["a", "b", "c", "d"]).await;
    let scheduled = desk.queue(ids[0]).await;
    let running = Running::start(app);
    let id = desk.started(json!({"ids": ids}), refresh()).await;
    desk.job_until(&id, |job| job["counts"]["running"] == 4)
        .await;
    // It joins what the first one has asked for.
    let other = desk.started(json!({"ids": [ids[1]]}), refresh()).await;
    desk.job_until(&other, |job| job["counts"]["running"] == 1)
        .await;
    let items = desk.items(&id, "").await;
    let attempt = |number: usize| {
        items[number]["attempt_id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    // Somebody asks for the third now, and a worker has the fourth in hand.
    assert!(attempts::promote(&mut &app.db, attempt(2)).await.unwrap());
    let under_way = attempt(3);
    desk.move_grant(ids[3], |grant, _| grant.claim(under_way).unwrap())
        .await;
    let worker = rt_manage_shared::id::BootId::generate();
    attempts::claimed(&mut &app.db, under_way, worker, app.clock.now())
        .await
        .unwrap();

    let cancelled = desk
        .send("DELETE", &format!("/jobs/{id}"), &Value::Null)
        .await;
    assert_eq!(cancelled.status, 202);
    let job = desk
        .job_until(&id, |job| job["counts"]["cancelled"] == 3)
        .await;
    assert_eq!(
        (counts(&job), &job["state"]),
        ([0, 1, 0, 0, 0, 3], &json!("cancelling"))
    );
    assert_eq!(desk.grant(ids[0]).await.state, State::Queued(scheduled));
    assert_eq!(desk.grant(ids[2]).await.state, State::Queued(attempt(2)));
    assert_eq!(
        desk.attempt_state(attempt(1)).await.0,
        AttemptState::Cancelled
    );
    // What is under way counts.
    desk.report(under_way, OutcomeKind::Rotated).await;
    let job = desk.ended(&id).await;
    assert_eq!(
        (counts(&job), &job["state"]),
        ([0, 0, 1, 0, 0, 3], &json!("cancelled"))
    );
    let items = desk.items(&id, "?state=cancelled").await;
    let codes: Vec<_> = items.iter().map(|item| &item["code"]).collect();
    assert_eq!(
        codes,
        [
            &json!("left_to_others"),
            &Value::Null,
            &json!("left_to_others")
        ]
    );
    // The other job asks anew for what it shared with the first one.
    work(app, ids[1], rotated(app, "b2"), None).await;
    let job = desk.ended(&other).await;
    assert_eq!(counts(&job), [0, 0, 1, 0, 0, 0]);
    let item = &desk.items(&other, "").await[0];
    assert_ne!(item["attempt_id"], json!(attempt(1)));
    let record = grants::read_one(&mut &app.db, ids[1])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.grant.state, State::Idle);
    running.drain().await;
}
