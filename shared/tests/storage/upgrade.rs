//! Rows as the first version wrote them, word for word: whatever later versions do to the schema and to the code, they
//! have to understand these. The statements and the sealed bytes below are never changed.

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, Execute as _, attempts,
        coordination::{self, LiveWorker, Pulse, WorkerInfo},
        credentials,
        credentials::Key,
        grants, sql, tokens,
    },
    model::{
        attempt::{AttemptState, OutcomeKind},
        grant::{HeldReason, State},
    },
    vault::{Fingerprint, Keyring, Place, Vault},
};

use crate::support;

const ID: &str = "01M82CG1WMH56MDVGT5DJPTHJE";
const ATTEMPT: &str = "01M82CG5DQ78WSSTMSRPJNAV5K";
const FINGERPRINT: &str = "29f7de404efe4320134d67ed00a126eef8a402d91f67fde3493d2c5e45b20c28";
const BOOT: &str = "01M82CG0AAH56MDVGT5DJPTHJE";
const SPENT: &str = "1111111111111111111111111111111111111111111111111111111111111111";
/// A key of thirty-two zero bytes, for this test alone.
const KEY: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// `rt.1.example`, sealed with that key for table `grants`, row [`ID`], column `rt`.
const SEALED: &str = "01026b319efeb5198dfe2ab1a375441967c633a8f9ce58df54be316b8ea9d741eac6884668ea70bfef9442054e76138e319664d742c17d3a";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

pub(crate) async fn rows_of_the_first_version_are_understood(bench: support::Place) {
    let db = Db::open(&bench.options()).await.unwrap();
    db.migrate_to(1).await.unwrap();
    assert!(db.schema_is_behind().await.unwrap());
    let rows = [
        sql("INSERT INTO {credentials} (id, biz_id, email, name, account_id, user_id, plan, client_id, proxy, egress, \
             egress_label, tag, memo, enabled, tombstone, deleted_at, revision, created_at, updated_at) VALUES (?, 'user 001 ', \
             'a@example.com', NULL, 'acc', 'usr', 'plus', 'app_x', NULL, 'default', '', 'tag', 'memo', 1, '', NULL, 3, 1000, 2000)")
        .bind(ID),
        sql("INSERT INTO {grants} (credential_id, state, held_reason, attempt_id, rt_fp, doubt_since, probes, failures, \
             last_code, next_refresh_at, refreshed_at, at_issued_at, at_expires_at, rt, access_token) VALUES (?, 'held', \
             'region', NULL, ?, 1500, 2, 4, 'unsupported_country_region_territory', NULL, 1200, 1200, 9000, ?, NULL)")
        .bind(ID)
        .bind(FINGERPRINT)
        .bind(bytes(SEALED)),
        sql("INSERT INTO {attempts} (id, credential_id, state, lane, cause, probe, egress, rt_fp, request_id, requested_at, \
             pushed_at, claimed_at, finished_at, worker, outcome, code, detail, http_status, duration_ms) VALUES (?, ?, \
             'finished', 'bulk', 'schedule', 0, 'direct', ?, NULL, 1000, 1001, 1002, 1003, NULL, 'ambiguous', 'answer_cut', \
             NULL, NULL, 17)")
        .bind(ATTEMPT)
        .bind(ID)
        .bind(FINGERPRINT),
        sql("INSERT INTO {spent} (rt_fp, credential_id, attempt_id, spent_at) VALUES (?, ?, ?, 1100)")
            .bind(SPENT)
            .bind(ID)
            .bind(ATTEMPT),
        sql("INSERT INTO {workers} (boot_id, host, version, started_at, heartbeat_at, in_flight) VALUES (?, 'host', '0.1.0', \
             1000, 1003, 2)")
        .bind(BOOT),
    ];
    for row in rows {
        (&mut &db).execute(row).await.unwrap();
    }
    db.migrate().await.unwrap();
    db.check_schema().await.unwrap();
    assert!(!db.schema_is_behind().await.unwrap());
    // A program of the first version goes on for a while beside newer ones.
    let old = sql(
        "INSERT INTO {workers} (boot_id, host, version, started_at, heartbeat_at, in_flight) VALUES ('old', 'host', '0.1.0', \
         1000, 1000, 0)",
    );
    (&mut &db).execute(old).await.unwrap();

    let workers = coordination::live_workers(&mut &db, Millis(1001))
        .await
        .unwrap();
    let info = WorkerInfo {
        boot_id: BOOT.into(),
        host: "host".into(),
        version: "0.1.0".into(),
        started_at: Millis(1000),
        lanes: String::new(),
    };
    assert_eq!(
        workers,
        [LiveWorker {
            info,
            heartbeat_at: Millis(1003),
            pulse: Pulse {
                in_flight: 2,
                ..Pulse::default()
            },
            replayed_halt: None,
        }]
    );
    let found = credentials::with_tokens(&mut &db, Key::BizId("user 001 "))
        .await
        .unwrap();
    let found = &found[0];
    assert_eq!(found.credential.identity.plan.as_deref(), Some("plus"));
    assert_eq!(
        (found.credential.revision, found.credential.created_at),
        (3, Millis(1000))
    );
    let record = grants::read_one(&mut &db, ID.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.grant.state, State::Held(HeldReason::Region));
    assert_eq!(
        record.grant.doubt.map(|doubt| (doubt.since, doubt.probes)),
        Some((Millis(1500), 2))
    );
    let attempts = attempts::read(&mut &db, &[ATTEMPT.parse().unwrap()])
        .await
        .unwrap();
    assert_eq!(
        (attempts[0].state, attempts[0].outcome),
        (AttemptState::Finished, Some(OutcomeKind::Ambiguous))
    );
    let spent = Fingerprint::from_stored(SPENT);
    assert_eq!(
        tokens::spent_by(&mut &db, &spent).await.unwrap(),
        Some(ID.parse().unwrap())
    );
    let vault = Vault::new(Keyring::parse(KEY).unwrap());
    let place = Place {
        table: "grants",
        row: ID,
        column: "rt",
    };
    let token = vault.open_secret(place, &found.rt).unwrap();
    assert_eq!(Fingerprint::of(&token), record.grant.rt_fp);
}
