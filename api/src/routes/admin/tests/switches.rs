//! Pausing, resuming, and the look at the whole.

use rt_manage_shared::{
    db::{
        coordination::{self, Pulse, WorkerInfo},
        system,
    },
    id::BootId,
    model::grant::Verdict,
};
use serde_json::{Value, json};

use super::{call, desk::Desk};

#[tokio::test]
async fn refreshing_is_paused_and_goes_on() {
    let desk = Desk::new().await;
    let post = async |path: &str, body: Value| desk.send("POST", path, &body).await;
    for reason in ["", "  ", "two\nlines", &"x".repeat(256)] {
        let answer = post("/pause", json!({"reason": reason})).await;
        assert_eq!(answer.code(), (422, "validation_failed"));
        assert_eq!(answer.body["errors"][0]["field"], "reason");
    }
    let answer = post("/pause", json!({"reason": " moving house "})).await;
    assert_eq!(answer.status, 200);
    let on = &answer.body["switches"][0];
    assert_eq!(
        (&on["name"], &on["reason"]),
        (&json!("paused"), &json!("moving house"))
    );
    assert!(on["since"].as_str().unwrap().ends_with('Z'));

    let db = &mut &desk.server.app.db;
    let now = desk.server.app.clock.now();
    // Long enough ago for calls from before to be over; no worker lives here.
    let since = now - desk.server.settings.abandon_after;
    system::switch_on(db, system::HALTED, "older", since)
        .await
        .unwrap();
    let answer = post("/resume", json!({"switch": "paused"})).await;
    assert_eq!(answer.body["switches"][0]["name"], "halted");
    assert_eq!(answer.body["switches"].as_array().unwrap().len(), 1);
    for body in [
        json!({"switch": "halted"}),
        json!({"switch": "halted", "confirm": false}),
    ] {
        let answer = post("/resume", body).await;
        assert_eq!(answer.code(), (422, "validation_failed"));
        assert_eq!(answer.body["errors"][0]["field"], "confirm");
    }
    for _ in 0..2 {
        let answer = post("/resume", json!({"switch": "halted", "confirm": true})).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["switches"]),
            (200, &json!([]))
        );
    }
    let answer = post("/resume", json!({"switch": "everything"})).await;
    assert_eq!(answer.code(), (422, "validation_failed"));
}

#[tokio::test]
async fn the_status_names_what_is_to_be_known() {
    let desk = Desk::new().await;
    let app = &desk.server.app;
    let look = async || {
        let answer = desk.send("GET", "/status", &Value::Null).await;
        assert_eq!(answer.status, 200);
        answer.body
    };
    let status = look().await;
    assert_eq!(
        (&status["status"], &status["findings"][0]["code"]),
        (&json!("critical"), &json!("no_worker"))
    );
    let worker = BootId::generate();
    let info = WorkerInfo {
        boot_id: worker.to_string(),
        host: "h".into(),
        version: "v".into(),
        started_at: app.clock.now(),
        lanes: "interactive,bulk".into(),
    };
    coordination::register_worker(&mut &app.db, &info)
        .await
        .unwrap();
    let status = look().await;
    assert_eq!(
        (&status["status"], &status["findings"]),
        (&json!("ok"), &json!([]))
    );

    let pulse = Pulse {
        journal_failure: Some("no space".into()),
        journal_damage: 1,
        ..Pulse::default()
    };
    coordination::beat_worker(&mut &app.db, worker, app.clock.now(), &pulse)
        .await
        .unwrap();
    let id = desk.created("a").await;
    desk.end(id, Verdict::Rejected).await;
    let status = look().await;
    let codes: Vec<_> = status["findings"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = codes
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["journal_failed", "dead", "journal_damaged"]);
    assert_eq!(
        status["findings"][1],
        json!({
            "code": "dead", "severity": "warning", "count": 1, "more": false,
            "advice": ["replace_refresh_token"], "see": "docs/reliability.md#dead",
        })
    );
    assert_eq!(
        status["credentials"]["dead"],
        json!({"count": 1, "more": false})
    );
    assert_eq!(status["credentials"].as_object().unwrap().len(), 6);
    let shown = &status["workers"][0];
    assert_eq!(shown["lanes"], json!(["interactive", "bulk"]));
    assert_eq!(
        shown["journal"],
        json!({"failure": "no space", "damaged_places": 1, "unreadable_answers": 0})
    );
}

#[tokio::test]
async fn what_tells_or_decides_needs_a_session() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    for (method, path) in [
        ("GET", "/status".to_owned()),
        ("POST", "/pause".to_owned()),
        ("POST", "/resume".to_owned()),
        ("GET", "/orphans".to_owned()),
        ("DELETE", format!("/orphans/{id}")),
        ("POST", format!("/orphans/{id}/apply")),
        ("GET", format!("/credentials/{id}/attempts")),
        ("POST", format!("/credentials/{id}/resolve")),
        ("POST", format!("/credentials/{id}/retry")),
    ] {
        let answer = desk.server.send(call(method, &path)).await;
        assert_eq!(answer.code(), (401, "unauthorized"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_halt_that_may_hide_something_is_not_lifted() {
    let desk = Desk::new().await;
    let db = &mut &desk.server.app.db;
    let now = desk.server.app.clock.now();
    system::switch_on(db, system::HALTED, "older", now)
        .await
        .unwrap();
    let lift = json!({"switch": "halted", "confirm": true});
    let answer = desk.send("POST", "/resume", &lift).await;
    assert_eq!(answer.code(), (409, "halt_not_settled"));
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(
        system::switches(db).await.unwrap().len(),
        1,
        "nothing is half done"
    );
}
