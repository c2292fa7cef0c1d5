use rt_manage_shared::{
    config::Config,
    db::revisions::{Subject, raise},
    model::credential::egress_of_named,
    vault::Secret,
};

use super::*;
use crate::test_parts::parts;

struct Bench {
    db: Db,
    vault: Vault,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parts = parts(folder.path()).await;
        Self {
            db: parts.db,
            vault: parts.vault,
            _folder: folder,
        }
    }

    async fn live(&self) -> Live {
        let base = Loaded::of(Config::default());
        Live::open(&base, &self.db, &self.vault).await.unwrap()
    }

    async fn save(&self, version: i64, document: &str) {
        let mut tx = self.db.begin().await.unwrap();
        let row = Version {
            version,
            document: document.to_string(),
            changes: "{}".into(),
            saved_by: "admin".into(),
            saved_at: self.db.server_time().await.unwrap(),
        };
        settings::insert(&mut tx, &row).await.unwrap();
        raise(&mut tx, Subject::Settings).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_saved_is_followed_and_told() {
    let bench = Bench::new().await;
    let live = bench.live().await;
    let mut changes = live.subscribe();
    let old = live.current();
    assert_eq!(old.concurrency, 8);
    bench.save(1, r#"{"worker.concurrency": 3}"#).await;
    let found = revisions::read(&mut &bench.db).await.unwrap();
    assert!(!live.are_current(&old, found));
    live.catch_up().await.unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(changes.borrow_and_update().concurrency, 3);
    assert!(live.are_current(&live.current(), found));
    // Whoever began with the old ones keeps them.
    assert_eq!(old.concurrency, 8);
    live.catch_up().await.unwrap();
    assert!(!changes.has_changed().unwrap());
    assert_eq!(bench.live().await.current().concurrency, 3);
}

#[tokio::test]
async fn calls_that_began_under_longer_deadlines_get_their_time() {
    let bench = Bench::new().await;
    let live = bench.live().await;
    let long = live.current().abandon_after;
    bench
        .save(1, r#"{"openai.request_timeout_seconds": 10}"#)
        .await;
    live.catch_up().await.unwrap();
    let now = live.current();
    assert_eq!(now.answer_deadline, Duration::from_secs(10));
    assert_eq!(
        now.own_abandon_after,
        long.checked_sub(Duration::from_secs(20)).unwrap()
    );
    assert_eq!(now.abandon_after, long);
    // So does a process that starts a moment later.
    assert_eq!(bench.live().await.current().abandon_after, long);
    // Until that time is over.
    let source = live.0.source.as_ref().unwrap();
    for one in source.earlier.lock().await.iter_mut() {
        one.until = BootInstant::now();
    }
    live.catch_up().await.unwrap();
    assert_eq!(
        live.current().abandon_after,
        long.checked_sub(Duration::from_secs(20)).unwrap()
    );
}

#[tokio::test]
async fn what_does_not_fit_is_left_out() {
    let bench = Bench::new().await;
    bench
        .save(
            1,
            r#"{"openai.request_timeout_seconds": 300, "refresh.auto": false}"#,
        )
        .await;
    let settings = bench.live().await.current();
    assert!(!settings.config().refresh.auto);
    assert_eq!(settings.answer_deadline, Duration::from_secs(30));
    assert_eq!(settings.ignored[0].key, "openai.request_timeout_seconds");
    let mut tx = bench.db.begin().await.unwrap();
    let row = Version {
        version: 2,
        document: "not JSON".into(),
        changes: String::new(),
        saved_by: String::new(),
        saved_at: Millis(0),
    };
    settings::insert(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    assert!(bench.live().await.current().config().refresh.auto);
}

#[tokio::test]
async fn named_proxies_are_followed_and_unknown_ones_lead_nowhere() {
    let bench = Bench::new().await;
    let live = bench.live().await;
    let id = ProxyId::generate();
    let stored = egress_of_named(id);
    let before = live.current();
    assert!(before.named(&stored).is_none());
    let unknown = before.egress_key(&stored);
    assert_ne!(unknown, before.default_egress.key());
    let row = id.to_string();
    let place = Place {
        table: "proxies",
        row: &row,
        column: "url",
    };
    let url = Secret::new("http://u:p@127.0.0.1:3128");
    let egress = Egress::parse(Some(&url)).unwrap();
    let proxy = proxies::Proxy {
        id,
        name: "Berlin".into(),
        url: bench.vault.seal_secret(place, &url).unwrap(),
        egress: egress.key().to_string(),
        egress_label: egress.to_string(),
        revision: 1,
        created_at: Millis(1),
        updated_at: Millis(1),
    };
    proxies::insert(&mut &bench.db, &proxy).await.unwrap();
    raise(&mut &bench.db, Subject::Proxies).await.unwrap();
    live.catch_up().await.unwrap();
    let now = live.current();
    assert_eq!(now.named(&stored).unwrap().label, "http://127.0.0.1:3128");
    assert_eq!(now.egress_key(&stored), egress.key());
    assert_eq!(now.stored_as(egress.key().as_str()), [stored]);
    assert_eq!(now.stored_as("direct"), ["default"]);
}
