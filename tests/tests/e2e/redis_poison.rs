//! Things in Redis that nobody of us has put there: they are dropped, and stop no worker.

use rt_manage_tests::support::{Part, PrivateRedis, until};

use super::redis_support::House;

/// A lane's keys, found by what a job leaves in them.
struct Lane {
    waiting: String,
    data: String,
    job: String,
    /// What the name of a job's record begins with.
    records: String,
}

impl Lane {
    fn find(redis: &PrivateRedis) -> Self {
        let lists = redis.keys_of_type("list");
        let waiting = lists.first().expect("a job waits").clone();
        let job: String = redis.query(&["LINDEX", &waiting, "0"]);
        let hashes = redis.keys_of_type("hash");
        let data = hashes
            .iter()
            .find(|key| redis.query::<bool>(&["HEXISTS", key, &job]))
            .expect("the job's data")
            .clone();
        let record = hashes
            .iter()
            .find(|key| key.ends_with(&job))
            .expect("the job's record");
        let records = record.strip_suffix(&job).unwrap().to_owned();
        Self {
            waiting,
            data,
            job,
            records,
        }
    }

    /// Puts something in line as if it were a job. `like`: with a record like that of a real one.
    fn push(&self, redis: &PrivateRedis, id: &str, data: Option<&str>, like: bool, side: &str) {
        if let Some(data) = data {
            redis.query::<()>(&["HSET", &self.data, id, data]);
        }
        if like {
            let (from, to) = (
                format!("{}{}", self.records, self.job),
                format!("{}{id}", self.records),
            );
            redis.query::<()>(&["COPY", &from, &to]);
        }
        redis.query::<()>(&[side, &self.waiting, id]);
    }
}

#[tokio::test]
async fn garbage_in_the_queue_stops_nobody() {
    let mut house = House::start(1, 0, |builder| {
        builder
            .set("RTM_REFRESH__REPUSH_SECONDS", "2")
            .set("RTM_REFRESH__COALESCE_SECONDS", "0")
    })
    .await;
    let mut made = house.credentials("first", 1).await;
    until("a job waits in Redis", || async {
        !house.redis.keys_of_type("list").is_empty()
    })
    .await;
    let lane = Lane::find(&house.redis);
    let real: String = house.redis.query(&["HGET", &lane.data, &lane.job]);
    for (number, side) in ["LPUSH", "RPUSH"].into_iter().enumerate() {
        let push = |name: &str, data: Option<&str>, like: bool| {
            lane.push(
                &house.redis,
                &format!("garbage-{name}-{number}"),
                data,
                like,
                side,
            );
        };
        push("unreadable", Some("\u{1}this is no job"), true);
        push("empty", Some(""), true);
        push("other-json", Some(r#"{"attempt": 5}"#), true);
        push("copied", Some(&real), true);
        push("no-record", Some(&real), false);
        push("no-data", None, true);
        push("nothing-at-all", None, false);
    }
    for _ in 0..2 {
        house.system.start_worker().await;
    }
    let pids = house.system.pids();
    house.refreshed_once(&made).await;
    let more = house.credentials("more", 20).await;
    house.refreshed_once(&more).await;
    made.extend(more);
    until("the garbage is gone", || async {
        let content = house.redis.content();
        content
            .iter()
            .all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains("garbage-"))
    })
    .await;

    // The same while they run, and a list that is none.
    for number in 0..3 {
        lane.push(
            &house.redis,
            &format!("garbage-later-{number}"),
            None,
            false,
            "RPUSH",
        );
    }
    let later = house.credentials("later", 20).await;
    house.refreshed_once(&later).await;
    house
        .redis
        .query::<()>(&["SET", &lane.waiting, "a text where a list should be"]);
    let last = house.credentials("last", 5).await;
    house.refreshed_once(&last).await;
    made.extend(later);
    made.extend(last);
    house.refreshed_once(&made).await;
    house.all_ready().await;
    assert_eq!(house.system.pids(), pids, "the same processes live on");
    assert!(matches!(
        house.system.workers()[..],
        [Part::Worker(0), Part::Worker(1)]
    ));
}
