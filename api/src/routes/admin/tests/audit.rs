//! The audit log: what is written down, found and taken out.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::Request,
};
use rt_manage_shared::{
    db::audit as log,
    model::audit::{Action, Actor, Deed, TargetKind},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{NEAR, PASSWORD, Server, call};

async fn find(server: &Server, token: &str, query: &str) -> Vec<Value> {
    let answer = server
        .send(call("GET", &format!("/audit{query}")).bearer(token))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["items"].as_array().unwrap().clone()
}

fn actions(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["action"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn it_tells_who_did_what_from_where() {
    let server = Server::new().await;
    let admin = server.token().await;
    let new = json!({"username": "ann", "password": PASSWORD, "role": "viewer"});
    let create = call("POST", "/users").bearer(&admin).json(&new);
    let create = create.header("x-request-id", "asked-1");
    assert_eq!(server.send(create).await.status, 201);
    let delete = call("DELETE", "/users/ann").bearer(&admin);
    assert_eq!(server.send(delete).await.status, 204);

    let all = find(&server, &admin, "").await;
    assert_eq!(
        actions(&all),
        ["user.delete", "user.create", "session.open"]
    );
    let created = &all[1];
    assert_eq!(created["actor"], "admin");
    assert_eq!(created["actor_kind"], "user");
    assert_eq!(created["address"], NEAR);
    assert_eq!(created["request_id"], "asked-1");
    assert_eq!(
        (&created["target_kind"], &created["target"]),
        (&json!("user"), &json!("ann"))
    );
    assert_eq!(created["detail"], json!({"role": "viewer"}));
    for (query, expected) in [
        ("?action=user.create", &["user.create"][..]),
        (
            "?action=user.create,session.open",
            &["user.create", "session.open"],
        ),
        ("?target=ann", &["user.delete", "user.create"]),
        (
            "?target=ann&action=user.delete,session.open",
            &["user.delete"],
        ),
        ("?target=ann&target_kind=key", &[]),
        ("?actor=admin&action=user.delete", &["user.delete"]),
        ("?actor=nobody", &[]),
        ("?since=2100-01-01T00:00:00Z", &[]),
        ("?until=2000-01-01T00:00:00%2B02:00", &[]),
        (
            "?since=2000-01-01T00:00:00Z&until=2100-01-01T00:00:00Z&limit=1",
            &["user.delete"],
        ),
    ] {
        assert_eq!(
            actions(&find(&server, &admin, query).await),
            expected,
            "{query}"
        );
    }
    let answer = server
        .send(call("GET", "/audit?limit=2").bearer(&admin))
        .await;
    let next = answer.body["next"].as_str().unwrap();
    assert_eq!(next, answer.body["items"][1]["id"]);
    let rest = find(&server, &admin, &format!("?limit=2&before={next}")).await;
    assert_eq!(actions(&rest), ["session.open"]);
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let answer = server.send(call(method, "/audit").bearer(&admin)).await;
        assert_eq!(answer.code(), (405, "method_not_allowed"));
    }
}

#[tokio::test]
async fn wrong_filters_are_named() {
    let server = Server::new().await;
    let admin = server.token().await;
    for (query, field) in [
        ("action=nothing", "action"),
        ("action=", "action"),
        ("actor=", "actor"),
        ("target=%00", "target"),
        ("target_kind=user", "target_kind"),
        ("target=x&target_kind=thing", "target_kind"),
        ("since=yesterday", "since"),
        ("until=2026-01-10", "until"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("before=x", "before"),
    ] {
        let answer = server
            .send(call("GET", &format!("/audit?{query}")).bearer(&admin))
            .await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{query}");
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    for query in ["color=red", "actor=a&actor=b", "limit=many"] {
        let answer = server
            .send(call("GET", &format!("/audit?{query}")).bearer(&admin))
            .await;
        assert_eq!(answer.code(), (400, "invalid_query"), "{query}");
    }
}

async fn export(server: &Server, token: &str, query: &str) -> (String, String) {
    let mut request = Request::builder()
        .uri(format!("/api/v1/audit/export{query}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    let peer: std::net::SocketAddr = format!("{NEAR}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (kind, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn it_is_taken_out_in_pages_without_formulas() {
    let server = Server::new().await;
    let admin = server.token().await;
    let (db, clock) = (&server.app.db, &server.app.clock);
    let mut tx = db.begin().await.unwrap();
    // More than one page.
    for number in 0..2100 {
        let deed = Deed::new(Action::KeyEdit).to(TargetKind::Key, format!("={number}"));
        log::record(&mut tx, &Actor::system(), &deed, clock.now())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let (kind, csv) = export(&server, &admin, "").await;
    assert_eq!(kind, "text/csv; charset=utf-8");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 10);
    let targets: Vec<_> = reader
        .records()
        .map(|row| row.unwrap()[8].to_owned())
        .collect();
    assert_eq!(targets.len(), 2101);
    assert_eq!(
        (targets[0].as_str(), targets[2099].as_str()),
        ("'=2099", "'=0")
    );
    let (kind, lines) = export(
        &server,
        &admin,
        "?format=jsonl&action=key.edit,audit.export",
    )
    .await;
    assert_eq!(kind, "application/jsonl");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2101);
    assert_eq!(
        (&lines[0]["action"], &lines[1]["target"]),
        (&json!("audit.export"), &json!("=2099"))
    );
    assert_eq!(lines[0]["detail"]["format"], "csv");
}

#[tokio::test]
async fn refused_log_ins_are_written_down_and_bounded() {
    let server = Server::new().await;
    for _ in 0..3 {
        server.log_in("wrong").await;
        let body = json!({"username": "correct horse", "password": "wrong"});
        server.send(call("POST", "/auth/login").json(&body)).await;
        server.app.sessions.forget_failures();
    }
    let admin = server.token().await;
    let refused = find(&server, &admin, "?action=session.refused").await;
    let names: Vec<_> = refused
        .iter()
        .map(|item| item["actor"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["(unknown)", "admin"].repeat(3));
    for _ in 0..20 {
        server.log_in("wrong").await;
        server.app.sessions.forget_failures();
    }
    assert_eq!(
        find(&server, &admin, "?action=session.refused").await.len(),
        10
    );
}

#[tokio::test]
async fn old_entries_are_pruned() {
    let server = Server::new().await;
    let admin = server.token().await;
    let (db, clock) = (&server.app.db, &server.app.clock);
    let later = clock.now() + Duration::from_secs(10);
    assert_eq!(
        log::prune(&mut &*db, clock.now() - Duration::from_mins(1), 10)
            .await
            .unwrap(),
        0
    );
    assert_eq!(log::prune(&mut &*db, later, 10).await.unwrap(), 1);
    assert!(find(&server, &admin, "").await.is_empty());
}
