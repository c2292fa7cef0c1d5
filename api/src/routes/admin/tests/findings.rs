//! Credentials in doubt, dead and held: what is shown of them, and what an operator decides.

use rt_manage_shared::{
    db::{
        attempts::{self, Ending},
        recovered::{self, Recovered},
        system,
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::OutcomeKind,
        grant::{Doubt, Grant, HeldReason, State, Verdict},
    },
};
use serde_json::{Value, json};

use super::{Answer, desk::Desk, rt};

/// Ends the open attempt of a credential, in the history as well.
async fn end(desk: &Desk, id: CredentialId, verdict: Verdict) -> AttemptId {
    let attempt = desk.claim(id).await;
    let ending = Ending {
        outcome: verdict.kind(),
        code: Some("a_code".into()),
        detail: None,
        http_status: Some(500),
        duration_ms: Some(3),
        finished_at: desk.server.app.clock.now(),
    };
    attempts::finish(&mut &desk.server.app.db, attempt, &ending)
        .await
        .unwrap();
    desk.move_grant(id, |grant, ctx| {
        grant
            .finish(attempt, &grant.rt_fp, &verdict, Some("a_code"), ctx)
            .unwrap()
    })
    .await;
    attempt
}

async fn post(desk: &Desk, id: CredentialId, what: &str, body: Value) -> Answer {
    desk.send("POST", &format!("/credentials/{id}/{what}"), &body)
        .await
}

async fn resolve(desk: &Desk, id: CredentialId, action: &str) -> Answer {
    post(desk, id, "resolve", json!({"action": action})).await
}

#[tokio::test]
async fn credentials_are_listed_by_state_with_what_can_be_done() {
    let desk = Desk::new().await;
    let mut ids = Vec::new();
    for name in ["idle", "doubt", "dead", "client", "region"] {
        ids.push(desk.created(name).await);
    }
    let cause = end(&desk, ids[1], Verdict::Ambiguous).await;
    end(&desk, ids[2], Verdict::Rejected).await;
    end(&desk, ids[3], Verdict::Held(HeldReason::ClientId)).await;
    end(&desk, ids[4], Verdict::Held(HeldReason::Region)).await;
    let list = async |query: &str| {
        desk.send("GET", &format!("/credentials{query}"), &Value::Null)
            .await
    };
    for (query, total) in [
        ("?state=in_doubt,dead,held", 4),
        ("?state=held", 2),
        ("?state=idle&page=2", 1),
        ("?state=queued", 0),
        ("", 5),
    ] {
        let body = list(query).await.body;
        assert_eq!(
            (&body["total"], &body["total_is_more"]),
            (&json!(total), &json!(false)),
            "{query}"
        );
    }
    let held = list("?state=held&page_size=1").await.body;
    assert_eq!(held["items"].as_array().unwrap().len(), 1);
    assert_eq!(held["items"][0]["state"], "held");
    for wrong in ["?state=nonsense", "?state=", "?state=dead,,held"] {
        let answer = list(wrong).await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{wrong}");
        assert_eq!(answer.body["errors"][0]["field"], "state");
    }
    assert_eq!(list("?states=dead").await.code(), (400, "invalid_query"));

    assert_eq!(desk.read(ids[0]).await["finding"], json!(null));
    let doubt = desk.read(ids[1]).await;
    assert_eq!(doubt["doubt"]["attempt_id"], json!(cause));
    assert_eq!(
        (&doubt["doubt"]["probes"], &doubt["doubt"]["allowed"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(doubt["doubt"]["next_probe_because"], "pause");
    assert_eq!(doubt["doubt"]["next_probe_at"], doubt["next_refresh_at"]);
    for (id, code, advice) in [
        (
            ids[1],
            "in_doubt",
            json!(["wait", "probe_now", "replace_refresh_token", "mark_dead"]),
        ),
        (ids[2], "dead", json!(["replace_refresh_token"])),
        (ids[3], "held", json!(["change_client_id", "retry"])),
        (ids[4], "held", json!(["change_proxy", "retry"])),
    ] {
        let finding = desk.read(id).await["finding"].clone();
        assert_eq!(
            (&finding["code"], &finding["advice"]),
            (&json!(code), &advice)
        );
        assert!(finding["see"].as_str().unwrap().contains("reliability.md#"));
    }
}

#[tokio::test]
async fn a_probe_is_made_now_and_counted() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    assert_eq!(
        resolve(&desk, id, "probe_now").await.code(),
        (409, "not_in_doubt")
    );
    end(&desk, id, Verdict::Ambiguous).await;
    let db = &mut &desk.server.app.db;
    let now = desk.server.app.clock.now();
    system::switch_on(db, system::PAUSED, "r", now)
        .await
        .unwrap();
    assert_eq!(
        resolve(&desk, id, "probe_now").await.code(),
        (503, "refresh_paused")
    );
    system::switch_off(db, system::PAUSED).await.unwrap();
    let answer = resolve(&desk, id, "probe_now").await;
    assert_eq!(answer.status, 202);
    let attempt: AttemptId = answer.body["attempt"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(desk.grant(id).await.state, State::Queued(attempt));
    let shown = &answer.body["credential"];
    assert_eq!(
        (&shown["state"], &shown["doubt"]["next_probe_because"]),
        (&json!("queued"), &json!("under_way"))
    );
    for action in ["probe_now", "mark_dead", "keep_waiting"] {
        let answer = resolve(&desk, id, action).await;
        assert_eq!(answer.code(), (409, "refresh_in_progress"));
        assert_eq!(answer.body["attempt"]["id"], json!(attempt));
    }
    let past = desk
        .send("GET", &format!("/credentials/{id}/attempts"), &Value::Null)
        .await
        .body;
    assert_eq!(
        (&past["items"][0]["id"], &past["items"][0]["probe"]),
        (&json!(attempt), &json!(true))
    );
    assert_eq!(past["items"][0]["cause"], "admin");
}

#[tokio::test]
async fn probes_are_not_made_beyond_their_number() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    end(&desk, id, Verdict::Ambiguous).await;
    let since = desk.server.app.clock.now();
    desk.move_grant(id, |grant, _| Grant {
        doubt: Some(Doubt { since, probes: 3 }),
        next_refresh_at: None,
        ..grant.clone()
    })
    .await;
    let shown = desk.read(id).await;
    assert_eq!(shown["doubt"]["next_probe_because"], "probes_spent");
    assert_eq!(
        shown["finding"]["advice"],
        json!(["replace_refresh_token", "mark_dead"])
    );
    assert_eq!(
        resolve(&desk, id, "probe_now").await.code(),
        (409, "probes_spent")
    );
    let answer = resolve(&desk, id, "mark_dead").await;
    assert_eq!(answer.status, 200);
    let shown = &answer.body["credential"];
    assert_eq!(
        (&shown["state"], &shown["last_code"], &shown["doubt"]),
        (&json!("dead"), &json!("given_up"), &json!(null))
    );
    assert_eq!(
        desk.patch(id, json!({"refresh_token": rt("n")}))
            .await
            .status,
        200
    );
    assert_eq!(desk.grant(id).await.state, State::Idle);
}

#[tokio::test]
async fn waiting_on_and_trying_again() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    assert_eq!(
        post(&desk, id, "retry", Value::Null).await.code(),
        (409, "not_held")
    );
    end(&desk, id, Verdict::Ambiguous).await;
    let before = desk.grant(id).await.next_refresh_at;
    let answer = resolve(&desk, id, "keep_waiting").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["attempt"]),
        (200, &json!(null))
    );
    assert!(desk.grant(id).await.next_refresh_at >= before);
    assert_eq!(
        resolve(&desk, id, "forget").await.code(),
        (422, "validation_failed")
    );

    let held = desk.created("b").await;
    end(&desk, held, Verdict::Held(HeldReason::ClientId)).await;
    let answer = post(&desk, held, "retry", Value::Null).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.body["credential"]["state"], "queued");
    let nobody = CredentialId::generate();
    for what in ["retry", "resolve"] {
        let body = json!({"action": "probe_now"});
        let body = if what == "retry" { Value::Null } else { body };
        assert_eq!(
            post(&desk, nobody, what, body).await.code(),
            (404, "not_found")
        );
    }
}

