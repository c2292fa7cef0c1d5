//! An answer in a journal that the present keys do not open.

use rt_manage_shared::db::{Execute as _, sql};
use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::{Exit, NewCredential, until},
};

use super::support::database;

/// Two sealing keys of the tests: 32 bytes each.
const KEY_1: &str = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const KEY_2: &str = "k2:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

#[tokio::test]
async fn an_answer_whose_key_is_missing_waits_in_its_journal_until_the_key_is_back() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .workers(1)
        .set("RTM_MASTER_KEYS", KEY_1)
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .set("RTM_REFRESH__IN_DOUBT_POLICY", "manual");
    let system = builder.start().await;
    let admin = system.admin().await;
    let mut ids = Vec::new();
    for key in ["one", "other"] {
        let account = upstream.create_account(AccountSpec::key(key)).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        ids.push(admin.create(new).await);
    }
    system.kill().await;
    // An answer is sealed with a newer key, and its worker dies.
    let both = builder
        .clone()
        .set("RTM_MASTER_KEYS", &format!("{KEY_2},{KEY_1}"));
    let victim = both.part_of("answer");
    let mut system = both.clone().die_at("answer.synced=return").start().await;
    let public = system.public();
    let caller = tokio::spawn(async move { public.try_refresh("one").await });
    assert_eq!(system.part_ended(victim).await, Exit::Signal(9));
    system.kill().await;
    let _ = caller.await;
    // The key is gone, and the database does not know of it: the processes start.
    let db = database(&builder).await;
    let forget = sql("DELETE FROM {vault_keys} WHERE key_id = ?").bind("k2");
    assert_eq!((&mut &db).execute(forget).await.unwrap(), 1);
    let system = builder.start().await;
    let log = system.log();
    assert!(
        log.contains("a journalled answer cannot be used") && log.contains("sealed with key `k2`"),
        "{log}"
    );
    assert!(!unopened(&system.metrics_of(victim).await).starts_with('0'));
    let ready = system.get_from(victim, "/readyz").await;
    assert_eq!((ready.status, ready.text("/status")), (200, "degraded"));
    assert!(
        ready
            .text("/checks/journals")
            .contains("1 answers that cannot be used"),
        "{ready:?}"
    );
    assert_eq!(system.public().refresh("other").await.status, 200);
    let admin = system.admin().await;
    until("the answer is given up for now", || async {
        admin.state(&ids[0]).await == "in_doubt"
    })
    .await;
    assert_eq!(system.public().refresh("one").await.code(), "in_doubt");
    assert_eq!(upstream.calls_of("one").len(), 1);
    system.kill().await;
    // With the key the answer counts, late as it is.
    let system = both.start().await;
    until("the answer is replayed", || async {
        system.public().get_at("one").await.status == 200
    })
    .await;
    let admin = system.admin().await;
    assert_eq!(admin.state(&ids[0]).await, "idle");
    assert_eq!(upstream.calls_of("one").len(), 1);
    until("nothing is left to be complained of", || async {
        let ready = system.get_from(victim, "/readyz").await;
        ready.text("/checks/journals") == "ok"
            && unopened(&system.metrics_of(victim).await).starts_with('0')
    })
    .await;
    assert_eq!(system.public().refresh("one").await.status, 200);
    assert_eq!(upstream.account("one").unwrap().reused, 0);
}

/// How many answers a process could not use.
fn unopened(metrics: &str) -> String {
    let name = "rtm_journal_unreadable ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.expect("the gauge is there").to_owned()
}
