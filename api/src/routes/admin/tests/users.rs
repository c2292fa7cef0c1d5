//! People: roles, sessions, passwords.

use rt_manage_shared::vault::Secret;
use serde_json::{Value, json};

use super::{Answer, PASSWORD, Server, call};
use crate::auth::Sessions;

const ANN: &str = "password of ann";

async fn add(server: &Server, token: &str, username: &str, role: &str) -> Answer {
    let new = json!({"username": username, "password": ANN, "role": role});
    server
        .send(call("POST", "/users").bearer(token).json(&new))
        .await
}

async fn log_in(server: &Server, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    server.send(call("POST", "/auth/login").json(&body)).await
}

async fn token_of(server: &Server, username: &str) -> String {
    let answer = log_in(server, username, ANN).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["token"].as_str().unwrap().to_owned()
}

async fn patch(server: &Server, token: &str, username: &str, change: &Value) -> Answer {
    let path = format!("/users/{username}");
    server
        .send(call("PATCH", &path).bearer(token).json(change))
        .await
}

async fn lives(server: &Server, token: &str) -> bool {
    let answer = server
        .send(call("GET", "/auth/session").bearer(token))
        .await;
    answer.status == 200
}

#[tokio::test]
async fn people_are_added_changed_and_removed() {
    let server = Server::new().await;
    let admin = server.token().await;
    let answer = add(&server, &admin, "ann", "viewer").await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("location"), "/api/v1/users/ann");
    assert_eq!(
        add(&server, &admin, "ann", "viewer").await.code(),
        (409, "username_taken")
    );
    assert_eq!(
        add(&server, &admin, "admin", "viewer").await.code(),
        (409, "username_taken")
    );
    let list = server.send(call("GET", "/users").bearer(&admin)).await;
    let people: Vec<_> = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["username"].as_str().unwrap(),
                one["role"].as_str().unwrap(),
                one["configured"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        people,
        [("admin", "administrator", true), ("ann", "viewer", false)]
    );
    assert!(list.body["items"][0]["created_at"].is_null());

    let ann = token_of(&server, "ann").await;
    // What changes nothing ends nothing.
    assert_eq!(
        patch(&server, &admin, "ann", &json!({"role": "viewer"}))
            .await
            .status,
        200
    );
    assert!(lives(&server, &ann).await);
    let answer = patch(&server, &admin, "ann", &json!({"role": "administrator"})).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["role"]),
        (200, &json!("administrator"))
    );
    assert!(!lives(&server, &ann).await);

    let ann = token_of(&server, "ann").await;
    assert_eq!(
        patch(&server, &ann, "ann", &json!({"enabled": false}))
            .await
            .status,
        200
    );
    assert!(!lives(&server, &ann).await);
    assert_eq!(
        log_in(&server, "ann", ANN).await.code(),
        (401, "invalid_credentials")
    );
    assert_eq!(
        patch(&server, &admin, "ann", &json!({"enabled": true}))
            .await
            .status,
        200
    );

    let ann = token_of(&server, "ann").await;
    let delete = || call("DELETE", "/users/ann").bearer(&admin);
    assert_eq!(server.send(delete()).await.status, 204);
    assert!(!lives(&server, &ann).await);
    assert_eq!(server.send(delete()).await.code(), (404, "not_found"));
    // A namesake does not wake the old sessions.
    assert_eq!(
        add(&server, &admin, "ann", "administrator").await.status,
        201
    );
    assert!(!lives(&server, &ann).await);
}

