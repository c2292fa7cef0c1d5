//! A credential from its first list to its purge, through the admin API of the real processes.

use reqwest::Method;
use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::{Admin, Answer, NewCredential},
};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

async fn create(upstream: &StandIn, admin: &Admin, key: &str) -> String {
    let account = upstream.create_account(AccountSpec::key(key)).unwrap();
    let new = NewCredential {
        biz_id: key,
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    admin.create(new).await
}

async fn get(admin: &Admin, path: &str) -> Value {
    let answer = admin.call(Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

async fn post(admin: &Admin, id: &str, what: &str, body: Value) -> Answer {
    let path = format!("/credentials/{id}/{what}");
    admin.call(Method::POST, &path, Some(body)).await
}

#[tokio::test]
async fn a_credential_is_listed_edited_deleted_restored_shown_revoked_and_purged() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_LOG__LEVEL", "debug");
    let system = builder.start().await;
    let admin = system.admin().await;
    let id = create(&upstream, &admin, "life-b").await;
    create(&upstream, &admin, "life-a").await;
    create(&upstream, &admin, "other").await;
    assert_eq!(system.public().refresh("life-b").await.status, 200);

    let path = "/credentials?search=life&sort=biz_id&page_size=1";
    let first = get(&admin, path).await;
    assert_eq!(
        (&first["items"][0]["biz_id"], &first["total"]),
        (&json!("life-a"), &json!(2))
    );
    let next = first["next"].as_str().unwrap();
    let second = get(&admin, &format!("{path}&after={next}")).await;
    assert_eq!(
        (&second["items"][0]["id"], &second["next"]),
        (&json!(id), &Value::Null)
    );
    let fresh = get(
        &admin,
        "/credentials?has_access_token=true&sort=-at_expires_at",
    )
    .await;
    assert_eq!(
        (
            fresh["items"].as_array().unwrap().len(),
            &fresh["items"][0]["id"]
        ),
        (1, &json!(id))
    );
    let facets = get(&admin, "/credentials/facets?search=life").await;
    assert_eq!(
        (&facets["total"], &facets["states"][0]["count"]),
        (&json!(2), &json!(2))
    );

    let detail = get(&admin, &format!("/credentials/{id}?claims=true")).await;
    assert_eq!(detail["next_refresh_because"], "before_expiry");
    assert_eq!(detail["claims"]["plan"], detail["plan"]);
    let revision = detail["revision"].as_i64().unwrap();
    let own = format!("/credentials/{id}");
    let tag = |tag: &str| Some(json!({"tag": tag}));
    let edited = admin
        .if_match(Method::PATCH, &own, revision, tag("x"))
        .await;
    assert_eq!(edited.status, 200, "{edited:?}");
    let slower = admin
        .if_match(Method::PATCH, &own, revision, tag("y"))
        .await;
    assert_eq!((slower.status, slower.code()), (412, "precondition_failed"));

    assert_eq!(admin.call(Method::DELETE, &own, None).await.status, 204);
    let deleted = get(&admin, "/credentials?deleted=true").await;
    assert_eq!(deleted["items"][0]["id"], json!(id));
    let restored = admin
        .call(Method::POST, &format!("{own}/restore"), None)
        .await;
    assert_eq!((restored.status, restored.text("/tag")), (200, "x"));
    assert_eq!(system.public().get_at("life-b").await.status, 200);

    let live = upstream.live_token("life-b").unwrap();
    let wrong = post(
        &admin,
        &id,
        "reveal",
        json!({"password": "canary-wrong", "what": "refresh_token"}),
    )
    .await;
    assert_eq!((wrong.status, wrong.code()), (401, "invalid_credentials"));
    let shown = post(
        &admin,
        &id,
        "reveal",
        json!({"password": PASSWORD, "what": "refresh_token"}),
    )
    .await;
    assert_eq!((shown.status, shown.text("/value")), (200, live.as_str()));

    let revoked = post(&admin, &id, "revoke", json!({"password": PASSWORD})).await;
    assert_eq!(
        (revoked.status, revoked.text("/state")),
        (200, "dead"),
        "{revoked:?}"
    );
    assert_eq!(revoked.text("/last_code"), "revoked_by_operator");
    assert_eq!(upstream.stats().revocations, 1, "the upstream was asked");
    assert_eq!(post(&admin, &id, "refresh", json!({})).await.status, 409);

    let unmeant = post(&admin, &id, "purge", json!({})).await;
    assert_eq!((unmeant.status, unmeant.code()), (422, "validation_failed"));
    assert_eq!(
        post(&admin, &id, "purge", json!({"confirm": true}))
            .await
            .status,
        204
    );
    assert_eq!(admin.call(Method::GET, &own, None).await.status, 404);
    assert_eq!(get(&admin, "/credentials").await["total"], 2);
    for secret in [live.as_str(), PASSWORD, "canary-wrong"] {
        assert!(!system.log().contains(secret), "a secret is in the log");
    }
}
