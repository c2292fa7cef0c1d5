//! A credential with a proxy goes through it or not at all.

use rt_manage_tests::{
    standin::{
        AccountSpec, Options, StandIn,
        proxy::{Proxy, ProxyKind, ProxyOptions},
    },
    support::NewCredential,
};

async fn through(kind: ProxyKind) {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let proxy = Proxy::start(ProxyOptions::new(kind).password("user", "pass-canary")).unwrap();
    let system = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .start()
        .await;
    let admin = system.admin().await;
    let url = proxy.url();
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        proxy: Some(&url),
        ..NewCredential::default()
    };
    let id = admin.create(new).await;
    let shown = admin.credential(&id).await["proxy"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!shown.contains("pass-canary"), "{shown}");
    assert_eq!(system.public().refresh("x").await.status, 200);
    let call = upstream.calls_of("x").pop().unwrap();
    assert!(
        proxy.carried(call.peer),
        "{kind:?}: the call went around the proxy"
    );
    // The proxy fails: nothing is sent, nothing goes around it.
    let fresh = StandIn::start(Options::default()).unwrap();
    drop(fresh);
    drop(proxy);
    let answer = system.public().refresh("x").await;
    assert_eq!(
        answer.text("/data/outcome"),
        "not_sent",
        "{kind:?}: {answer:?}"
    );
    assert_eq!(upstream.calls_of("x").len(), 1, "{kind:?}");
    assert_eq!(admin.state(&id).await, "idle");
}

#[tokio::test]
async fn an_http_proxy_is_used_and_never_bypassed() {
    through(ProxyKind::Http).await;
}

#[tokio::test]
async fn a_socks5_proxy_is_used_and_never_bypassed() {
    through(ProxyKind::Socks5).await;
}

#[tokio::test]
async fn the_environments_proxy_is_ignored() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let proxy = Proxy::start(ProxyOptions::new(ProxyKind::Http)).unwrap();
    let system = crate::system(&upstream.token_url())
        .manual()
        .set("HTTP_PROXY", &proxy.url())
        .set("http_proxy", &proxy.url())
        .set("ALL_PROXY", &proxy.url())
        .start()
        .await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    assert_eq!(system.public().refresh("x").await.status, 200);
    assert_eq!(proxy.stats().connections, 0);
}

#[tokio::test]
async fn the_configured_proxy_carries_credentials_without_one() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let proxy = Proxy::start(ProxyOptions::new(ProxyKind::Http)).unwrap();
    let system = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_OPENAI__PROXY", &proxy.url())
        .start()
        .await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    assert_eq!(system.public().refresh("x").await.status, 200);
    assert!(proxy.carried(upstream.calls_of("x").pop().unwrap().peer));
}
