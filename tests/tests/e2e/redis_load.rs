//! Many jobs: callers pass them, workers survive them, Redis forgets them.

use std::{fmt::Write as _, time::Duration};

use rt_manage_tests::{standin::AccountSpec, support::until};
use rustix::process::Pid;

use super::redis_support::House;

const BACKLOG: u32 = 10_000;

/// Puts many credentials in at once, all of them due.
fn import(house: &House, prefix: &str, count: u32) {
    let spec = AccountSpec {
        key: Some(prefix.to_owned()),
        count: Some(count as usize),
        ..AccountSpec::default()
    };
    let mut text = String::from("biz_id,refresh_token\n");
    for account in house.upstream.create_accounts(&spec).unwrap() {
        writeln!(text, "{},{}", account.key, account.refresh_token).unwrap();
    }
    let builder = house.system.builder();
    let file = builder.folder().join("import.csv");
    std::fs::write(&file, text).unwrap();
    let output = builder.command().arg("import").arg(&file).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn callers_pass_ten_thousand_waiting_attempts() {
    let mut house = House::start(2, 0, |builder| {
        builder
            .set("RTM_REFRESH__RATE_PER_SECOND", "100000")
            .set("RTM_REFRESH__LANE_DEPTH", "100000")
            .set("RTM_LOG__LEVEL", "info")
    })
    .await;
    house
        .upstream
        .set_defaults(|defaults| defaults.latency_before_ms = 100);
    import(&house, "bulk", BACKLOG);
    house.backlog_of(BACKLOG).await;
    let mut workers: Vec<(_, Pid)> = Vec::new();
    for _ in 0..3 {
        let worker = house.system.start_worker().await;
        workers.push((worker, house.system.pid(worker)));
    }
    until("the backlog is being worked off", || async {
        house.upstream.finished() >= 50
    })
    .await;
    for number in 0..10 {
        let key = format!("urgent{number}");
        house.credential(&key).await;
        let answer = house.system.public().refresh(&key).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let finished = house.upstream.finished();
    assert!(
        finished < u64::from(BACKLOG) / 2,
        "{finished} were done before the callers"
    );
    // It goes on, with the same workers.
    until("hundreds more are done", || async {
        house.upstream.finished() >= finished + 300
    })
    .await;
    for (worker, pid) in workers {
        assert_eq!(house.system.pid(worker), pid);
        assert_eq!(house.system.get_from(worker, "/readyz").await.status, 200);
    }
    let stats = house.upstream.stats();
    assert_eq!((stats.reused, stats.max_concurrent_per_token), (0, 1));
}

/// Waits until the number of keys has not changed for three seconds, and returns it.
async fn at_rest(house: &House) -> u64 {
    let mut seen = Vec::new();
    loop {
        seen.push(house.redis.key_count());
        if seen.len() > 3
            && seen[seen.len() - 4..]
                .iter()
                .all(|keys| *keys == seen[seen.len() - 1])
        {
            return seen[seen.len() - 1];
        }
        assert!(
            seen.len() < 60,
            "the number of keys keeps changing: {seen:?}"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn redis_returns_to_its_base_line() {
    let house = House::start(1, 2, |builder| {
        builder.set("RTM_REFRESH__RATE_PER_SECOND", "500")
    })
    .await;
    // What stays for good is made with the first jobs.
    let first = house.credentials("first", 20).await;
    house.refreshed_once(&first).await;
    let keys = at_rest(&house).await;
    let memory = house.redis.used_memory();
    import(&house, "many", 1000);
    until("all are refreshed", || async {
        house.upstream.finished() >= 1020
    })
    .await;
    until("Redis has forgotten them", || async {
        house.redis.key_count() <= keys
    })
    .await;
    until("and given the room back", || async {
        house.redis.used_memory() <= memory + 1024 * 1024
    })
    .await;
    for (name, content) in house.redis.content() {
        assert!(content.len() < 10_000, "{name} holds {}", content.len());
    }
}