#[tokio::test]
async fn a_history_comes_in_parts() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(end(&desk, id, Verdict::Transient { retry_after: None }).await);
    }
    // Of one millisecond, they come in any order.
    ids.sort();
    let way = Recovered {
        attempt: ids[2],
        credential: id,
        replayed: true,
        late: true,
    };
    let app = &desk.server.app;
    recovered::note(&mut &app.db, &way, app.clock.now())
        .await
        .unwrap();
    let page = async |query: &str| {
        let path = format!("/credentials/{id}/attempts{query}");
        desk.send("GET", &path, &Value::Null).await
    };
    let first = page("?limit=2").await.body;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(first["next"], json!(ids[1]));
    let newest = &first["items"][0];
    for (field, value) in [
        ("id", json!(ids[2])),
        ("lane", json!("bulk")),
        ("cause", json!("schedule")),
        ("probe", json!(false)),
        ("state", json!("finished")),
        ("outcome", json!(OutcomeKind::Transient)),
        ("code", json!("a_code")),
        ("detail", json!(null)),
        ("http_status", json!(500)),
        ("duration_ms", json!(3)),
        ("replayed", json!(true)),
        ("late", json!(true)),
        ("request_id", json!(null)),
    ] {
        assert_eq!(newest[field], value, "{field}");
    }
    for field in ["worker", "requested_at", "claimed_at", "finished_at"] {
        assert!(newest[field].is_string(), "{field}");
    }
    let rest = page(&format!("?limit=2&before={}", ids[1])).await.body;
    assert_eq!(rest["items"][0]["id"], json!(ids[0]));
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["next"]),
        (1, &json!(null))
    );
    for (query, code) in [
        ("?limit=0", (422, "validation_failed")),
        ("?limit=501", (422, "validation_failed")),
        ("?before=x", (422, "validation_failed")),
        ("?page=1", (400, "invalid_query")),
    ] {
        assert_eq!(page(query).await.code(), code, "{query}");
    }
    // The history outlives the credential, as an orphan may belong to it.
    assert_eq!(desk.delete(id).await.status, 204);
    assert_eq!(page("").await.status, 200);
    let path = format!("/credentials/{}/attempts", CredentialId::generate());
    assert_eq!(
        desk.send("GET", &path, &Value::Null).await.code(),
        (404, "not_found")
    );
}
