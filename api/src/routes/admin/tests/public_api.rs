//! What keys open on the public API, and what they do not.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::Request,
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rt_manage_shared::{clock::BootInstant, id::CredentialId, model::audit::Actor, vault::Secret};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Answer, Call, FAR, Server, call, desk::Desk, rt};
use crate::credentials::{Credentials, NewCredential};

/// The published secret, which is good for callers who are near.
pub(super) const CONFIGURED: &str = "my-api-secret-2025";

pub(super) fn public(method: &str, path: &str) -> Call {
    Call {
        path: format!("/public-api{path}"),
        ..call(method, "")
    }
}

impl Call {
    pub(super) fn key(self, secret: &str) -> Self {
        self.header("x-api-secret", secret)
    }
}

impl Server {
    /// An answer of the public API, which may hold tokens.
    pub(super) async fn ask(&self, call: Call) -> Answer {
        let mut request = Request::builder().method(call.method).uri(call.path);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::from(call.body)).unwrap();
        let peer: std::net::SocketAddr = format!("{}:4711", call.peer).parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !body.is_null() {
            assert_eq!(body["success"], parts.status.is_success(), "{body}");
            assert!(body["request_id"].is_string() && body["msg"].is_string());
        }
        assert_eq!(parts.headers["cache-control"], "no-store");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(super) async fn get_at(&self, secret: &str, biz_id: &str) -> Answer {
        let body = json!({"biz_id": biz_id});
        self.ask(public("POST", "/get-at").key(secret).json(&body))
            .await
    }
}

impl Desk {
    pub(super) async fn key(&self, body: Value) -> String {
        let mut all = json!({"name": "robot", "scopes": ["get_at"]});
        for (name, value) in body.as_object().unwrap() {
            all[name] = value.clone();
        }
        let answer = self.send("POST", "/keys", &all).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["secret"].as_str().unwrap().to_owned()
    }

    /// A credential whose access token lives for so long.
    pub(super) async fn with_token(
        &self,
        name: &str,
        tag: &str,
        email: &str,
        life: u64,
    ) -> CredentialId {
        let app = &self.server.app;
        let exp = (app.clock.now() + Duration::from_secs(life)).seconds();
        let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({"exp": exp, "name": name}).to_string());
        let new = NewCredential {
            biz_id: Some(name.into()),
            refresh_token: Secret::new(rt(name)),
            access_token: Some(Secret::new(format!("h.{claims}.s"))),
            tag: tag.into(),
            email: Some(email.into()),
            enabled: true,
            ..NewCredential::default()
        };
        Credentials::of(app)
            .create(&new, &Actor::system())
            .await
            .unwrap()
            .id
    }
}

