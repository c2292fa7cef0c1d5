//! What sessions are good for, and when they end.

use rt_manage_shared::vault::Secret;
use serde_json::json;

use super::{FAR, PASSWORD, Server, call};
use crate::{auth::Sessions, state::App};

const NEW: &str = "another long one";

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let server = Server::new().await;
    let (one, other) = (server.token().await, server.token().await);
    let change = |token: &str, current: &str, new: &str| {
        call("POST", "/auth/password")
            .bearer(token)
            .json(&json!({"current_password": current, "new_password": new}))
    };
    assert_eq!(
        server.send(change(&one, "wrong", NEW)).await.code(),
        (401, "invalid_credentials")
    );
    let answer = server.send(change(&one, PASSWORD, PASSWORD)).await;
    assert_eq!(answer.code(), (422, "validation_failed"));
    let answer = server.send(change(&one, PASSWORD, NEW)).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    for token in [&one, &other] {
        let answer = server.send(call("GET", "/credentials").bearer(token)).await;
        assert_eq!(answer.code(), (401, "unauthorized"));
    }
    assert_eq!(
        server.log_in(PASSWORD).await.code(),
        (401, "invalid_credentials")
    );
    let token = server.log_in(NEW).await.body["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        server
            .send(call("GET", "/credentials").bearer(&token))
            .await
            .status,
        200
    );
    // The second change counts as well.
    assert_eq!(server.send(change(&token, NEW, PASSWORD)).await.status, 204);
    assert_eq!(
        server
            .send(call("GET", "/credentials").bearer(&token))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn sessions_end_by_the_stored_clock() {
    let server = Server::with(|config| {
        config.auth.password = PASSWORD.into();
        config.auth.jwt_expire_hours = 1;
    })
    .await;
    let token = server.token().await;
    let clock = &server.app.clock;
    clock.set_from_database(clock.now() + std::time::Duration::from_mins(61));
    let answer = server
        .send(call("GET", "/credentials").bearer(&token))
        .await;
    assert_eq!(answer.code(), (401, "unauthorized"));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn replicas_agree_on_the_signing_secret() {
    let server = Server::new().await;
    let App {
        config,
        db,
        vault,
        clock,
        ..
    } = &server.app;
    let replica = Sessions::open(config, db, vault, clock).await.unwrap();
    let token = server.token().await;
    assert!(replica.check(&token).await.unwrap().is_ok());
    assert_eq!(format!("{replica:?}"), "Sessions { .. }");
    let mut own = (**config).clone();
    own.auth.jwt_secret = Secret::new("0123456789abcdef0123456789abcdef");
    let other = Sessions::open(&own, db, vault, clock).await.unwrap();
    assert!(other.check(&token).await.unwrap().is_err());
    // The published secret signs nothing.
    own.auth.jwt_secret = Secret::new("your-secret-key-change-this-in-production");
    let published = jsonwebtoken::EncodingKey::from_secret(own.auth.jwt_secret.expose().as_bytes());
    let now = clock.now().seconds();
    let claims = json!({
        "iss": "rt-manage", "aud": "rt-manage-admin", "sub": "admin", "jti": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "iat": now, "exp": now + 60,
        "epoch": 0, "must_change": false,
    });
    let forged =
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &published).unwrap();
    assert_eq!(
        server
            .send(call("GET", "/credentials").bearer(&forged))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_cookie_needs_an_origin_for_what_changes_something() {
    let server = Server::new().await;
    let cookie = format!("rtm_session={}", server.token().await);
    let with = |method, path| {
        call(method, path)
            .header("cookie", cookie.clone())
            .header("host", "rtm.lan:8080")
    };
    assert_eq!(server.send(with("GET", "/credentials")).await.status, 200);
    let create = || with("POST", "/credentials").json(&json!({"refresh_token": super::rt("c")}));
    for refused in [
        create(),
        create().header("origin", "http://evil.example"),
        create().header("origin", "null"),
        create().header("sec-fetch-site", "cross-site"),
        with("DELETE", "/credentials/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ] {
        assert_eq!(server.send(refused).await.code(), (403, "origin_mismatch"));
    }
    assert_eq!(
        server
            .send(create().header("origin", "http://rtm.lan:8080"))
            .await
            .status,
        201
    );
    let again = create().header("sec-fetch-site", "same-origin");
    assert_eq!(
        server.send(again).await.code(),
        (409, "refresh_token_in_use")
    );
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let server = Server::new().await;
    let body = json!({"username": "admin", "password": PASSWORD});
    let login = call("POST", "/auth/login")
        .json(&body)
        .header("x-forwarded-proto", "https");
    let answer = server.send(login.clone()).await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-rtm_session=") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(
        server
            .send(call("GET", "/credentials").header("cookie", pair))
            .await
            .status,
        200
    );
    // A stranger's word about HTTPS is not taken.
    let answer = server.send(login.from(FAR)).await;
    assert!(answer.header("set-cookie").starts_with("rtm_session="));
}

#[tokio::test]
async fn without_or_with_a_wrong_token_nothing_opens() {
    let server = Server::new().await;
    let get = call("GET", "/credentials");
    for refused in [
        get.clone(),
        get.clone().bearer(""),
        get.clone().bearer("a.b.c"),
        get.clone()
            .header("authorization", "Basic YWRtaW46YWRtaW4="),
        get.clone().header("cookie", "rtm_session=x"),
        get.clone().header("x-api-secret", "my-api-secret-2025"),
        call("POST", "/auth/password")
            .json(&json!({"current_password": PASSWORD, "new_password": NEW})),
        call("POST", "/credentials/01ARZ3NDEKTSV4RRFFQ69G5FAV/refresh"),
    ] {
        assert_eq!(server.send(refused).await.code(), (401, "unauthorized"));
    }
}

#[tokio::test]
async fn log_out_ends_one_session() {
    let server = Server::new().await;
    let (one, other) = (server.token().await, server.token().await);
    let current = |token: &str| call("GET", "/auth/session").bearer(token);
    let answer = server.send(current(&one)).await;
    let expected =
        json!({"username": "admin", "role": "administrator", "must_change_password": false});
    assert_eq!(answer.body, expected);
    let answer = server.send(call("POST", "/auth/logout").bearer(&one)).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(
        server.send(current(&one)).await.code(),
        (401, "unauthorized")
    );
    assert_eq!(server.send(current(&other)).await.status, 200);
}
