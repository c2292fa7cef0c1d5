//! Exports over HTTP: who may, what is written down, and what leaves.

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{NEAR, PASSWORD, Server, call, desk::Desk};

/// An answer as it is; these hold secrets.
async fn export(server: &Server, token: &str, body: &Value) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = Request::builder()
        .method("POST")
        .uri("/api/v1/exports")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let peer: std::net::SocketAddr = format!("{NEAR}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let answer = server.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status.as_u16(), parts.headers, bytes.to_vec())
}

fn request(selection: &Value, format: &str) -> Value {
    json!({"selection": selection, "format": format, "current_password": PASSWORD})
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_selected_leaves_and_is_written_down_before() {
    let desk = Desk::new().await;
    let (server, token) = (&desk.server, &desk.server.token().await);
    let proxy = json!({"name": "exit", "url": "http://u:canary-p@10.0.0.1:8080"});
    let named = desk.send("POST", "/proxies", &proxy).await.body["id"].clone();
    let mut ids = Vec::new();
    for (name, more) in [
        ("a", json!({"tag": "x", "proxy_id": named})),
        (
            "b",
            json!({"tag": "x", "proxy": "socks5://u:canary-q@10.0.0.2:1"}),
        ),
        ("c", json!({"tag": "y"})),
    ] {
        let mut body = json!({"biz_id": name, "refresh_token": super::rt(name)});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let created = desk.create(body).await;
        assert_eq!(created.status, 201, "{created:?}");
        ids.push(created.body["id"].clone());
    }

    let tagged = request(&json!({"filter": {"tag": ["x"]}}), "jsonl");
    let (status, headers, body) = export(server, token, &tagged).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/jsonl");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"credentials.jsonl\""
    );
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-exported-credentials"], "2");
    let found = lines(&body);
    assert_eq!(
        (
            &found[0]["refresh_token"],
            &found[0]["proxy"],
            &found[0]["proxy_name"]
        ),
        (
            &json!(super::rt("a")),
            &json!("http://u:canary-p@10.0.0.1:8080"),
            &json!("exit")
        )
    );
    assert_eq!(
        (&found[1]["proxy"], &found[1]["proxy_name"]),
        (&json!("socks5://u:canary-q@10.0.0.2:1"), &Value::Null)
    );

    // By id; what was deleted is not there any more, and comes only where the filter asks for it.
    let deleted = ids[0].as_str().unwrap().parse().unwrap();
    assert_eq!(desk.delete(deleted).await.status, 204);
    let chosen = request(&json!({"ids": [ids[2], ids[0], ids[2]]}), "csv");
    let (_, headers, body) = export(server, token, &chosen).await;
    assert_eq!(headers["x-exported-credentials"], "1");
    let mut reader = csv::Reader::from_reader(body.as_slice());
    let names: Vec<_> = reader
        .records()
        .map(|row| row.unwrap()[0].to_owned())
        .collect();
    assert_eq!(names, ["c"]);
    let gone = request(&json!({"filter": {"deleted": true}}), "jsonl");
    let (_, _, body) = export(server, token, &gone).await;
    let found = lines(&body);
    assert_eq!((found.len(), &found[0]["biz_id"]), (1, &json!("a")));
    let nothing = request(&json!({"ids": [ids[0]]}), "jsonl");
    assert_eq!(export(server, token, &nothing).await.0, 404);

    let log = desk
        .send("GET", "/audit?action=credentials.export", &Value::Null)
        .await
        .body;
    let details: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["detail"])
        .collect();
    assert_eq!(
        details,
        [
            &json!({"format": "jsonl", "count": 1, "selection": {"filter": {"deleted": true}}}),
            &json!({"format": "csv", "count": 1, "selection": {"ids": [ids[2], ids[0], ids[2]]}}),
            &json!({"format": "jsonl", "count": 2, "selection": {"filter": {"tag": ["x"]}}}),
        ]
    );
}

#[tokio::test]
async fn nobody_exports_without_the_password() {
    let desk = Desk::new().await;
    desk.created("a").await;
    let wrong =
        json!({"selection": {"filter": {}}, "format": "csv", "current_password": "canary-wrong"});
    let refused = desk.send("POST", "/exports", &wrong).await;
    assert_eq!(refused.code(), (401, "invalid_credentials"));
    let without = json!({"selection": {"filter": {}}, "format": "csv"});
    let refused = desk.send("POST", "/exports", &without).await;
    assert_eq!(refused.code(), (422, "validation_failed"));
    for selection in [
        json!({"ids": []}),
        json!({"filter": {"stat": ["dead"]}}),
        json!({}),
    ] {
        let refused = desk
            .send("POST", "/exports", &request(&selection, "csv"))
            .await;
        assert_eq!(refused.code(), (422, "validation_failed"), "{selection}");
    }
    let log = desk
        .send(
            "GET",
            "/audit?action=session.refused,credentials.export",
            &Value::Null,
        )
        .await
        .body;
    assert_eq!(
        log["items"].as_array().unwrap().len(),
        1,
        "a wrong password is a refused log-in: {log}"
    );
    let nobody = call("POST", "/exports").json(&request(&json!({"filter": {}}), "csv"));
    assert_eq!(desk.server.send(nobody).await.status, 401);
}

#[tokio::test]
async fn many_leave_in_pages() {
    let desk = Desk::new().await;
    let (server, token) = (&desk.server, &desk.server.token().await);
    let credentials = crate::credentials::Credentials::of(&server.app);
    // More than a window of the collection, and no full page at the end.
    let new: Vec<_> = (0..2_150)
        .map(|number| crate::credentials::NewCredential {
            biz_id: Some(format!("n{number:05}")),
            refresh_token: super::rt(&number.to_string()).as_str().into(),
            enabled: true,
            ..Default::default()
        })
        .collect();
    assert!(
        credentials
            .create_many(&new)
            .await
            .iter()
            .all(Result::is_ok)
    );
    let (_, headers, body) = export(server, token, &request(&json!({"filter": {}}), "jsonl")).await;
    assert_eq!(headers["x-exported-credentials"], "2150");
    let mut names: Vec<_> = lines(&body)
        .iter()
        .map(|line| line["biz_id"].as_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 2150);
    let (_, headers, body) = export(server, token, &request(&json!({"filter": {}}), "codex")).await;
    assert_eq!(headers["content-type"], "application/zip");
    assert_eq!(
        zip::ZipArchive::new(std::io::Cursor::new(body))
            .unwrap()
            .len(),
        2150
    );
}