#[tokio::test]
async fn a_key_is_presented_once_and_in_either_header() {
    let desk = Desk::new().await;
    let server = &desk.server;
    desk.with_token("a", "", "a@example.com", 600).await;
    let secret = desk.key(json!({})).await;
    let post = || public("POST", "/get-at").json(&json!({"biz_id": "a"}));
    for good in [
        post().key(&secret),
        post().bearer(&secret),
        post().key(&secret).from(FAR),
        post().bearer(CONFIGURED),
        post()
            .key(&secret)
            .header("authorization", "Basic cHJveHk6cHJveHk="),
    ] {
        assert_eq!(server.ask(good).await.code(), (200, "ok"));
    }
    for bad in [
        post(),
        post().key("").bearer(""),
        post().key(&secret).bearer(&secret),
        post().key(&secret).key(&secret),
        post().bearer(&secret).bearer(CONFIGURED),
        post().header("authorization", secret.clone()),
        post().key(CONFIGURED).from(FAR),
    ] {
        let answer = server.ask(bad).await;
        assert_eq!(answer.code(), (401, "unauthorized"));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    // It is a key for these calls and for nothing else.
    for (token, list, keys) in [
        (
            secret.as_str(),
            (403, "forbidden_scope"),
            (403, "key_not_allowed"),
        ),
        (CONFIGURED, (401, "unauthorized"), (401, "unauthorized")),
    ] {
        let answer = server.send(call("GET", "/credentials").bearer(token)).await;
        assert_eq!(answer.code(), list);
        let answer = server.send(call("GET", "/keys").key(token)).await;
        assert_eq!(answer.code(), keys);
    }
}

#[tokio::test]
async fn scopes_open_what_they_say() {
    let desk = Desk::new().await;
    let server = &desk.server;
    desk.with_token("a", "", "a@example.com", 600).await;
    let (at, all) = (
        desk.key(json!({"scopes": ["get_at"]})).await,
        desk.key(json!({"scopes": ["get_at", "read_rt"]})).await,
    );
    let refresh = desk.key(json!({"scopes": ["refresh"]})).await;
    let one = server.get_at(&at, "a").await;
    assert_eq!(one.body["data"]["refresh_token"], "");
    assert_eq!(one.body["data"]["email"], "a@example.com");
    assert_eq!(
        server.get_at(CONFIGURED, "a").await.body["data"]["refresh_token"],
        ""
    );
    assert_eq!(
        server.get_at(&all, "a").await.body["data"]["refresh_token"],
        rt("a")
    );
    assert_eq!(
        server.get_at(&refresh, "a").await.code(),
        (403, "forbidden_scope")
    );
    // Told before anything is looked for.
    assert_eq!(
        server.get_at(&refresh, "nobody").await.code(),
        (403, "forbidden_scope")
    );
    let call = |secret: &str| {
        public("POST", "/refresh")
            .key(secret)
            .json(&json!({"biz_id": "a"}))
    };
    assert_eq!(
        server.ask(call(&all)).await.code(),
        (403, "forbidden_scope")
    );
}

#[tokio::test]
async fn what_is_out_of_reach_is_not_there() {
    let desk = Desk::new().await;
    let server = &desk.server;
    for (name, tag, email) in [
        ("a", "red", "x@example.com"),
        ("b", "blue", "x@example.com"),
        ("c", "blue", "x@example.com"),
    ] {
        desk.with_token(name, tag, email, 600).await;
    }
    let red = desk
        .key(json!({"reach": {"kind": "tags", "values": ["red", "green"]}}))
        .await;
    let names = desk
        .key(json!({"reach": {"kind": "biz_ids", "values": ["c", "z"]}}))
        .await;
    for (secret, name, code) in [
        (&red, "a", (200, "ok")),
        (&red, "b", (404, "not_found")),
        (&names, "c", (200, "ok")),
        (&names, "a", (404, "not_found")),
        (&names, "z", (404, "not_found")),
    ] {
        assert_eq!(server.get_at(secret, name).await.code(), code, "{name}");
    }
    // Nor does it make an address ambiguous.
    let by_email = |secret: &str| {
        public("POST", "/get-at")
            .key(secret)
            .json(&json!({"email": "x@example.com"}))
    };
    assert_eq!(server.ask(by_email(&red)).await.body["data"]["biz_id"], "a");
    assert_eq!(
        server.ask(by_email(&names)).await.body["data"]["biz_id"],
        "c"
    );
    assert_eq!(
        server.ask(by_email(CONFIGURED)).await.code(),
        (409, "email_ambiguous")
    );
}

#[tokio::test]
async fn a_key_ends_by_time_by_switch_and_by_revocation() {
    let desk = Desk::new().await;
    let server = &desk.server;
    desk.with_token("a", "", "a@example.com", 7200).await;
    let soon = server.app.clock.now() + Duration::from_mins(30);
    let (brief, other) = (
        desk.key(json!({"expires_at": soon.to_rfc3339()})).await,
        desk.key(json!({})).await,
    );
    assert_eq!(server.get_at(&brief, "a").await.status, 200);
    let clock = &server.app.clock;
    clock.set_from_database(clock.now() + Duration::from_mins(31));
    assert_eq!(
        server.get_at(&brief, "a").await.code(),
        (401, "unauthorized")
    );

    let list = desk.send("GET", "/keys", &Value::Null).await.body;
    let keys = list["items"].as_array().unwrap();
    let expired = keys
        .iter()
        .find(|key| key["prefix"] == brief[..12])
        .unwrap();
    assert_eq!(expired["status"], "expired");
    let id = keys
        .iter()
        .find(|key| key["prefix"] == other[..12])
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/keys/{id}");
    // Known for less than a second here, as on another replica.
    assert_eq!(server.get_at(&other, "a").await.status, 200);
    for (method, body, expected) in [
        ("PATCH", json!({"enabled": false}), 401),
        ("PATCH", json!({"enabled": true}), 200),
        ("DELETE", Value::Null, 401),
    ] {
        assert!(desk.send(method, &path, &body).await.status.is_success());
        let begun = BootInstant::now();
        while server.get_at(&other, "a").await.status != expected {
            assert!(begun.elapsed() < Duration::from_secs(1), "{method} {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn wrong_keys_wait_and_right_ones_do_not() {
    let desk = Desk::new().await;
    let server = &desk.server;
    desk.with_token("a", "", "a@example.com", 600).await;
    let secret = desk.key(json!({})).await;
    for n in 0..5 {
        let wrong = secret[..46].to_owned() + if secret.ends_with('x') { "y" } else { "x" };
        let wrong = if n % 2 == 0 {
            wrong
        } else {
            format!("guess-{n}")
        };
        assert_eq!(
            server.get_at(&wrong, "a").await.code(),
            (401, "unauthorized"),
            "{n}"
        );
    }
    let answer = server.get_at("guess-6", "a").await;
    assert_eq!(answer.code(), (429, "too_many_attempts"));
    assert!(
        ["1", "2"].contains(&answer.header("retry-after")),
        "{answer:?}"
    );
    // The neighbours behind the same address have theirs.
    for right in [secret.as_str(), CONFIGURED] {
        assert_eq!(server.get_at(right, "a").await.status, 200);
    }
    let elsewhere = public("POST", "/get-at")
        .key("guess-7")
        .json(&json!({"biz_id": "a"}));
    assert_eq!(
        server.ask(elsewhere.from(FAR)).await.code(),
        (401, "unauthorized")
    );
}

#[tokio::test]
async fn a_key_has_so_many_requests_a_minute() {
    let desk = Desk::new().await;
    let server = &desk.server;
    desk.with_token("a", "", "a@example.com", 600).await;
    let (slow, free) = (
        desk.key(json!({"rate_limit_per_minute": 4})).await,
        desk.key(json!({})).await,
    );
    for _ in 0..2 {
        assert_eq!(server.get_at(&slow, "a").await.status, 200);
    }
    // A batch takes one for each of its items.
    let batch = |items: usize| {
        let items = vec![json!({"biz_id": "a"}); items];
        public("POST", "/get-at/batch")
            .key(&slow)
            .json(&json!({"items": items}))
    };
    assert_eq!(server.ask(batch(2)).await.status, 200);
    for _ in 0..2 {
        let answer = server.get_at(&slow, "a").await;
        assert_eq!(answer.code(), (429, "rate_limited"));
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=15).contains(&wait), "{wait}");
        assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=4;w=60");
        assert_eq!(server.get_at(&free, "a").await.status, 200);
    }

    let limited = Server::with(|config| config.auth.api_rate_limit_per_minute = 1).await;
    assert_eq!(limited.get_at(CONFIGURED, "a").await.status, 404);
    assert_eq!(
        limited.get_at(CONFIGURED, "a").await.code(),
        (429, "rate_limited")
    );
}

#[tokio::test]
async fn hand_outs_and_uses_are_counted() {
    let desk = Desk::new().await;
    let server = &desk.server;
    let a = desk.with_token("a", "", "a@example.com", 600).await;
    let b = desk.with_token("b", "", "b@example.com", 600).await;
    let secret = desk.key(json!({"scopes": ["get_at", "read_rt"]})).await;
    for name in ["a", "a", "b", "nobody"] {
        server.get_at(&secret, name).await;
    }
    server.get_at(CONFIGURED, "a").await;
    server.app.keys.flush().await;
    server.get_at(&secret, "a").await;
    server.app.keys.flush().await;

    let key = desk.send("GET", "/keys", &Value::Null).await.body["items"][0].clone();
    assert!(key["last_used_at"].is_string(), "{key}");
    let counts = async |path: String| {
        let answer = desk.send("GET", &path, &Value::Null).await.body;
        let items = answer["items"].as_array().unwrap().clone();
        let item = |item: &Value| {
            format!(
                "{} {} {} {}",
                item["credential_id"], item["key_id"], item["kind"], item["count"]
            )
            .replace('"', "")
        };
        (
            items.iter().map(item).collect::<Vec<_>>(),
            answer["next"].clone(),
        )
    };
    let id = key["id"].as_str().unwrap();
    let (of_a, next) = counts(format!("/credentials/{a}/handouts")).await;
    assert_eq!(
        of_a,
        [
            format!("{a} {id} at 3"),
            format!("{a} {id} rt 3"),
            format!("{a} configured at 1")
        ]
    );
    assert_eq!(next, Value::Null);
    let mut to_key = Vec::new();
    let mut path = format!("/keys/{id}/handouts?limit=1");
    loop {
        let (items, next) = counts(path).await;
        to_key.extend(items);
        let Some(next) = next.as_str() else { break };
        path = format!("/keys/{id}/handouts?limit=1&after={next}");
    }
    assert_eq!(
        to_key,
        [
            format!("{a} {id} at 3"),
            format!("{a} {id} rt 3"),
            format!("{b} {id} at 1"),
            format!("{b} {id} rt 1")
        ]
    );
    let (configured, _) = counts("/keys/configured/handouts".into()).await;
    assert_eq!(configured, [format!("{a} configured at 1")]);
}
