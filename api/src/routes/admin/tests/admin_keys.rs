//! Keys with the scopes `view` and `manage`, and requests that this process makes itself.

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::Request,
};
use rt_manage_shared::config::PLACEHOLDER_API_SECRET;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{FAR, NEAR, PASSWORD, Server, call, rt};
use crate::{auth::mark_as_ours, routes};

async fn made(server: &Server, admin: &str, key: &Value) -> (String, String) {
    let call = call("POST", "/keys").bearer(admin).json(key);
    let answer = server.send(call).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let text = |pointer: &str| {
        answer
            .body
            .pointer(pointer)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    (text("/key/id"), text("/secret"))
}

#[tokio::test]
async fn a_program_manages_credentials_under_its_own_name() {
    let server = Server::new().await;
    let admin = server.token().await;
    let (_, manage) = made(
        &server,
        &admin,
        &json!({"name": "deploy", "scopes": ["manage"]}),
    )
    .await;
    let (_, view) = made(
        &server,
        &admin,
        &json!({"name": "wall", "scopes": ["view"]}),
    )
    .await;
    let new = json!({"biz_id": "a", "refresh_token": rt("a")});
    let create = call("POST", "/credentials").json(&new);
    let answer = server.send(create.clone().bearer(&view)).await;
    assert_eq!(answer.code(), (403, "forbidden_scope"), "{answer:?}");
    assert!(answer.body["detail"].as_str().unwrap().contains("`manage`"));
    let answer = server
        .send(create.header("x-api-secret", &*manage).from(FAR))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    for secret in [&manage, &view] {
        let answer = server
            .send(call("GET", "/credentials").bearer(secret))
            .await;
        assert_eq!(answer.body["total"], 1, "{answer:?}");
    }
    for (method, path) in [
        ("GET", "/auth/session"),
        ("POST", "/auth/logout"),
        ("GET", "/users"),
        ("GET", "/keys"),
        ("GET", "/audit"),
        ("POST", "/pause"),
        ("POST", "/credentials/01ARZ3NDEKTSV4RRFFQ69G5FAV/reveal"),
    ] {
        let answer = server
            .send(call(method, path).bearer(&manage).json(&json!({})))
            .await;
        assert_eq!(
            answer.code(),
            (403, "key_not_allowed"),
            "{path}: {answer:?}"
        );
    }
    let log = call("GET", "/audit?action=credential.create").bearer(&admin);
    let log = server.send(log).await.body;
    let entry = &log["items"][0];
    let told = ["actor_kind", "actor", "address"].map(|name| entry[name].as_str().unwrap());
    assert_eq!(told, ["key", "deploy", FAR]);
}

#[tokio::test]
async fn keys_that_are_none_open_nothing() {
    let server = Server::new().await;
    let admin = server.token().await;
    let (id, manage) = made(&server, &admin, &json!({"name": "m", "scopes": ["manage"]})).await;
    let list = || call("GET", "/credentials");
    // The configured one, however it comes.
    for call in [
        list().header("x-api-secret", PLACEHOLDER_API_SECRET),
        list().bearer(PLACEHOLDER_API_SECRET),
    ] {
        assert_eq!(server.send(call).await.code(), (401, "unauthorized"));
    }
    // Two in one request, even the same one twice, and one beside a session.
    let twice = list().bearer(&manage).header("x-api-secret", &*manage);
    assert_eq!(server.send(twice).await.code(), (401, "unauthorized"));
    let wrong = manage.replace("rtm_", "rtm_0")[..manage.len()].to_owned();
    let beside = list().bearer(&admin).header("x-api-secret", &*wrong);
    assert_eq!(server.send(beside).await.code(), (401, "unauthorized"));
    // Guessing is slowed down, and right ones are let through.
    let mut slowed = false;
    for _ in 0..1000 {
        let answer = server.send(list().bearer(&wrong)).await;
        slowed = answer.code() == (429, "too_many_attempts");
        if slowed {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
            break;
        }
        assert_eq!(answer.code(), (401, "unauthorized"));
    }
    assert!(slowed);
    assert_eq!(server.send(list().bearer(&manage)).await.status, 200);
    let revoke = call("DELETE", &format!("/keys/{id}")).bearer(&admin);
    assert_eq!(server.send(revoke).await.status, 204);
    let mut answer = server.send(list().bearer(&manage)).await;
    // What was read of it a moment ago counts for less than a second.
    while answer.status == 200 {
        tokio::task::yield_now().await;
        answer = server.send(list().bearer(&manage)).await;
    }
    assert_eq!(answer.code(), (401, "unauthorized"));
}

#[tokio::test]
async fn limits_of_keys_hold_here_too() {
    let server = Server::new().await;
    let admin = server.token().await;
    let key = json!({"name": "slow", "scopes": ["view"], "rate_limit_per_minute": 2});
    let (_, secret) = made(&server, &admin, &key).await;
    for _ in 0..2 {
        let answer = server.send(call("GET", "/status").bearer(&secret)).await;
        assert_eq!(answer.status, 200);
    }
    let answer = server.send(call("GET", "/status").bearer(&secret)).await;
    assert_eq!(answer.code(), (429, "rate_limited"));
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
}

/// What this process asks itself.
async fn ours(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    let peer: std::net::SocketAddr = format!("{NEAR}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    mark_as_ours(&mut request);
    let router = routes::router(server.app.clone());
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (
        parts.status.as_u16(),
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

#[tokio::test]
async fn what_this_process_asks_itself_needs_no_log_in_and_is_the_command_lines() {
    let server = Server::new().await;
    let new = json!({"biz_id": "a", "refresh_token": "rt.1.plain"});
    let (status, created) = ours(&server, "POST", "/credentials", &new).await;
    assert_eq!(status, 201, "{created}");
    // The password is not asked for.
    let path = format!("/credentials/{}/reveal", created["id"].as_str().unwrap());
    let what = json!({"password": "", "what": "refresh_token"});
    let (status, revealed) = ours(&server, "POST", &path, &what).await;
    assert_eq!((status, &revealed["value"]), (200, &json!("rt.1.plain")));
    let (status, problem) = ours(&server, "GET", "/auth/session", &Value::Null).await;
    assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")));
    let log = call("GET", "/audit?actor=command%20line").bearer(&server.token().await);
    let log = server.send(log).await.body;
    let items = log["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{log}");
    for item in items {
        assert_eq!(
            (&item["actor_kind"], &item["address"]),
            (&json!("command_line"), &Value::Null)
        );
    }
    // Nothing that can be sent makes a request ours.
    for name in ["inside", "x-inside", "x-rtm-inside", "x-command-line"] {
        let sent = call("GET", "/credentials").header(name, "true");
        assert_eq!(server.send(sent).await.code(), (401, "unauthorized"));
    }
    // A person is asked for theirs still.
    let what = json!({"password": "", "what": "refresh_token"});
    let token = server.token().await;
    let answer = server
        .send(call("POST", &path).bearer(&token).json(&what))
        .await;
    assert_eq!(
        answer.code(),
        (401, "invalid_credentials"),
        "{PASSWORD} was not given"
    );
}