#[tokio::test]
async fn the_account_of_the_configuration_stays_an_administrator() {
    let server = Server::new().await;
    let admin = server.token().await;
    for change in [json!({"role": "viewer"}), json!({"enabled": false})] {
        assert_eq!(
            patch(&server, &admin, "admin", &change).await.code(),
            (409, "configured_account")
        );
    }
    let answer = server
        .send(call("DELETE", "/users/admin").bearer(&admin))
        .await;
    assert_eq!(answer.code(), (409, "configured_account"));
    let same = json!({"role": "administrator", "enabled": true});
    assert_eq!(patch(&server, &admin, "admin", &same).await.status, 200);
    assert!(lives(&server, &admin).await);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let server = Server::new().await;
    let admin = server.token().await;
    for (body, field) in [
        (
            json!({"username": "a b", "password": ANN, "role": "viewer"}),
            "username",
        ),
        (
            json!({"username": "", "password": ANN, "role": "viewer"}),
            "username",
        ),
        (
            json!({"username": "bob", "password": "short", "role": "viewer"}),
            "password",
        ),
        (
            json!({"username": "bob", "password": "admin123", "role": "viewer"}),
            "password",
        ),
        (
            json!({"username": "bob", "password": ANN, "role": "king"}),
            "role",
        ),
        (json!({"username": "bob", "password": ANN}), "role"),
    ] {
        let answer = server
            .send(call("POST", "/users").bearer(&admin).json(&body))
            .await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{body}");
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    for path in ["/users/nobody", "/users/%00", "/users/%20"] {
        let answer = server.send(call("GET", path).bearer(&admin)).await;
        assert_eq!(answer.code(), (404, "not_found"), "{path}");
    }
    let list = server.send(call("GET", "/users").bearer(&admin)).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_administrator_sets_a_password_with_the_own_one() {
    let server = Server::new().await;
    let admin = server.token().await;
    add(&server, &admin, "ann", "viewer").await;
    let ann = token_of(&server, "ann").await;
    let set = |token: &str, own: &str, new: &str| {
        let body = json!({"current_password": own, "new_password": new});
        call("POST", "/users/ann/password")
            .bearer(token)
            .json(&body)
    };
    assert_eq!(
        server
            .send(set(&admin, "wrong", "another password"))
            .await
            .code(),
        (401, "invalid_credentials")
    );
    assert_eq!(
        server.send(set(&admin, PASSWORD, "short")).await.code(),
        (422, "validation_failed")
    );
    assert!(lives(&server, &ann).await);
    assert_eq!(
        server
            .send(set(&admin, PASSWORD, "another password"))
            .await
            .status,
        204
    );
    assert!(!lives(&server, &ann).await && lives(&server, &admin).await);
    assert_eq!(log_in(&server, "ann", ANN).await.status, 401);
    assert_eq!(log_in(&server, "ann", "another password").await.status, 200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let server = Server::new().await;
    let admin = server.token().await;
    add(&server, &admin, "ann", "viewer").await;
    let (one, other) = (
        token_of(&server, "ann").await,
        token_of(&server, "ann").await,
    );
    let list = server
        .send(call("GET", "/auth/sessions").bearer(&one))
        .await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let (own, others): (Vec<_>, Vec<_>) = items.iter().partition(|one| one["current"] == true);
    assert_eq!((own.len(), &own[0]["address"]), (1, &json!(super::NEAR)));
    let end = |token: &str, id: &Value| {
        let path = format!("/auth/sessions/{}", id.as_str().unwrap());
        call("DELETE", &path).bearer(token)
    };
    // Nobody ends another person's session as their own.
    let foreign = server.send(end(&admin, &others[0]["id"])).await;
    assert_eq!(foreign.code(), (404, "not_found"));
    assert_eq!(server.send(end(&one, &others[0]["id"])).await.status, 204);
    assert!(lives(&server, &one).await && !lives(&server, &other).await);

    let path = "/users/ann/sessions";
    let list = server.send(call("GET", path).bearer(&admin)).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(list.body["items"][0]["current"], false);
    assert_eq!(
        server.send(call("GET", path).bearer(&one)).await.code(),
        (403, "administrator_required")
    );
    let id = list.body["items"][0]["id"].as_str().unwrap();
    let answer = server
        .send(call("DELETE", &format!("{path}/{id}")).bearer(&admin))
        .await;
    assert_eq!(answer.status, 204);
    assert!(!lives(&server, &one).await);
    let one = token_of(&server, "ann").await;
    assert_eq!(
        server
            .send(call("DELETE", path).bearer(&admin))
            .await
            .status,
        204
    );
    assert!(!lives(&server, &one).await && lives(&server, &admin).await);
}

#[tokio::test]
async fn another_configured_password_ends_the_sessions_of_the_old_one() {
    let server = Server::new().await;
    let admin = server.token().await;
    let app = &server.app;
    let open = async |password: &str| {
        let mut config = (*app.config).clone();
        config.auth.password = Secret::new(password);
        let opened = Sessions::open(&config, &app.db, &app.vault, &app.clock).await;
        opened.unwrap()
    };
    let same = open(PASSWORD).await;
    assert!(same.check(&admin).await.unwrap().is_ok());
    let changed = open("quite another password").await;
    assert!(changed.check(&admin).await.unwrap().is_err());
}
