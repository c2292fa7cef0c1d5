//! The public API's answers to everything that is not a plain success.

use reqwest::Method;
use rt_manage_tests::{
    standin::{AccountSpec, GatePoint, GateSpec, Options, StandIn},
    support::NewCredential,
};
use serde_json::json;

#[tokio::test]
async fn each_fault_has_its_status_and_code() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let system = crate::system(&upstream.token_url()).manual().start().await;
    let public = system.public();
    let post = |path: &str| public.request(Method::POST, path);
    for path in ["/public-api/refresh", "/public-api/get-at"] {
        let json = |body: &'static str| {
            post(path)
                .header("content-type", "application/json")
                .body(body)
        };
        let table = [
            (public.request(Method::PUT, path), 405, "method_not_allowed"),
            (
                post(path).header("content-type", "text/plain").body("{}"),
                415,
                "unsupported_media_type",
            ),
            (json("{"), 400, "invalid_json"),
            (json("[]"), 400, "invalid_json"),
            (json(r#"{"biz_id": 5}"#), 400, "invalid_json"),
            (json("{}"), 400, "invalid_request"),
            (json(r#"{"biz_id": ""}"#), 400, "invalid_request"),
            (json(r#"{"biz_id": "nobody"}"#), 404, "not_found"),
            (json(r#"{"email": "nobody@example.com"}"#), 404, "not_found"),
        ];
        for (request, status, code) in table {
            let answer = public.send(request).await;
            assert_eq!(
                (answer.status, answer.code()),
                (status, code),
                "{path}: {answer:?}"
            );
            assert_eq!(answer.body["success"], false);
            assert!(!answer.text("/msg").is_empty());
            assert!(!answer.text("/request_id").is_empty());
        }
        let large = post(path)
            .header("content-type", "application/json")
            .body(vec![b' '; 1024 * 1024 + 1]);
        assert_eq!(public.send(large).await.status, 413);
        for secret in ["", "wrong", "my-api-secret-2025 "] {
            let answer = public
                .send(
                    post(path)
                        .header("X-API-Secret", secret)
                        .json(&json!({"biz_id": "x"})),
                )
                .await;
            // The right secret stands in the same request: two values are as wrong as one.
            assert_eq!(
                (answer.status, answer.code()),
                (401, "unauthorized"),
                "{answer:?}"
            );
        }
        let bare = reqwest::Client::builder().no_proxy().build().unwrap();
        let bare = bare.post(format!("{}{path}", system.url()));
        let answer = public
            .send(bare.try_clone().unwrap().json(&json!({"biz_id": "x"})))
            .await;
        assert_eq!((answer.status, answer.code()), (401, "unauthorized"));
        let wrong = bare
            .header("X-API-Secret", "wrong")
            .json(&json!({"biz_id": "x"}));
        assert_eq!(public.send(wrong).await.status, 401);
    }
    // The example's secret is for this host and private networks, never through a proxy.
    let forwarded = post("/public-api/get-at")
        .header("X-Forwarded-For", "203.0.113.9")
        .json(&json!({"biz_id": "x"}));
    assert_eq!(public.send(forwarded).await.status, 401);
    assert_eq!(system.get("/public-api/health").await.body["status"], "ok");
    assert_eq!(system.get("/health").await.body["status"], "ok");
    assert_eq!(system.get("/livez").await.status, 200);
    assert_eq!(system.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn access_tokens_are_served_as_they_stand() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let system = crate::system(&upstream.token_url()).manual().start().await;
    let admin = system.admin().await;
    let public = system.public();
    for (key, email) in [
        ("a", "same@example.com"),
        ("b", "same@example.com"),
        ("c", "only@example.com"),
    ] {
        let spec = AccountSpec {
            email: Some(email.into()),
            ..AccountSpec::key(key)
        };
        let account = upstream.create_account(spec).unwrap();
        let new = NewCredential {
            biz_id: key,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
        let missing = public.get_at(key).await;
        assert_eq!(
            (missing.status, missing.code()),
            (409, "access_token_missing")
        );
        assert_eq!(public.refresh(key).await.status, 200);
    }
    let by_email = |email: &str| {
        public
            .request(Method::POST, "/public-api/get-at")
            .json(&json!({"email": email}))
    };
    let ambiguous = public.send(by_email("same@example.com")).await;
    assert_eq!(
        (ambiguous.status, ambiguous.code()),
        (409, "email_ambiguous")
    );
    let only = public.send(by_email("only@example.com")).await;
    assert_eq!(only.text("/data/biz_id"), "c");
    assert!(only.body["data"]["expires_in"].as_i64().unwrap() > 863_000);
    // biz_id wins when both are given.
    let both = public
        .request(Method::POST, "/public-api/get-at")
        .json(&json!({"biz_id": "a", "email": "only@example.com"}));
    assert_eq!(public.send(both).await.text("/data/biz_id"), "a");
}

#[tokio::test]
async fn disabled_and_deleted_credentials_are_not_served() {
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
    let public = system.public();
    assert_eq!(public.refresh("x").await.status, 200);
    let path = format!("/credentials/{id}");
    admin
        .call(Method::PATCH, &path, Some(json!({"enabled": false})))
        .await;
    for answer in [public.get_at("x").await, public.refresh("x").await] {
        assert_eq!((answer.status, answer.code()), (403, "disabled"));
    }
    assert_eq!(admin.call(Method::DELETE, &path, None).await.status, 204);
    for answer in [public.get_at("x").await, public.refresh("x").await] {
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
    assert_eq!(upstream.calls_of("x").len(), 1);
}

#[tokio::test]
async fn an_expired_access_token_is_not_served() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let spec = AccountSpec {
        at_life_seconds: Some(600),
        ..AccountSpec::key("x")
    };
    let account = upstream.create_account(spec).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let system = builder.start().await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    assert_eq!(system.public().refresh("x").await.status, 200);
    system.kill().await;
    let later = builder
        .set("RTM_TEST_CLOCK_SHIFT_SECONDS", "601")
        .start()
        .await;
    let answer = later.public().get_at("x").await;
    assert_eq!(
        (answer.status, answer.code()),
        (409, "access_token_expired")
    );
}

#[tokio::test]
async fn a_wait_that_is_over_names_the_attempt() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("slow")).unwrap();
    let system = crate::system(&upstream.token_url())
        .patient()
        .manual()
        .set("RTM_SERVER__REFRESH_WAIT_SECONDS", "1")
        .start()
        .await;
    let admin = system.admin().await;
    let new = NewCredential {
        biz_id: "slow",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    let id = admin.create(new).await;
    let gate = upstream.gate(GateSpec::at(GatePoint::BeforeRotation));
    let answer = system.public().refresh("slow").await;
    assert_eq!(
        (answer.status, answer.code()),
        (504, "refresh_pending"),
        "{answer:?}"
    );
    assert_eq!(answer.text("/data/attempt_id").len(), 26);
    gate.release();
    // Nobody waits any more, and the answer is saved all the same.
    rt_manage_tests::support::until("the answer is saved", || async {
        system.public().get_at("slow").await.status == 200
    })
    .await;
    assert_eq!(admin.state(&id).await, "idle");
    assert_eq!(upstream.calls_of("slow").len(), 1);
}

#[tokio::test]
async fn paused_means_no_calls_and_tokens_are_still_served() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0");
    let system = builder.start().await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    assert_eq!(system.public().refresh("x").await.status, 200);
    assert!(
        builder
            .command()
            .args(["pause", "--reason", "a test"])
            .status()
            .unwrap()
            .success()
    );
    let answer = system.public().refresh("x").await;
    assert_eq!(
        (answer.status, answer.code()),
        (503, "refresh_paused"),
        "{answer:?}"
    );
    assert_eq!(system.public().get_at("x").await.status, 200);
    assert_eq!(upstream.calls_of("x").len(), 1);
    assert!(builder.command().arg("resume").status().unwrap().success());
    assert_eq!(system.public().refresh("x").await.status, 200);
}

#[tokio::test]
async fn refresh_tokens_are_handed_out_only_where_the_operator_says_so() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let account = upstream.create_account(AccountSpec::key("x")).unwrap();
    let system = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_AUTH__PUBLIC_API_RETURN_REFRESH_TOKEN", "true")
        .set("RTM_AUTH__PUBLIC_API_PREFIX", "/other/api")
        .start()
        .await;
    let new = NewCredential {
        biz_id: "x",
        refresh_token: &account.refresh_token,
        ..NewCredential::default()
    };
    system.admin().await.create(new).await;
    let public = system.public();
    let request = public
        .request(Method::POST, "/other/api/refresh")
        .json(&json!({"biz_id": "x"}));
    let answer = public.send(request).await;
    assert_eq!(
        answer.text("/data/refresh_token"),
        upstream.live_token("x").unwrap()
    );
    assert_eq!(
        public.refresh("x").await.status,
        404,
        "the default prefix is not served"
    );
}
