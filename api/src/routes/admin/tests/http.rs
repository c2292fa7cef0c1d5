//! Requests that are no requests, fields that are no values.

use serde_json::json;

use super::{Server, call, rt};

#[tokio::test]
async fn what_is_no_request_is_told_as_a_problem() {
    let server = Server::new().await;
    let token = server.token().await;
    let post = call("POST", "/credentials").bearer(&token);
    let json = |text: &str| {
        post.clone()
            .text(text)
            .header("content-type", "application/json")
    };
    for (call, expected) in [
        (call("GET", "/nothing"), (404, "unknown_route")),
        (call("GET", "/nothing/"), (404, "unknown_route")),
        (
            call("PUT", "/credentials").bearer(&token),
            (405, "method_not_allowed"),
        ),
        (call("GET", "/auth/login"), (405, "method_not_allowed")),
        (post.clone().text("{}"), (415, "unsupported_media_type")),
        (
            post.clone()
                .text("a=b")
                .header("content-type", "application/x-www-form-urlencoded"),
            (415, "unsupported_media_type"),
        ),
        (json("{"), (400, "invalid_json")),
        (json("{\n  oops"), (400, "invalid_json")),
        (
            json(&format!("{{\"memo\": \"{}\"}}", "x".repeat(1024 * 1024))),
            (413, "body_too_large"),
        ),
        (
            call("GET", "/credentials/not-an-id").bearer(&token),
            (404, "not_found"),
        ),
    ] {
        let answer = server.send(call.header("x-request-id", "my-id-1")).await;
        assert_eq!(answer.code(), expected);
        assert_eq!(answer.body["status"], expected.0);
        assert_eq!(answer.body["request_id"], "my-id-1");
        assert_eq!(answer.header("x-request-id"), "my-id-1");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.body["title"].is_string() && answer.body["detail"].is_string());
    }
    let answer = server.send(json("{\n  oops")).await;
    assert_eq!(
        (&answer.body["line"], &answer.body["column"]),
        (&json!(2), &json!(3))
    );
    let answer = server.send(call("PUT", "/credentials")).await;
    let allow = answer.header("allow");
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
}

#[tokio::test]
async fn a_database_that_is_away_is_no_fault_of_the_request() {
    let server = Server::new().await;
    let token = server.token().await;
    server.app.db.close().await;
    let body = json!({"username": "admin", "password": "x"});
    for call in [
        call("GET", "/credentials").bearer(&token),
        call("POST", "/auth/login").json(&body),
    ] {
        let answer = server.send(call).await;
        assert_eq!(answer.code(), (503, "database_unavailable"));
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[tokio::test]
async fn fields_are_checked_and_named() {
    let server = Server::new().await;
    let token = server.token().await;
    let good = rt("a");
    for (body, field) in [
        (json!({}), "refresh_token"),
        (
            json!({"refresh_token": good, "refresh_tokem": good}),
            "refresh_tokem",
        ),
        (json!({"refresh_token": 5}), "refresh_token"),
        (json!({"refresh_token": ""}), "refresh_token"),
        (
            json!({"refresh_token": "canary with spaces"}),
            "refresh_token",
        ),
        (
            json!({"refresh_token": good, "enabled": "canary"}),
            "enabled",
        ),
        (json!({"refresh_token": good, "biz_id": ""}), "biz_id"),
        (json!({"refresh_token": good, "biz_id": "a\nb"}), "biz_id"),
        (
            json!({"refresh_token": good, "biz_id": "x".repeat(256)}),
            "biz_id",
        ),
        (
            json!({"refresh_token": good, "client_id": "canary x"}),
            "client_id",
        ),
        (
            json!({"refresh_token": good, "tag": "x".repeat(256)}),
            "tag",
        ),
        (
            json!({"refresh_token": good, "memo": "x".repeat(4097)}),
            "memo",
        ),
        (
            json!({"refresh_token": good, "proxy": "ftp://u:canary@proxy:1"}),
            "proxy",
        ),
        (
            json!({"refresh_token": good, "proxy": "http://169.254.169.254"}),
            "proxy",
        ),
        (json!([]), "body"),
    ] {
        let answer = server
            .send(call("POST", "/credentials").bearer(&token).json(&body))
            .await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{body}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}");
    }
    let several = json!({"refresh_token": "", "biz_id": "", "proxy": "x"});
    let answer = server
        .send(call("POST", "/credentials").bearer(&token).json(&several))
        .await;
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 3);
    assert_eq!(
        server
            .send(call("GET", "/credentials").bearer(&token))
            .await
            .body["total"],
        0
    );
}

#[tokio::test]
async fn pages() {
    let server = Server::new().await;
    let token = server.token().await;
    for name in ["a", "b", "c"] {
        let body = json!({"refresh_token": rt(name), "biz_id": name});
        assert_eq!(
            server
                .send(call("POST", "/credentials").bearer(&token).json(&body))
                .await
                .status,
            201
        );
    }
    let get = |query: &str| call("GET", &format!("/credentials{query}")).bearer(&token);
    let answer = server.send(get("")).await.body;
    assert_eq!(
        (&answer["page"], &answer["page_size"], &answer["total"]),
        (&json!(1), &json!(50), &json!(3))
    );
    assert_eq!(answer["items"][0]["biz_id"], "c");
    let answer = server.send(get("?page=2&page_size=2")).await.body;
    assert_eq!(answer["items"].as_array().unwrap().len(), 1);
    assert_eq!(answer["items"][0]["biz_id"], "a");
    let deepest = server.send(get("?page=21&page_size=500")).await;
    assert_eq!(deepest.body["items"], json!([]));
    for query in [
        "?page=x",
        "?page=-1",
        "?page_size=1.5",
        "?pagesize=2",
        "?page=1&page=2",
        "?page=99999999999",
    ] {
        assert_eq!(
            server.send(get(query)).await.code(),
            (400, "invalid_query"),
            "{query}"
        );
    }
    for query in [
        "?page=0",
        "?page_size=0",
        "?page_size=501",
        "?page=4294967295&page_size=500",
    ] {
        assert_eq!(
            server.send(get(query)).await.code(),
            (422, "validation_failed"),
            "{query}"
        );
    }
}
