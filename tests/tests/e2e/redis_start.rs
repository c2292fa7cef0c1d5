//! Starting: without Redis, over TLS, where a port is taken, where another mode runs already.

use std::net::TcpListener;

use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::{NewCredential, Part, PrivateRedis, System, free_port, until},
};
use serde_json::Value;
use url::Url;

use super::redis_support::House;

#[tokio::test]
async fn both_processes_start_without_redis_and_go_on_when_it_comes() {
    let mut house = House::start(1, 1, |builder| builder).await;
    let served = house.credentials("served", 1).await;
    house.refreshed_once(&served).await;
    let builder = house.system.kill().await;
    house.redis.stop();

    // Where the worker will be, it cannot say before it is ready.
    let port = free_port();
    let worker_url = format!("http://127.0.0.1:{port}");
    house.system = builder
        .workers(0)
        .set("RTM_WORKER__LISTEN", &format!("127.0.0.1:{port}"))
        .set("RTM_SERVER__REFRESH_WAIT_SECONDS", "2")
        .start()
        .await;
    let worker = house.system.spawn_worker();
    let pids = house.system.pids();
    house.admin = house.system.admin().await;
    assert_eq!(house.system.public().get_at("served0").await.status, 200);
    let due = house.credentials("due", 10).await;
    let refused = house.system.public().refresh("due0").await;
    assert!(
        matches!(
            (refused.status, refused.code()),
            (503, "queue_unavailable") | (504, "refresh_pending")
        ),
        "{refused:?}"
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |path: &str| {
        let answer = client
            .get(format!("{worker_url}{path}"))
            .send()
            .await
            .ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json::<Value>().await.unwrap_or_default()))
    };
    until("the worker says that its queue is away", || async {
        let Some((503, body)) = ask("/readyz").await else {
            return false;
        };
        body.pointer("/checks/queue")
            .is_some_and(|said| said != "ok")
    })
    .await;
    assert_eq!(ask("/livez").await.unwrap().0, 200);
    let ready = house.system.get_from(Part::Api(0), "/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(ready.text("/status"), "degraded", "{ready:?}");
    assert_ne!(ready.text("/checks/queue"), "ok", "{ready:?}");
    assert_eq!(
        house.system.get_from(Part::Api(0), "/livez").await.status,
        200
    );
    assert_eq!(house.upstream.calls_of("due0").len(), 0);

    house.redis.start_again().await;
    house.system.ready(worker).await;
    house.refreshed_once(&due).await;
    house.all_ready().await;
    assert_eq!(house.system.pids(), pids);
}

/// TLS with a user, in a database of its own; nothing appears elsewhere.
#[tokio::test]
async fn tls_a_user_and_a_database_number_are_used() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let redis = PrivateRedis::start_with_tls().await;
    redis.query::<()>(&[
        "ACL",
        "SETUSER",
        "keeper",
        "on",
        ">its-password",
        "~*",
        "&*",
        "+@all",
    ]);
    let mut url = Url::parse(&redis.tls_url()).unwrap();
    url.set_username("keeper").unwrap();
    url.set_password(Some("its-password")).unwrap();
    url.set_path("/3");
    let authority = std::env::var("RTM_TEST_TLS_CA_FILE").expect("scripts/test-services sets it");
    let system = crate::system(&upstream.token_url())
        .split_over(&redis, 1, 1)
        .set("RTM_QUEUE__URL", url.as_str())
        // What the system's certificates are, for a process.
        .set("SSL_CERT_FILE", &authority)
        .start()
        .await;
    refresh_one(&upstream, &system).await;
    until("the jobs went through the third database", || async {
        let keyspace: String = redis.query(&["INFO", "keyspace"]);
        keyspace.contains("db3:") && !keyspace.contains("db0:")
    })
    .await;
    for secret in ["its-password", &redis.password()] {
        assert!(!system.log().contains(secret));
    }
}

