//! Calls against servers that answer, refuse, break off and hang.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, http::HeaderMap, response::IntoResponse, routing::post};
use rt_manage_shared::{
    clock::{BootInstant, Millis},
    openai::{CallResult, Egress, NoAnswerKind, NotSentKind, Outcome, RawAnswer, classify},
    vault::Secret,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{
    ClientOptions, Clients, MAX_ANSWER_BYTES, call,
    test_server::{RawServer, Then, call_through, call_with, closed_port, request},
};

#[track_caller]
fn answer(result: CallResult) -> RawAnswer {
    match result {
        CallResult::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

async fn raw(then: Then) -> CallResult {
    let server = RawServer::start(then).await;
    call_through("", &server.url()).await
}

#[tokio::test]
async fn a_refresh_arrives_whole_and_its_answer_comes_back() {
    let app = Router::new().route(
        "/oauth/token",
        post(|headers: HeaderMap, body: Bytes| async move {
            assert_eq!(headers["content-type"], "application/json");
            assert_eq!(headers["content-length"], body.len().to_string().as_str());
            assert!(std::str::from_utf8(&body).unwrap().contains("canary-rt"));
            (
                [
                    ("retry-after", "5"),
                    ("cf-mitigated", "challenge"),
                    ("content-type", "application/json"),
                ],
                r#"{"refresh_token": "rt.1.next"}"#,
            )
                .into_response()
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/oauth/token", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let result = call_through("", &url).await;
    let got = answer(result.clone());
    assert_eq!((got.status, got.cut, got.cf_mitigated), (200, None, true));
    assert_eq!(got.content_type.as_deref(), Some("application/json"));
    assert_eq!(got.retry_after(Millis(0)), Some(Duration::from_secs(5)));
    let Outcome::Rotated(tokens) = classify(&result, Millis(0)) else {
        panic!()
    };
    assert_eq!(
        tokens.refresh_token.as_ref().map(Secret::expose),
        Some("rt.1.next")
    );
}

#[tokio::test]
async fn late_means_that_nothing_reaches_the_server() {
    let server = RawServer::start(Then::Hang("")).await;
    let result = call_with(
        "",
        &server.url(),
        BootInstant::now(),
        Duration::from_secs(5),
    )
    .await;
    assert_eq!(
        result,
        CallResult::NotSent {
            kind: NotSentKind::Late
        }
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(
        server.received().iter().all(String::is_empty),
        "{:?}",
        server.received()
    );
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let url = format!("http://{}/oauth/token", closed_port().await);
    let result = call_through("", &url).await;
    assert_eq!(
        result,
        CallResult::NotSent {
            kind: NotSentKind::Connect
        }
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_not_sent() {
    let result = call_through("", "http://no-such-host.invalid/oauth/token").await;
    assert_eq!(
        result,
        CallResult::NotSent {
            kind: NotSentKind::Dns
        }
    );
}

#[tokio::test]
async fn a_failed_handshake_is_not_sent() {
    // A plain-text server answers a TLS greeting with plain text.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/oauth/token", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
    });
    let result = call_through("", &url).await;
    assert_eq!(
        result,
        CallResult::NotSent {
            kind: NotSentKind::Tls
        }
    );
}

#[tokio::test]
async fn a_reset_after_the_request_is_no_answer() {
    let result = raw(Then::Reset("")).await;
    assert_eq!(
        result,
        CallResult::NoAnswer {
            kind: NoAnswerKind::Reset
        }
    );
}

#[tokio::test]
async fn a_closed_connection_after_the_request_is_no_answer() {
    for said in ["", "HTTP/1.1 20"] {
        let result = raw(Then::Say(said)).await;
        assert_eq!(
            result,
            CallResult::NoAnswer {
                kind: NoAnswerKind::Cut
            },
            "{said}"
        );
    }
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let result = raw(Then::Say("SSH-2.0-OpenSSH\r\n\r\n")).await;
    assert_eq!(
        result,
        CallResult::NoAnswer {
            kind: NoAnswerKind::Protocol
        }
    );
}

#[tokio::test]
async fn silence_ends_at_the_answer_deadline() {
    let result = raw(Then::Hang("")).await;
    assert_eq!(
        result,
        CallResult::NoAnswer {
            kind: NoAnswerKind::Timeout
        }
    );
    let got = answer(
        raw(Then::Hang(
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"a",
        ))
        .await,
    );
    assert_eq!(
        (got.cut, got.body.as_slice()),
        (Some(NoAnswerKind::Timeout), b"{\"a".as_slice())
    );
}

#[tokio::test]
async fn a_cut_body_is_marked_and_what_came_is_kept() {
    let length =
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"refresh_token\": \"rt.1.n\", \"id_";
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{\"refresh_token\": \"rt.1";
    for (said, then, cut, outcome) in [
        (length, Then::Say(length), NoAnswerKind::Cut, "rotated"),
        (length, Then::Reset(length), NoAnswerKind::Reset, "rotated"),
        (chunked, Then::Say(chunked), NoAnswerKind::Cut, "ambiguous"),
    ] {
        let result = raw(then).await;
        assert_eq!(classify(&result, Millis(0)).name(), outcome, "{said}");
        assert_eq!(answer(result).cut, Some(cut), "{said}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_the_limit() {
    let app = Router::new().route(
        "/oauth/token",
        post(|| async { "x".repeat(MAX_ANSWER_BYTES + 1) }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/oauth/token", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let got = answer(call_through("", &url).await);
    assert_eq!(
        (got.body.len(), got.cut),
        (MAX_ANSWER_BYTES, Some(NoAnswerKind::TooLarge))
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let app = Router::new()
        .route(
            "/oauth/token",
            post(|| async {
                (
                    axum::http::StatusCode::TEMPORARY_REDIRECT,
                    [("location", "/elsewhere")],
                )
            }),
        )
        .route(
            "/elsewhere",
            post(move || async move {
                counted.fetch_add(1, Ordering::SeqCst);
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/oauth/token", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let result = call_through("", &url).await;
    assert_eq!(classify(&result, Millis(0)).name(), "ambiguous");
    assert_eq!(answer(result).status, 307);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_not_used_again() {
    let said = "HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{\"access_token\": \"a\"}";
    let server = RawServer::start(Then::Say(said)).await;
    let client = Clients::new(ClientOptions::default())
        .get(&Egress::Direct, Duration::from_secs(10))
        .unwrap();
    for _ in 0..3 {
        let send_by = BootInstant::now() + Duration::from_secs(5);
        let result = call(
            &client,
            request(&server.url()),
            send_by,
            Duration::from_secs(1),
        )
        .await;
        assert_eq!(classify(&result, Millis(0)).name(), "rotated");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn a_dropped_call_sends_nothing_more() {
    // The listener's queue takes the connection; the call is dropped before it can be polled again.
    let server = RawServer::start(Then::Hang("")).await;
    let send_by = BootInstant::now() + Duration::from_secs(5);
    let url = server.url();
    let call = call_with("", &url, send_by, Duration::from_secs(5));
    assert!(poll_once(call).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(
        server.received().iter().all(String::is_empty),
        "{:?}",
        server.received()
    );
}

/// Polls a future once and drops it; whether it was still running.
async fn poll_once(future: impl Future) -> bool {
    let mut future = Box::pin(future);
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
    })
    .await
}
