//! `/proxies` and `/client-ids`: entries that credentials refer to.

use rt_manage_shared::model::grant::{HeldReason, State, Verdict};
use serde_json::{Value, json};

use super::{Answer, Server, call, desk::Desk, rt};

async fn send(server: &Server, token: &str, method: &str, path: &str, body: Value) -> Answer {
    let call = call(method, path).bearer(token).json(&body);
    server.send(call).await
}

async fn patch(server: &Server, token: &str, path: &str, etag: &str, body: Value) -> Answer {
    let call = call("PATCH", path).bearer(token).json(&body);
    server.send(call.header("if-match", etag)).await
}

#[tokio::test]
async fn a_proxy_is_named_used_moved_and_removed() {
    let server = Server::new().await;
    let token = &server.token().await;
    let body = json!({"name": "Berlin", "url": "http://u:canary-p@127.0.0.1:3128"});
    let made = send(&server, token, "POST", "/proxies", body.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["url"], "http://127.0.0.1:3128");
    let id = made.body["id"].as_str().unwrap();
    let path = &format!("/proxies/{id}");
    assert_eq!(made.header("location"), format!("/api/v1{path}"));
    let twice = send(&server, token, "POST", "/proxies", body).await;
    assert_eq!(twice.code(), (409, "name_taken"));
    for (body, field) in [
        (json!({"name": "", "url": "http://a"}), "name"),
        (json!({"name": "x", "url": "ftp://canary"}), "url"),
        (json!({"name": "x", "url": "http://169.254.169.254"}), "url"),
    ] {
        let answer = send(&server, token, "POST", "/proxies", body).await;
        assert_eq!(answer.body["errors"][0]["field"], field);
    }

    // A credential refers to it, and to nothing else beside it.
    let own = json!({"refresh_token": rt("a"), "proxy": "http://h:1", "proxy_id": id});
    let both = send(&server, token, "POST", "/credentials", own).await;
    assert_eq!(both.body["errors"][0]["field"], "proxy_id", "{both:?}");
    let unknown = json!({"refresh_token": rt("a"), "proxy_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"});
    let unknown = send(&server, token, "POST", "/credentials", unknown).await;
    assert_eq!(unknown.body["errors"][0]["field"], "proxy_id");
    let body = json!({"refresh_token": rt("a"), "proxy_id": id});
    let credential = send(&server, token, "POST", "/credentials", body)
        .await
        .body;
    assert_eq!(
        (&credential["proxy_id"], &credential["proxy"]),
        (&json!(id), &json!("http://127.0.0.1:3128"))
    );
    let of_credential = &format!("/credentials/{}", credential["id"].as_str().unwrap());
    let in_use = send(&server, token, "DELETE", path, Value::Null).await;
    assert_eq!(in_use.code(), (409, "in_use"));
    assert_eq!(in_use.body["uses"], json!({"count": 1, "more": false}));

    // Another URL moves it without touching the credential.
    let blind = send(&server, token, "PATCH", path, json!({"name": "B"})).await;
    assert_eq!(blind.code(), (428, "precondition_required"));
    let body = json!({"url": "socks5h://canary-u:canary-p@127.0.0.1:1080"});
    let moved = patch(&server, token, path, made.header("etag"), body.clone()).await;
    assert_eq!(
        (&moved.body["revision"], &moved.body["uses"]["count"]),
        (&json!(2), &json!(1)),
        "{moved:?}"
    );
    let stale = patch(&server, token, path, made.header("etag"), body).await;
    assert_eq!(
        (stale.code(), stale.header("etag")),
        ((412, "precondition_failed"), "\"2\"")
    );
    let after = server
        .send(call("GET", of_credential).bearer(token))
        .await
        .body;
    assert_eq!(
        (&after["proxy"], &after["revision"]),
        (&json!("socks5h://127.0.0.1:1080"), &credential["revision"])
    );

    // Given up by the credential, it can go.
    let freed = send(
        &server,
        token,
        "PATCH",
        of_credential,
        json!({"proxy_id": null}),
    )
    .await
    .body;
    assert_eq!(
        (&freed["proxy_id"], &freed["proxy"]),
        (&json!(null), &json!(null))
    );
    let list = server
        .send(call("GET", "/proxies").bearer(token))
        .await
        .body;
    assert_eq!(
        (&list["total"], &list["items"][0]["uses"]["count"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        send(&server, token, "DELETE", path, Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(
        server.send(call("GET", path).bearer(token)).await.status,
        404
    );
}

#[tokio::test]
async fn a_proxy_that_moves_frees_whom_the_region_held() {
    let desk = Desk::new().await;
    let server = &desk.server;
    let token = &server.token().await;
    let body = json!({"name": "Berlin", "url": "http://127.0.0.1:3128"});
    let made = send(server, token, "POST", "/proxies", body).await;
    let path = &format!("/proxies/{}", made.body["id"].as_str().unwrap());
    let body = json!({"refresh_token": rt("a"), "proxy_id": made.body["id"]});
    let created = send(server, token, "POST", "/credentials", body).await.body;
    let id = created["id"].as_str().unwrap().parse().unwrap();
    desk.move_grant(id, |grant, ctx| {
        let attempt = rt_manage_shared::id::AttemptId::generate();
        let claimed = grant.request(attempt, ctx).unwrap().claim(attempt).unwrap();
        let held = Verdict::Held(HeldReason::Region);
        claimed
            .finish(attempt, &claimed.rt_fp, &held, None, ctx)
            .unwrap()
    })
    .await;
    let renamed = patch(server, token, path, "\"1\"", json!({"name": "B"})).await;
    assert_eq!(renamed.status, 200);
    assert_eq!(desk.grant(id).await.state, State::Held(HeldReason::Region));
    let moved = json!({"url": "http://127.0.0.1:3129"});
    assert_eq!(patch(server, token, path, "\"2\"", moved).await.status, 200);
    assert_eq!(desk.grant(id).await.state, State::Idle);
}

#[tokio::test]
async fn a_test_tells_coarsely_what_it_found() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::with(|config| {
        config.auth.password = super::PASSWORD.into();
        config.openai.token_url = format!("http://127.0.0.1:{port}/oauth/token");
        config.openai.connect_timeout_seconds = 1;
    })
    .await;
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::{Read as _, Write as _};
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"HEAD / HTTP/1.1"));
            let _ = stream.write_all(
                b"HTTP/1.1 404 Not Found\r\nx-canary: canary\r\ncontent-length: 0\r\n\r\n",
            );
        }
    });
    let token = &server.token().await;
    let test = async |body: Value| send(&server, token, "POST", "/proxies/test", body).await;
    let direct = test(json!({})).await.body;
    assert_eq!(
        (&direct["reachable"], &direct["error"]),
        (&json!(true), &json!(null)),
        "{direct}"
    );
    assert!(direct["latency_ms"].is_u64());
    let dead = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap()
    };
    let refused = test(json!({"proxy": format!("http://u:canary@{dead}")}))
        .await
        .body;
    assert_eq!(
        (&refused["reachable"], &refused["error"]),
        (&json!(false), &json!("connect_failed"))
    );
    let wrong = test(json!({"proxy": "ftp://canary"})).await;
    assert_eq!(wrong.body["errors"][0]["field"], "proxy");
    let wrong = test(json!({"proxy_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})).await;
    assert_eq!(wrong.body["errors"][0]["field"], "proxy_id");
}

#[tokio::test]
async fn client_ids_have_names() {
    let server = Server::new().await;
    let token = &server.token().await;
    let body = json!({"client_id": "app_x", "name": "Other"});
    let made = send(&server, token, "POST", "/client-ids", body.clone()).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["default"]),
        (201, &json!(false))
    );
    assert_eq!(
        send(&server, token, "POST", "/client-ids", body)
            .await
            .code(),
        (409, "name_taken")
    );
    let default = rt_manage_shared::openai::CODEX_CLIENT_ID;
    let body = json!({"client_id": default, "name": "Codex"});
    assert_eq!(
        send(&server, token, "POST", "/client-ids", body).await.body["default"],
        true
    );
    let body = json!({"refresh_token": rt("a"), "client_id": "app_x"});
    let credential = send(&server, token, "POST", "/credentials", body)
        .await
        .body;
    let path = "/client-ids/app_x";
    let in_use = send(&server, token, "DELETE", path, Value::Null).await;
    assert_eq!(in_use.code(), (409, "in_use"));
    let renamed = send(&server, token, "PATCH", path, json!({"name": "New"}))
        .await
        .body;
    assert_eq!(
        (&renamed["name"], &renamed["uses"]["count"]),
        (&json!("New"), &json!(1))
    );
    let credential = format!("/credentials/{}", credential["id"].as_str().unwrap());
    send(&server, token, "DELETE", &credential, Value::Null).await;
    assert_eq!(
        send(&server, token, "DELETE", path, Value::Null)
            .await
            .status,
        204
    );
    let list = server
        .send(call("GET", "/client-ids").bearer(token))
        .await
        .body;
    assert_eq!(
        (&list["total"], &list["items"][0]["name"]),
        (&json!(1), &json!("Codex"))
    );
    let again = send(&server, token, "PATCH", path, json!({"name": "x"})).await;
    assert_eq!(again.code(), (404, "not_found"));
}
