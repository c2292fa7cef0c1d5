//! What a restart finds, and what cannot be applied: nothing is lost by it.

use std::fs;

use reqwest::Method;
use rt_manage_shared::db::{Execute as _, sql, tokens};
use rt_manage_tests::{
    standin::{AccountSpec, GatePoint, GateSpec, Options, StandIn},
    support::{NewCredential, until},
};

use super::support::database;

#[tokio::test]
async fn a_missing_sealing_key_is_named() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    builder.start().await.kill().await;
    fs::remove_file(builder.folder().join("data/keys/master.keys")).unwrap();
    let output = builder.command().output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("`k1`") && text.contains("RTM_MASTER_KEYS"),
        "{text}"
    );
}

#[tokio::test]
async fn a_spent_or_held_refresh_token_is_refused_by_name() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let system = crate::system(&upstream.token_url()).manual().start().await;
    let admin = system.admin().await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    let id = admin.create(new).await;
    assert_eq!(system.public().refresh("x").await.status, 200);
    let live = upstream.live_token("x").unwrap();
    for (token, code) in [
        (account.refresh_token.as_str(), "refresh_token_spent"),
        (&live, "refresh_token_in_use"),
    ] {
        let body = serde_json::json!({"biz_id": "y", "refresh_token": token});
        let answer = admin.call(Method::POST, "/credentials", Some(body)).await;
        assert_eq!((answer.status, answer.code()), (409, code), "{answer:?}");
        assert!(answer.body.to_string().contains(&id), "{answer:?}");
    }
    // The spent tokens stay remembered when the credential is gone.
    assert_eq!(
        admin
            .call(Method::DELETE, &format!("/credentials/{id}"), None)
            .await
            .status,
        204
    );
    let body = serde_json::json!({"biz_id": "y", "refresh_token": account.refresh_token});
    assert_eq!(
        admin
            .call(Method::POST, "/credentials", Some(body))
            .await
            .code(),
        "refresh_token_spent"
    );
}

#[tokio::test]
async fn new_tokens_for_a_replaced_refresh_token_are_kept_as_an_orphan() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let other = upstream.create_account(AccountSpec::key("other")).unwrap();
    let builder = crate::system(&upstream.token_url()).patient().manual();
    let system = builder.start().await;
    let admin = system.admin().await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    let id = admin.create(new).await;
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation).for_account("x"));
    let public = system.public();
    let caller = tokio::spawn(async move { public.refresh("x").await });
    gate.reached(1).await.unwrap();
    let patch = serde_json::json!({"refresh_token": other.refresh_token});
    let patched = admin
        .call(Method::PATCH, &format!("/credentials/{id}"), Some(patch))
        .await;
    assert_eq!(patched.status, 200, "{patched:?}");
    gate.release();
    caller.await.unwrap();
    let db = database(&builder).await;
    until("the answer is set aside", || async {
        tokens::orphans(&mut &db, None, 10).await.unwrap().len() == 1
    })
    .await;
    until("it is logged", || async {
        system.log().contains("set aside as an orphan")
    })
    .await;
    assert_eq!(system.public().refresh("x").await.status, 200);
    assert_eq!(upstream.account("other").unwrap().calls, 1);
    assert_eq!(upstream.account("x").unwrap().reused, 0);
}

#[tokio::test]
async fn a_row_that_cannot_be_written_does_not_lose_the_answer_or_stop_the_others() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).patient().manual();
    let system = builder.start().await;
    let admin = system.admin().await;
    let mut ids = Vec::new();
    for key in ["bad", "good"] {
        let account = upstream.create_account(AccountSpec::key(key)).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        ids.push(admin.create(new).await);
    }
    let gate = upstream.gate(GateSpec::at(GatePoint::AfterRotation).for_account("bad"));
    let public = system.public();
    let caller = tokio::spawn(async move { public.try_refresh("bad").await });
    gate.reached(1).await.unwrap();
    let db = database(&builder).await;
    let spoil =
        sql("UPDATE {grants} SET state = 'nonsense' WHERE credential_id = ?").bind(ids[0].as_str());
    assert_eq!((&mut &db).execute(spoil).await.unwrap(), 1);
    gate.release();
    until("the answer is set aside", || async {
        tokens::orphans(&mut &db, None, 10).await.unwrap().len() == 1
    })
    .await;
    assert_eq!(system.public().refresh("good").await.status, 200);
    let _ = caller.await.unwrap();
}

/// All tables that a running system needs, the migrator's included.
const ALL: [&str; 14] = [
    "credentials",
    "grants",
    "attempts",
    "spent",
    "orphans",
    "recovered",
    "workers",
    "leases",
    "egresses",
    "switches",
    "system_secrets",
    "vault_keys",
    "admins",
    "schema_migrations",
];

#[tokio::test]
async fn a_database_that_turns_out_empty_is_waited_for() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0");
    let system = builder.start().await;
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    assert_eq!(system.public().refresh("x").await.status, 200);
    let db = database(&builder).await;
    let rename = async |from: &str, to: &str| {
        for table in ALL {
            let text = format!("ALTER TABLE {{{from}{table}}} RENAME TO {{{to}{table}}}");
            (&mut &db).execute(sql(text)).await.unwrap();
        }
    };
    rename("", "away_").await;
    until("the empty database is noticed", || async {
        system.get("/readyz").await.status == 503
    })
    .await;
    assert_eq!(system.public().refresh("x").await.status, 503);
    assert_eq!(system.public().get_at("x").await.status, 503);
    assert_eq!(upstream.calls_of("x").len(), 1);
    rename("away_", "").await;
    until("work goes on", || async {
        system.public().refresh("x").await.status == 200
    })
    .await;
    assert_eq!(upstream.account("x").unwrap().reused, 0);
}

#[tokio::test]
async fn of_many_who_bring_the_same_refresh_token_one_is_taken_in() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let system = crate::system(&upstream.token_url()).manual().start().await;
    let admin = system.admin().await;
    let tries: Vec<_> = (0..12)
        .map(|number| {
            let (admin, token) = (admin.clone(), account.refresh_token.clone());
            tokio::spawn(async move {
                let body =
                    serde_json::json!({"biz_id": format!("n{number}"), "refresh_token": token});
                admin.call(Method::POST, "/credentials", Some(body)).await
            })
        })
        .collect();
    let mut taken = 0;
    for one in tries {
        let answer = one.await.unwrap();
        match answer.status {
            201 => taken += 1,
            _ => assert_eq!(
                (answer.status, answer.code()),
                (409, "refresh_token_in_use"),
                "{answer:?}"
            ),
        }
    }
    assert_eq!(taken, 1);
}