async fn refresh_one(upstream: &StandIn, system: &System) {
    let account = upstream.create_account(AccountSpec::key("one")).unwrap();
    let new = NewCredential {
        biz_id: "one",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    assert_eq!(system.public().refresh("one").await.status, 200);
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_is_not_used() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let redis = PrivateRedis::start_with_tls().await;
    let mut system = crate::system(&upstream.token_url())
        .split_over(&redis, 1, 0)
        .set("RTM_QUEUE__URL", &redis.tls_url())
        .set("RTM_SERVER__REFRESH_WAIT_SECONDS", "2")
        .unset("SSL_CERT_FILE")
        .start()
        .await;
    system.spawn_worker();
    let account = upstream.create_account(AccountSpec::key("one")).unwrap();
    let new = NewCredential {
        biz_id: "one",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    let refused = system.public().refresh("one").await;
    assert!(matches!(refused.status, 503 | 504), "{refused:?}");
    let ready = system.get("/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(ready.text("/status"), "degraded", "{ready:?}");
    assert_ne!(ready.text("/checks/queue"), "ok", "{ready:?}");
    assert_eq!(redis.key_count(), 0);
    assert_eq!(upstream.stats().token_calls, 0);
}

#[tokio::test]
async fn a_worker_whose_port_is_taken_listens_at_the_next_free_one() {
    // Two in a row, so that "the next one" is not enough.
    let (first, _second) = loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let next = first.local_addr().unwrap().port().saturating_add(1);
        if let Ok(second) = TcpListener::bind(("127.0.0.1", next)) {
            break (first, second);
        }
    };
    let taken = first.local_addr().unwrap().port();
    let house = House::start(1, 2, |builder| {
        builder.set("RTM_WORKER__LISTEN", &format!("127.0.0.1:{taken}"))
    })
    .await;
    let mut ports = Vec::new();
    for worker in house.system.workers() {
        let port = house.system.url_of(worker).rsplit(':').next().unwrap();
        let port: u16 = port.parse().unwrap();
        assert!(port > taken + 1, "{worker} listens at {port}");
        assert_eq!(house.system.get_from(worker, "/livez").await.status, 200);
        assert!(
            house.system.log_of(worker).contains(&taken.to_string()),
            "{worker} says which port was taken"
        );
        ports.push(port);
    }
    assert_ne!(ports[0], ports[1]);
}

#[tokio::test]
async fn an_embedded_process_and_processes_over_redis_exclude_each_other() {
    let house = House::start(1, 1, |builder| builder).await;
    let split = house.system.builder();
    let refused = split
        .command()
        .env_remove("RTM_QUEUE__URL")
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("queue.url"), "{text}");
    house.all_live().await;

    let embedded = crate::system(&house.upstream.token_url());
    let system = embedded.start().await;
    for mut command in [embedded.command(), embedded.worker_command()] {
        let refused = command
            .env("RTM_QUEUE__URL", house.redis.url())
            .env("RTM_WORKER__LISTEN", "127.0.0.1:0")
            .output()
            .unwrap();
        assert!(!refused.status.success());
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(text.contains("queue.url"), "{text}");
    }
    assert_eq!(system.get("/livez").await.status, 200);
}

/// A worker that made a key of its own would seal tokens that nobody else can open.
#[tokio::test]
async fn a_worker_without_the_sealing_key_says_so_and_makes_none() {
    let house = House::start(1, 0, |builder| builder).await;
    let builder = house.system.kill().await;
    let key = builder.folder().join("data/keys/master.keys");
    std::fs::rename(&key, key.with_extension("away")).unwrap();
    let output = builder.worker_command().output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("`k1`") && text.contains("RTM_MASTER_KEYS"),
        "{text}"
    );
    assert!(!key.exists());
}

/// A worker may be started before the API has ever made its tables.
#[tokio::test]
async fn a_worker_that_comes_first_waits_for_the_api() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let redis = PrivateRedis::start().await;
    let builder = crate::system(&upstream.token_url()).split_over(&redis, 1, 0);
    std::fs::create_dir_all(builder.folder().join("config")).unwrap();
    let log = std::fs::File::create(builder.folder().join("first.log")).unwrap();
    let mut first = builder
        .worker_command()
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let says = async |text: &str| {
        let log = std::fs::read_to_string(builder.folder().join("first.log"));
        log.unwrap().contains(text)
    };
    until("it says what it waits for", || says("waiting for the API")).await;
    let system = builder.start().await;
    until("it begins", || says("worker is ready")).await;
    // There is no other worker.
    refresh_one(&upstream, &system).await;
    first.kill().unwrap();
    first.wait().unwrap();
}
