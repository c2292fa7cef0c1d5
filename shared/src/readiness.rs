//! Whether a process can do its work: what `/readyz` answers in all of them.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{
    clock::Clock,
    db::{Db, DbError, coordination, coordination::EgressHold, system, system::Switch},
};

/// What a check says when all is well.
const OK: &str = "ok";

/// The state of a process, as it is shown to whoever asks; it holds no secrets and no addresses.
#[derive(Debug, Serialize)]
pub struct Readiness {
    /// `ok`, `degraded` or `unavailable`.
    status: &'static str,
    /// What the process needs: `ok`, or why it is of no use now.
    checks: BTreeMap<&'static str, String>,
    /// Workers that are alive; `None` where the database cannot tell.
    workers: Option<usize>,
    // Not faults of this process, but the answer to "why is nothing refreshed?".
    refreshing: Vec<Stopped>,
    egresses_on_hold: Vec<OnHold>,
}

/// What a process has found out about something that it depends on.
#[derive(Debug)]
pub struct Found {
    /// What it is.
    pub name: &'static str,
    /// What is wrong with it.
    pub result: Result<(), String>,
    /// What that means.
    pub weight: Weight,
}

/// What a failed check means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The process is of no use: 503.
    Needed,
    /// Part of its work goes on: it says so, and nobody shall take it out of service for that.
    Missed,
}

/// A switch that stops refreshing.
#[derive(Debug, Serialize)]
struct Stopped {
    switch: String,
    reason: String,
}

/// An egress that has to wait.
#[derive(Debug, Serialize)]
struct OnHold {
    egress: String,
    reason: String,
    until: String,
}

impl From<Switch> for Stopped {
    fn from(switch: Switch) -> Self {
        Self {
            switch: switch.name,
            reason: switch.reason,
        }
    }
}

impl From<EgressHold> for OnHold {
    fn from(hold: EgressHold) -> Self {
        Self {
            egress: hold.label,
            reason: hold.reason,
            until: hold.hold_until.to_rfc3339(),
        }
    }
}

impl Readiness {
    /// Looks at the database, and adds what the process itself has found out. `heartbeat` is the distance of workers'
    /// heartbeats.
    pub async fn ask(
        db: &Db,
        clock: &Clock,
        heartbeat: Duration,
        found: impl IntoIterator<Item = Found>,
    ) -> Self {
        let database = db.check_schema().await;
        let told = |result: Result<(), String>| result.err().unwrap_or_else(|| OK.to_owned());
        let mut checks = BTreeMap::new();
        let (mut useless, mut degraded) = (database.is_err(), false);
        for found in found {
            let failed = found.result.is_err();
            match found.weight {
                Weight::Needed => useless |= failed,
                Weight::Missed => degraded |= failed,
            }
            checks.insert(found.name, told(found.result));
        }
        let mut seen = Seen::default();
        if database.is_ok() {
            // A database that goes away in between has told nothing; the next look says so.
            seen = Seen::read(db, clock, heartbeat).await.unwrap_or_default();
        }
        checks.insert("database", told(database.map_err(|error| shown(&error))));
        let status = match (useless, degraded) {
            (true, _) => "unavailable",
            (false, true) => "degraded",
            (false, false) => OK,
        };
        Self {
            status,
            checks,
            workers: seen.workers,
            refreshing: seen.switches.into_iter().map(Stopped::from).collect(),
            egresses_on_hold: seen.holds.into_iter().map(OnHold::from).collect(),
        }
    }

    /// Whether the process is of use: an API that hands out access tokens is, even while nothing can be refreshed.
    pub fn is_ready(&self) -> bool {
        self.status != "unavailable"
    }
}

/// What the database tells.
#[derive(Default)]
struct Seen {
    workers: Option<usize>,
    switches: Vec<Switch>,
    holds: Vec<EgressHold>,
}

impl Seen {
    async fn read(db: &Db, clock: &Clock, heartbeat: Duration) -> Result<Self, DbError> {
        let now = clock.now();
        let since = coordination::alive_since(now, heartbeat);
        let workers = coordination::live_workers(&mut &*db, since).await?;
        Ok(Self {
            workers: Some(workers.len()),
            switches: system::switches(&mut &*db).await?,
            holds: coordination::held_egresses(&mut &*db, now).await?,
        })
    }
}

/// What an unauthenticated caller may know of a database error: which kind, no addresses.
fn shown(error: &DbError) -> String {
    match error {
        DbError::Unavailable(_) => "unavailable".into(),
        DbError::Busy(_) => "busy".into(),
        DbError::NotWritable(_) => "cannot be written".into(),
        DbError::Schema(text) => text.clone(),
        _ => "error; see the log".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::db::{DbOptions, coordination::WorkerInfo};

    const HEARTBEAT: Duration = Duration::from_secs(5);

    async fn ask(db: &Db, clock: &Clock, queue: Result<(), String>) -> (bool, Value) {
        weighed(db, clock, queue, Weight::Needed).await
    }

    async fn weighed(
        db: &Db,
        clock: &Clock,
        result: Result<(), String>,
        weight: Weight,
    ) -> (bool, Value) {
        let queue = Found {
            name: "queue",
            result,
            weight,
        };
        let readiness = Readiness::ask(db, clock, HEARTBEAT, [queue]).await;
        (
            readiness.is_ready(),
            serde_json::to_value(&readiness).unwrap(),
        )
    }

    #[tokio::test]
    async fn what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&DbOptions::sqlite(folder.path().join("t.db")))
            .await
            .unwrap();
        let clock = Clock::new();
        let (ready, body) = ask(&db, &clock, Ok(())).await;
        assert!(!ready && body["workers"].is_null(), "{body}");
        let said = body["checks"]["database"].as_str().unwrap();
        assert!(said.contains("rt-manage-api migrate"), "{said}");

        db.migrate().await.unwrap();
        let now = clock.now();
        let worker = |name: &str, seen| WorkerInfo {
            boot_id: name.into(),
            host: "h".into(),
            version: "v".into(),
            started_at: now - seen,
            lanes: String::new(),
        };
        for info in [
            worker("alive", HEARTBEAT * 2),
            worker("gone", HEARTBEAT * 4),
        ] {
            coordination::register_worker(&mut &db, &info)
                .await
                .unwrap();
        }
        let hold = EgressHold {
            egress: "k".into(),
            label: "direct".into(),
            hold_until: now + HEARTBEAT,
            reason: coordination::RETRY_AFTER.into(),
        };
        coordination::hold_egress(&mut &db, &hold).await.unwrap();
        system::switch_on(&mut &db, system::PAUSED, "why", now)
            .await
            .unwrap();
        let (ready, body) = ask(&db, &clock, Ok(())).await;
        let wanted = json!({
            "status": "ok",
            "checks": {"database": "ok", "queue": "ok"},
            "workers": 1,
            "refreshing": [{"switch": "paused", "reason": "why"}],
            "egresses_on_hold": [{
                "egress": "direct", "reason": "retry_after", "until": hold.hold_until.to_rfc3339(),
            }],
        });
        assert!(ready);
        assert_eq!(body, wanted);

        let (ready, body) = ask(&db, &clock, Err("away".into())).await;
        assert!(!ready);
        assert_eq!(
            (&body["status"], &body["checks"]["queue"]),
            (&json!("unavailable"), &json!("away"))
        );

        let (ready, body) = weighed(&db, &clock, Err("away".into()), Weight::Missed).await;
        assert!(ready);
        assert_eq!(
            (&body["status"], &body["checks"]["queue"]),
            (&json!("degraded"), &json!("away"))
        );
    }
}
