//! What happens now: seen over server-sent events, in the lists and in the statistics; and one way out that is paused while the
//! other works.

use std::time::Duration;

use reqwest::Method;
use rt_manage_shared::clock::BootInstant;
use rt_manage_tests::{
    standin::{
        AccountSpec, Options, StandIn,
        proxy::{Proxy, ProxyKind, ProxyOptions},
    },
    support::{Admin, Exit, NewCredential, until, until_some},
};
use rustix::process::Signal;
use serde_json::{Value, json};

async fn get(admin: &Admin, path: &str) -> Value {
    let answer = admin.call(Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

async fn create(upstream: &StandIn, admin: &Admin, key: &str, proxy: Option<&str>) -> String {
    let account = upstream.create_account(AccountSpec::key(key)).unwrap();
    let new = NewCredential {
        biz_id: key,
        refresh_token: &account.refresh_token,
        proxy,
        ..NewCredential::default()
    };
    admin.create(new).await
}

#[tokio::test]
async fn what_happens_is_told_listed_and_counted() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .set("RTM_SERVER__DRAIN_SECONDS", "90");
    let mut system = builder.start().await;
    let admin = system.admin().await;
    let id = create(&upstream, &admin, "a", None).await;

    let api = system.apis()[0];
    let url = system.url_of(api).to_owned();
    let mut listener = admin.listen(&url, None).await;
    let ready = listener.next().await.unwrap();
    assert_eq!(
        (ready.name.as_str(), &ready.data["resumed"]),
        ("ready", &json!(false))
    );
    assert_eq!(system.public().refresh("a").await.status, 200);
    let told = listener.until("attempt").await;
    assert_eq!(
        (&told.data["credential"], &told.data["outcome"]),
        (&json!(id), &json!("rotated"))
    );
    // It goes on while nobody listens, and is told to whoever comes back.
    drop(listener);
    assert_eq!(system.public().refresh("a").await.status, 200);
    let mut listener = admin.listen(&url, Some(&told.id)).await;
    assert_eq!(listener.next().await.unwrap().data["resumed"], true);
    let missed = listener.until("attempt").await;
    assert_eq!(missed.data["credential"], json!(id));
    assert_ne!(missed.data["attempt"], told.data["attempt"]);
    if let Some(other) = system.apis().get(1) {
        let mut listener = admin.listen(system.url_of(*other), Some(&told.id)).await;
        assert_eq!(listener.next().await.unwrap().name, "reset");
    }

    let workers = get(&admin, "/workers").await;
    let worker = &workers["items"][0];
    assert_eq!(
        (&worker["state"], &worker["stopped_at"]),
        (&json!("alive"), &Value::Null)
    );
    let queue = get(&admin, "/queue").await;
    assert_eq!(queue["lines"][0]["waiting"]["count"], 0);
    assert_eq!(
        queue["lanes"][0],
        json!({"lane": "interactive", "depth": 0})
    );
    let egresses = get(&admin, "/egresses").await;
    assert_eq!(
        (
            &egresses["items"][0]["egress"],
            &egresses["items"][0]["default"]
        ),
        (&json!("direct"), &json!(true))
    );
    let stats = until_some("the statistics have both", || async {
        let stats = get(&admin, "/stats").await;
        (stats["refreshes"]["succeeded"] == 2).then_some(stats)
    })
    .await;
    assert_eq!(stats["refreshes"]["failed"], 0);
    assert_eq!(stats["refreshes"]["by_hour"].as_array().unwrap().len(), 24);
    assert!(stats["workers_alive"].as_u64().unwrap() >= 1);
    assert!(stats["credentials"]["as_of"].is_string(), "{stats}");

    // A stream that is open holds nobody up.
    let begun = BootInstant::now();
    system.signal(Signal::TERM);
    assert!(listener.ends().await);
    assert_eq!(system.ended().await, Exit::Code(0));
    assert!(
        begun.elapsed() < Duration::from_secs(45),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn one_egress_is_paused_while_the_other_works() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let proxy =
        Proxy::start(ProxyOptions::new(ProxyKind::Http).password("user", "pass-canary")).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0");
    let mut system = builder.start().await;
    let admin = system.admin().await;
    create(&upstream, &admin, "direct", None).await;
    let url = proxy.url();
    let id = create(&upstream, &admin, "proxied", Some(&url)).await;
    let label = admin.credential(&id).await["proxy"]
        .as_str()
        .unwrap()
        .to_owned();

    let pause = json!({"reason": "the proxy moves", "egress": label});
    let answer = admin.call(Method::POST, "/pause", Some(pause)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let paused = answer.body["egresses"][0].clone();
    assert_eq!(
        (&paused["label"], &paused["reason"]),
        (&json!(label), &json!("the proxy moves"))
    );
    assert_eq!(answer.body["switches"], json!([]));
    let public = system.public();
    let caller = tokio::spawn(async move { public.refresh("proxied").await });
    until("it waits", || async {
        let open = get(&admin, "/attempts/open").await;
        open["items"][0]["credential_id"] == json!(id) && open["items"][0]["state"] == "queued"
    })
    .await;
    // The other one works, again and again: whoever was to take the first one has had time for it.
    for _ in 0..5 {
        assert_eq!(system.public().refresh("direct").await.status, 200);
    }
    assert!(upstream.calls_of("proxied").is_empty());
    let status = get(&admin, "/status").await;
    assert_eq!(status["egresses_paused"][0]["egress"], paused["egress"]);
    assert_eq!(system.get("/readyz").await.status, 200);
    let resume = json!({"egress": paused["egress"]});
    let answer = admin.call(Method::POST, "/resume", Some(resume)).await;
    assert_eq!(answer.body, json!({"switches": [], "egresses": []}));
    let answer = caller.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");

    // A pause outlives all processes.
    let pause = json!({"reason": "again", "egress": paused["egress"]});
    admin.call(Method::POST, "/pause", Some(pause)).await;
    system.signal(Signal::TERM);
    assert_eq!(system.ended().await, Exit::Code(0));
    let system = builder.start().await;
    let admin = system.admin().await;
    let egresses = get(&admin, "/egresses").await;
    let found = egresses["items"].as_array().unwrap();
    let found = found.iter().find(|one| one["egress"] == paused["egress"]);
    assert_eq!(found.unwrap()["paused"]["reason"], "again");
    assert_eq!(system.public().refresh("direct").await.status, 200);
    assert_eq!(upstream.calls_of("proxied").len(), 1);
}
