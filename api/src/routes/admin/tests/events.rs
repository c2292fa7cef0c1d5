//! What listeners are told, what they get when they come back, and when their streams end.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    extract::ConnectInfo,
    http::Request,
};
use futures::StreamExt as _;
use rt_manage_shared::{model::grant::Verdict, notify::Event};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{CANARY, NEAR, Server, call, desk::Desk, jobs::Running};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
struct Told {
    name: String,
    id: String,
    data: Value,
}

struct Listener {
    stream: BodyDataStream,
    text: String,
}

impl Listener {
    async fn open(server: &Server, token: &str, last: Option<&str>) -> Self {
        let mut request =
            Request::get("/api/v1/events").header("authorization", format!("Bearer {token}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer: std::net::SocketAddr = format!("{NEAR}:4711").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = server.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-store");
        Self {
            stream: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                assert!(!block.contains(CANARY), "{block}");
                let field = |name: &str| {
                    let mut lines = block.lines();
                    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    value.unwrap_or_default().trim().to_owned()
                };
                if field("data").is_empty() {
                    continue;
                }
                return Some(Told {
                    name: field("event"),
                    id: field("id"),
                    data: serde_json::from_str(&field("data")).unwrap(),
                });
            }
            let chunk = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            let chunk = chunk.unwrap()?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn until(&mut self, name: &str) -> Told {
        loop {
            let told = self.next().await.unwrap();
            if told.name == name {
                return told;
            }
        }
    }
}

#[tokio::test]
async fn whoever_comes_back_gets_what_was_missed() {
    let desk = Desk::new().await;
    let (server, token) = (&desk.server, desk.server.token().await);
    let mut listener = Listener::open(server, &token, None).await;
    let first = listener.next().await.unwrap();
    assert_eq!(
        (first.name.as_str(), first.data),
        ("ready", json!({"resumed": false}))
    );
    let id = desk.created("a").await;
    let told = listener.until("credential").await;
    assert_eq!(told.data, json!({"credential": id}));
    drop(listener);

    let attempt = desk.claim(id).await;
    desk.report(attempt, Verdict::Rejected.kind()).await;
    server.app.notifier.announce(Event::Finished {
        attempt,
        credential: id,
    });
    server.app.notifier.announce(Event::Changed(id));
    let mut listener = Listener::open(server, &token, Some(&told.id)).await;
    assert_eq!(
        listener.next().await.unwrap().data,
        json!({"resumed": true})
    );
    let missed = listener.until("attempt").await;
    assert_eq!(missed.data["attempt"], json!(attempt));
    assert_eq!(
        (&missed.data["outcome"], &missed.data["code"]),
        (&json!("rejected"), &json!("a_code"))
    );

    for unknown in [
        "x",
        "01KA0000000000000000000000.5",
        &format!("{}9", missed.id),
    ] {
        let mut listener = Listener::open(server, &token, Some(unknown)).await;
        let told = listener.next().await.unwrap();
        assert_eq!(told.name, "reset", "{unknown}");
        // From its id on nothing is missed.
        let mut again = Listener::open(server, &token, Some(&told.id)).await;
        assert_eq!(again.next().await.unwrap().data, json!({"resumed": true}));
    }
}

#[tokio::test]
async fn what_nobody_announces_is_seen() {
    let desk = Desk::new().await;
    let token = desk.server.token().await;
    let mut listener = Listener::open(&desk.server, &token, None).await;
    listener.until("ready").await;
    desk.send("POST", "/pause", &json!({"reason": "r"})).await;
    let told = listener.until("switch").await;
    assert_eq!(
        told.data,
        json!({"name": "paused", "on": true, "reason": "r"})
    );
    desk.send("POST", "/resume", &json!({"switch": "paused"}))
        .await;
    assert_eq!(listener.until("switch").await.data["on"], false);
    let egress = json!({"reason": "r", "egress": "direct"});
    desk.send("POST", "/pause", &egress).await;
    let told = listener.until("egress").await;
    assert_eq!(
        told.data,
        json!({"egress": "direct", "label": "direct", "paused": true, "on_hold": false})
    );
    let app = &desk.server.app;
    crate::stats::renew(&app.db, app.clock.now(), true)
        .await
        .unwrap();
    assert!(listener.until("stats").await.data["as_of"].is_string());
}

#[tokio::test]
async fn jobs_are_told_of_until_their_end() {
    let desk = Desk::new().await;
    let token = desk.server.token().await;
    let ids = desk.created_many(&["a", "b"]).await;
    let mut listener = Listener::open(&desk.server, &token, None).await;
    listener.until("ready").await;
    let id = desk
        .started(json!({"ids": ids}), json!({"type": "disable"}))
        .await;
    let told = listener.until("job").await;
    let so_far = |state: &str, done: u32| json!({"job": id, "kind": "bulk", "state": state, "total": 2, "done": done, "failed": 0, "skipped": 0, "cancelled": 0});
    assert_eq!(told.data, so_far("waiting", 0));
    let running = Running::start(&desk.server.app);
    loop {
        let told = listener.until("job").await;
        if told.data["state"] == "finished" {
            assert_eq!(told.data, so_far("finished", 2));
            break;
        }
    }
    running.drain().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let server = Server::new().await;
    let (one, other) = (server.token().await, server.token().await);
    let mut ended = Listener::open(&server, &one, None).await;
    let mut open = Listener::open(&server, &other, None).await;
    ended.until("ready").await;
    open.until("ready").await;
    let answer = server.send(call("POST", "/auth/logout").bearer(&one)).await;
    assert_eq!(answer.status, 204);
    let over = async { while ended.next().await.is_some() {} };
    tokio::time::timeout(PATIENCE, over).await.unwrap();
    server.app.notifier.announce(Event::Missed);
    assert_eq!(open.next().await.unwrap().name, "reset");
}

#[tokio::test]
async fn a_slow_client_reads_anew() {
    let desk = Desk::new().await;
    let token = desk.server.token().await;
    let id = desk.created("a").await;
    let mut listener = Listener::open(&desk.server, &token, None).await;
    listener.until("ready").await;
    // More than waits for anybody, all before it reads again.
    for _ in 0..1000 {
        desk.server.app.notifier.announce(Event::Changed(id));
    }
    let reset = listener.until("reset").await;
    let mut again = Listener::open(&desk.server, &token, Some(&reset.id)).await;
    assert_eq!(again.next().await.unwrap().data, json!({"resumed": true}));
    desk.server.app.notifier.announce(Event::Changed(id));
    listener.until("credential").await;
}

#[tokio::test]
async fn there_are_not_too_many_streams_and_each_needs_a_session() {
    let server = Server::new().await;
    let token = server.token().await;
    let places: Vec<_> = std::iter::from_fn(|| server.app.events.place()).collect();
    assert_eq!(places.len(), 100);
    let answer = server.send(call("GET", "/events").bearer(&token)).await;
    assert_eq!(answer.code(), (503, "too_many_streams"));
    assert!(answer.headers.contains_key("retry-after"));
    drop(places);
    let mut listener = Listener::open(&server, &token, None).await;
    listener.until("ready").await;
    let answer = server.send(call("GET", "/events")).await;
    assert_eq!(answer.code(), (401, "unauthorized"));
}
