//! A credential with a proxy never connects without it.

use std::time::Duration;

use axum::http::Uri;
use proptest::prelude::*;
use rt_manage_shared::{
    clock::{BootInstant, Millis},
    openai::{CallResult, NotSentKind, ProxyUrl, classify},
};

use super::test_server::{RawServer, Then, call_through, call_with, closed_port};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{\"access_token\": \"a\"}";

#[tokio::test]
async fn plain_requests_go_through_the_proxy_with_its_credentials() {
    let upstream = RawServer::start(Then::Say(OK)).await;
    let proxy = RawServer::start(Then::Say(OK)).await;
    let result = call_through(
        &format!("http://us%65r:p%40ss@{}", proxy.address),
        &upstream.url(),
    )
    .await;
    assert_eq!(classify(&result, Millis(0)).name(), "rotated");
    assert!(upstream.received().is_empty());
    let got = proxy.received().concat();
    assert!(
        got.starts_with(&format!("POST {} HTTP/1.1\r\n", upstream.url())),
        "{got}"
    );
    // base64 of `user:p@ss`
    assert!(got.contains("Basic dXNlcjpwQHNz"), "{got}");
}

#[tokio::test]
async fn tls_requests_ask_the_proxy_for_a_tunnel() {
    for (said, kind) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            NotSentKind::ProxyAuth,
        ),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", NotSentKind::Proxy),
        ("", NotSentKind::Proxy),
    ] {
        let proxy = RawServer::start(Then::Say(said)).await;
        let url = format!("https://{}/oauth/token", closed_port().await);
        let result = call_through(&format!("http://{}", proxy.address), &url).await;
        assert_eq!(result, CallResult::NotSent { kind });
        let got = proxy.received().concat();
        assert!(
            got.starts_with("CONNECT ") && !got.contains("canary"),
            "{got}"
        );
    }
}

#[tokio::test]
async fn a_forwarding_proxy_that_wants_credentials_is_not_sent() {
    let said = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let proxy = RawServer::start(Then::Say(said)).await;
    let result = call_through(
        &format!("http://{}", proxy.address),
        "http://upstream.example/",
    )
    .await;
    let outcome = classify(&result, Millis(0));
    assert_eq!(outcome.name(), "not_sent");
    assert_eq!(
        outcome.code().map(ToString::to_string).as_deref(),
        Some("proxy_auth_required")
    );
}

#[tokio::test]
async fn a_dead_proxy_of_any_kind_is_not_bypassed() {
    let upstream = RawServer::start(Then::Say(OK)).await;
    let by_name = upstream.url().replace("127.0.0.1", "localhost");
    for scheme in ["http", "https", "socks5", "socks5h"] {
        let proxy = format!("{scheme}://u:p@{}", closed_port().await);
        for url in [&upstream.url(), &by_name] {
            let result = call_through(&proxy, url).await;
            assert_eq!(
                result,
                CallResult::NotSent {
                    kind: NotSentKind::Proxy
                },
                "{scheme} {url}"
            );
        }
    }
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn a_proxy_that_is_no_proxy_gets_no_token() {
    let upstream = RawServer::start(Then::Say(OK)).await;
    for scheme in ["socks5", "socks5h", "https"] {
        let proxy = RawServer::start(Then::Say("nonsense")).await;
        // What such a server waits for never comes; it is the connection that must end.
        let result = call_with(
            &format!("{scheme}://{}", proxy.address),
            &upstream.url(),
            BootInstant::now() + Duration::from_millis(300),
            Duration::from_secs(1),
        )
        .await;
        assert!(
            matches!(result, CallResult::NotSent { .. }),
            "{scheme} {result:?}"
        );
        assert!(!proxy.received().concat().contains("canary"));
    }
    assert!(upstream.received().is_empty());
}

proptest! {
    /// The HTTP client quietly connects directly where it cannot read a proxy's URL as a `Uri`: so every
    /// URL that we accept must be one.
    #[test]
    fn every_accepted_proxy_url_is_one_that_the_client_reads(
        text in "(https?|socks5h?)://(\\PC{0,300}(:\\PC{0,300})?@)?(\\PC{0,20}|[a-z0-9.-]{1,20}|\\[[0-9a-f:]{2,8}\\])(:[0-9]{1,5})?",
    ) {
        if let Ok(proxy) = ProxyUrl::parse(&text) {
            let uri: Uri = proxy.expose().expose().parse().unwrap();
            prop_assert!(uri.authority().is_some() && uri.port_u16().is_some());
            prop_assert_eq!(uri.host().unwrap(), proxy.host());
        }
    }
}
