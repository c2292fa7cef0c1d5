//! What an administrator changes is followed by every process while it runs.

use reqwest::Method;
use rt_manage_tests::{
    standin::{
        AccountSpec, GatePoint, GateSpec, Options, StandIn,
        proxy::{Proxy, ProxyKind, ProxyOptions},
    },
    support::{Admin, Answer, NewCredential, until},
};
use serde_json::{Value, json};

async fn create(upstream: &StandIn, admin: &Admin, key: &str) {
    let account = upstream.create_account(AccountSpec::key(key)).unwrap();
    let new = NewCredential {
        biz_id: key,
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    admin.create(new).await;
}

fn good(answer: Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{answer:?}");
    answer.body
}

#[tokio::test]
async fn settings_are_followed_by_schedulers_and_workers() {
    let upstream = StandIn::start(Options::default()).unwrap();
    // In the file, because what stands in the environment cannot be changed.
    let file = "refresh: {auto: false}\nworker: {concurrency: 1}\n";
    let system = crate::system(&upstream.token_url())
        .patient()
        .workers(1)
        .config_file(file)
        .start()
        .await;
    let admin = system.admin().await;
    for key in ["a", "b", "c"] {
        create(&upstream, &admin, key).await;
    }

    // One call at a time, and then three while the first one is still under way.
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation));
    let mut callers = Vec::new();
    for key in ["a", "b", "c"] {
        let public = system.public();
        callers.push(tokio::spawn(async move { public.refresh(key).await }));
    }
    gate.reached(1).await.unwrap();
    assert_eq!(upstream.stats().token_calls, 1);
    let more = json!({"worker.concurrency": 3});
    let changed = good(admin.change("/settings", 0, more).await);
    assert_eq!(changed["version"], 1);
    gate.reached(3).await.unwrap();
    gate.release();
    for caller in callers {
        assert_eq!(caller.await.unwrap().status, 200);
    }

    // What is due is refreshed by itself from now on.
    create(&upstream, &admin, "due").await;
    assert_eq!(upstream.account("due").unwrap().calls, 0);
    let stale = admin
        .change("/settings", 0, json!({"refresh.auto": true}))
        .await;
    assert_eq!((stale.status, stale.code()), (412, "precondition_failed"));
    good(
        admin
            .change("/settings", 1, json!({"refresh.auto": true}))
            .await,
    );
    until("the due one is refreshed", || async {
        upstream.account("due").unwrap().calls == 1
    })
    .await;
    // What the environment says stays, on every replica.
    let fixed = json!({"openai.request_timeout_seconds": 5});
    let locked = admin.change("/settings", 2, fixed).await;
    assert_eq!(
        locked.text("/errors/0/field"),
        "openai.request_timeout_seconds"
    );
    for _ in 0..2 {
        let path = "/settings/history?limit=1";
        let history = good(admin.call(Method::GET, path, None).await);
        assert_eq!(history["items"][0]["version"], 2);
        let change = &history["items"][0]["changes"]["refresh.auto"];
        assert_eq!(change, &json!({"from": null, "to": true}));
    }
    assert_eq!(upstream.stats().reused, 0);
}

#[tokio::test]
async fn a_named_proxy_is_followed_and_never_bypassed() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let start = || {
        let options = ProxyOptions::new(ProxyKind::Http).password("user", "pass-canary");
        Proxy::start(options).unwrap()
    };
    let (first, second) = (start(), start());
    let system = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .start()
        .await;
    let admin = system.admin().await;
    let post = async |path: &str, body: Value| admin.call(Method::POST, path, Some(body)).await;
    let named = json!({"name": "Berlin", "url": first.url()});
    let named = good(post("/proxies", named).await);
    let path = format!("/proxies/{}", named["id"].as_str().unwrap());
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let body =
        json!({"biz_id": "x", "refresh_token": account.refresh_token, "proxy_id": named["id"]});
    let credential = good(post("/credentials", body).await);
    let id = credential["id"].as_str().unwrap();

    let carried = async |proxy: &Proxy| {
        let answer = system.public().refresh("x").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        proxy.carried(upstream.calls_of("x").pop().unwrap().peer)
    };
    assert!(carried(&first).await);
    let tested = good(post("/proxies/test", json!({"proxy_id": named["id"]})).await);
    assert_eq!(tested["reachable"], true, "{tested}");

    // The very next call takes the new way; the credential is as it was.
    let moved = good(admin.change(&path, 1, json!({"url": second.url()})).await);
    assert_eq!(moved["uses"]["count"], 1);
    assert!(carried(&second).await);
    let after = admin.credential(id).await;
    assert_eq!(after["revision"], credential["revision"]);
    assert_eq!(after["proxy"], moved["url"]);
    let in_use = admin.call(Method::DELETE, &path, None).await;
    assert_eq!((in_use.status, in_use.code()), (409, "in_use"));

    // It fails: nothing is sent, and nothing goes around it.
    let calls = upstream.calls_of("x").len();
    drop(second);
    let answer = system.public().refresh("x").await;
    assert_eq!(answer.text("/data/outcome"), "not_sent", "{answer:?}");
    assert_eq!(upstream.calls_of("x").len(), calls);
    let tested = good(post("/proxies/test", json!({"proxy_id": named["id"]})).await);
    assert_eq!(
        (&tested["reachable"], &tested["error"]),
        (&json!(false), &json!("connect_failed"))
    );
    assert!(!system.log().contains("pass-canary"));
}
