//! Logging in.

use rt_manage_shared::{clock::Clock, config::PLACEHOLDER_PASSWORD};
use serde_json::json;

use super::{FAR, NEAR, PASSWORD, Server, call};
use crate::auth::{Sessions, hash_password};

const NEW: &str = "another long one";

#[tokio::test]
async fn the_right_password_opens_a_session() {
    let server = Server::new().await;
    let answer = server.log_in(PASSWORD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["username"], "admin");
    assert_eq!(answer.body["must_change_password"], false);
    let expires: jiff::Timestamp = answer.body["expires_at"].as_str().unwrap().parse().unwrap();
    let hours = (expires.as_second() - server.app.clock.now().seconds()) / 3600;
    assert!((239..=240).contains(&hours), "{hours}");
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("rtm_session=ey"), "{cookie}");
    for part in [
        "; Path=/",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Max-Age=864000",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let token = answer.body["token"].as_str().unwrap();
    assert_eq!(
        server
            .send(call("GET", "/credentials").bearer(token))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn wrong_credentials_are_refused_alike() {
    let server = Server::new().await;
    let mut seen = Vec::new();
    for (username, password) in [("admin", "wrong"), ("root", PASSWORD), ("", "")] {
        let body = json!({"username": username, "password": password});
        let answer = server.send(call("POST", "/auth/login").json(&body)).await;
        assert_eq!(answer.code(), (401, "invalid_credentials"));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        seen.push(answer.body["detail"].clone());
    }
    assert!(seen.iter().all(|detail| *detail == seen[0]));
}

#[tokio::test]
async fn a_configured_hash_works_like_plain_text() {
    let hash = hash_password(&PASSWORD.into()).unwrap();
    let server = Server::with(|config| config.auth.password = hash.into()).await;
    assert_eq!(server.log_in(PASSWORD).await.status, 200);
    assert_eq!(
        server.log_in("wrong").await.code(),
        (401, "invalid_credentials")
    );
}

#[tokio::test]
async fn a_broken_hash_stops_the_start() {
    let server = Server::new().await;
    let mut config = (*server.app.config).clone();
    config.auth.password = "$argon2id$v=19$broken".into();
    let opened = Sessions::open(&config, &server.app.db, &server.app.vault, &Clock::new()).await;
    assert!(opened.unwrap_err().to_string().contains("auth.password"));
}

#[tokio::test]
async fn the_published_password_is_only_for_near_callers() {
    let server = Server::with(|_| {}).await;
    let login = call("POST", "/auth/login")
        .json(&json!({"username": "admin", "password": PLACEHOLDER_PASSWORD}));
    for refused in [
        login.clone().from(FAR),
        login.clone().header("x-forwarded-for", "10.0.0.1"),
        login.clone().header("forwarded", "for=127.0.0.1"),
        login.clone().header("via", "1.1 proxy"),
        login
            .clone()
            .from("127.0.0.1")
            .header("cf-connecting-ip", "127.0.0.1"),
    ] {
        assert_eq!(
            server.send(refused).await.code(),
            (401, "invalid_credentials")
        );
        // Refusals count as failures; this test is not about those.
        server.app.sessions.forget_failures();
    }
    for near in [NEAR, "127.0.0.1", "10.1.2.3", "192.168.0.2"] {
        let answer = server.send(login.clone().from(near)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["must_change_password"]),
            (200, &json!(true))
        );
    }
}

#[tokio::test]
async fn the_published_password_only_lets_one_set_a_new_one() {
    let server = Server::with(|_| {}).await;
    let answer = server.log_in(PLACEHOLDER_PASSWORD).await;
    let token = answer.body["token"].as_str().unwrap();
    for (method, path) in [("GET", "/credentials"), ("POST", "/credentials")] {
        let answer = server.send(call(method, path).bearer(token)).await;
        assert_eq!(answer.code(), (403, "password_change_required"));
    }
    let change = |new: &str| {
        let body = json!({"current_password": PLACEHOLDER_PASSWORD, "new_password": new});
        call("POST", "/auth/password").bearer(token).json(&body)
    };
    assert_eq!(
        server.send(change(NEW).from(FAR)).await.code(),
        (401, "unauthorized")
    );
    for bad in ["", "short", PLACEHOLDER_PASSWORD, &"x".repeat(1025)] {
        let answer = server.send(change(bad)).await;
        assert_eq!(answer.code(), (422, "validation_failed"));
        assert_eq!(answer.body["errors"][0]["field"], "new_password");
    }
    assert_eq!(server.send(change(NEW)).await.status, 204);
    // The configuration's password is history.
    assert_eq!(
        server.log_in(PLACEHOLDER_PASSWORD).await.code(),
        (401, "invalid_credentials")
    );
    let answer = server.log_in(NEW).await;
    assert_eq!(answer.body["must_change_password"], false);
    let token = answer.body["token"].as_str().unwrap();
    assert_eq!(
        server
            .send(call("GET", "/credentials").bearer(token))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let server = Server::new().await;
    for _ in 0..5 {
        assert_eq!(server.log_in("wrong").await.status, 401);
    }
    let answer = server.log_in(PASSWORD).await;
    assert_eq!(answer.code(), (429, "too_many_attempts"));
    assert_eq!(answer.header("retry-after"), "1");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(server.log_in(PASSWORD).await.status, 200);
    assert_eq!(server.log_in("wrong").await.status, 401);
}
