//! What the public API does besides handing out a token as it stands.

use rt_manage_shared::{
    db::{attempts, system},
    model::grant::Verdict,
};
use serde_json::{Value, json};

use super::{
    Answer, Call,
    desk::Desk,
    public_api::{CONFIGURED, public},
    refresh::{rotated, work},
    rt,
};

fn get_at(body: &Value) -> Call {
    public("POST", "/get-at").key(CONFIGURED).json(body)
}

fn told(answer: &Answer) -> (u16, &Value, &Value) {
    let data = &answer.body["data"];
    (
        answer.status.as_u16(),
        &data["fresh"],
        &data["refresh_result"],
    )
}

#[tokio::test]
async fn a_token_that_lives_too_briefly_is_refreshed_first_and_not_again_soon() {
    let desk = Desk::new().await;
    let (server, app) = (&desk.server, &desk.server.app);
    let id = desk.with_token("a", "", "a@example.com", 600).await;
    let want = |min_ttl: u64| get_at(&json!({"biz_id": "a", "min_ttl": min_ttl}));
    let answer = server.ask(want(500)).await;
    assert_eq!(told(&answer), (200, &json!(true), &Value::Null));
    let (answer, ()) = tokio::join!(
        server.ask(want(3600)),
        work(app, id, rotated(app, "a2"), None)
    );
    assert_eq!(told(&answer), (200, &json!(true), &json!("rotated")));
    assert!(answer.body["data"]["expires_in"].as_i64().unwrap() > 860_000);
    // More than it ever has: told, and nobody is asked.
    let answer = server.ask(want(2_000_000)).await;
    assert_eq!(told(&answer), (200, &json!(false), &json!("too_soon")));
    // After a while, again.
    app.clock
        .set_from_database(app.clock.now() + std::time::Duration::from_secs(61));
    let (answer, ()) = tokio::join!(
        server.ask(want(2_000_000)),
        work(
            app,
            id,
            Verdict::Transient { retry_after: None },
            Some("http_503")
        )
    );
    assert_eq!(told(&answer), (200, &json!(false), &json!("http_503")));
    // A refresh that failed counts, too.
    let answer = server.ask(want(2_000_000)).await;
    assert_eq!(told(&answer), (200, &json!(false), &json!("too_soon")));
    let made = attempts::history(&mut &app.db, id, None, 10).await.unwrap();
    assert_eq!(made.len(), 2);

    for (min_ttl, code) in [
        (json!(2_592_001), "invalid_request"),
        (json!(-1), "invalid_json"),
        (json!("1"), "invalid_json"),
    ] {
        let answer = server
            .ask(get_at(&json!({"biz_id": "a", "min_ttl": min_ttl})))
            .await;
        assert_eq!(answer.code(), (400, code));
    }
}

#[tokio::test]
async fn a_usable_token_is_handed_out_whatever_becomes_of_the_refresh() {
    let desk = Desk::new().await;
    let (server, app) = (&desk.server, &desk.server.app);
    let id = desk.with_token("a", "", "a@example.com", 600).await;
    let none = desk.created("none").await;
    let want = |name: &str| get_at(&json!({"biz_id": name, "min_ttl": 3600}));
    system::switch_on(&mut &app.db, system::PAUSED, "a test", app.clock.now())
        .await
        .unwrap();
    let answer = server.ask(want("a")).await;
    assert_eq!(
        told(&answer),
        (200, &json!(false), &json!("refresh_paused"))
    );
    let seconds = answer.body["data"]["expires_in"].as_i64().unwrap();
    assert!((1..=600).contains(&seconds), "its real end: {seconds}");
    // Without a usable one it is told why there is none.
    assert_eq!(
        server.ask(want("none")).await.code(),
        (503, "refresh_paused")
    );
    system::switch_off(&mut &app.db, system::PAUSED)
        .await
        .unwrap();
    let (answer, ()) = tokio::join!(
        server.ask(want("none")),
        work(app, none, Verdict::Rejected, Some("gone"))
    );
    assert_eq!(answer.code(), (500, "refresh_failed"));
    let (answer, ()) = tokio::join!(
        server.ask(want("a")),
        work(app, id, Verdict::Rejected, Some("gone"))
    );
    assert_eq!(told(&answer), (200, &json!(false), &json!("gone")));
    app.clock
        .set_from_database(app.clock.now() + std::time::Duration::from_secs(61));
    assert_eq!(
        told(&server.ask(want("a")).await),
        (200, &json!(false), &json!("dead"))
    );
    assert_eq!(server.ask(want("none")).await.code(), (409, "dead"));
    desk.patch(id, json!({"enabled": false})).await;
    assert_eq!(server.ask(want("a")).await.code(), (403, "disabled"));
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let desk = Desk::new().await;
    let (server, app) = (&desk.server, &desk.server.app);
    let id = desk.with_token("a", "", "a@example.com", 600).await;
    desk.with_token("b", "", "b@example.com", 600).await;
    let get = |query: &str| public("GET", &format!("/get-at?{query}")).key(CONFIGURED);
    let first = server.ask(get("biz_id=a")).await;
    let etag = first.header("etag").to_owned();
    assert!(first.code() == (200, "ok") && etag.len() == 34, "{etag}");
    let posted = server.ask(get_at(&json!({"biz_id": "a"}))).await;
    assert_eq!(posted.header("etag"), etag);
    for known in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let answer = server
            .ask(get("email=a@example.com").header("if-none-match", known))
            .await;
        assert_eq!((answer.status.as_u16(), &answer.body), (304, &Value::Null));
        assert_eq!(answer.header("etag"), etag);
    }
    for query in ["biz_id=b", "biz_id=a&min_ttl=60"] {
        let answer = server
            .ask(get(query).header("if-none-match", etag.clone()))
            .await;
        assert_eq!(answer.status, 200, "{query}");
    }
    let reader = desk.key(json!({"scopes": ["get_at", "read_rt"]})).await;
    let call = public("GET", "/get-at?biz_id=a")
        .key(&reader)
        .header("if-none-match", etag.clone());
    assert_eq!(
        server.ask(call).await.body["data"]["refresh_token"],
        rt("a")
    );
    // What was not sent was not handed out.
    app.keys.flush().await;
    let counted = desk
        .send("GET", &format!("/credentials/{id}/handouts"), &Value::Null)
        .await
        .body;
    let counted = counted["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["key_id"] == "configured")
        .unwrap()
        .clone();
    assert_eq!(counted["count"], 3);
    // A new token is another one.
    let refresh = public("POST", "/refresh")
        .key(CONFIGURED)
        .json(&json!({"biz_id": "a"}));
    let (answer, ()) = tokio::join!(server.ask(refresh), work(app, id, rotated(app, "a2"), None));
    assert_eq!(answer.status, 200);
    let answer = server
        .ask(get("biz_id=a").header("if-none-match", etag))
        .await;
    assert_eq!(answer.status, 200);
    for (query, code) in [
        ("", (400, "invalid_request")),
        ("biz_id=a&min_ttl=x", (400, "invalid_request")),
        ("biz_id=z", (404, "not_found")),
    ] {
        assert_eq!(server.ask(get(query)).await.code(), code, "{query}");
    }
    let answer = server.ask(public("PUT", "/get-at").key(CONFIGURED)).await;
    assert_eq!(answer.code(), (405, "method_not_allowed"));
    assert!(answer.header("allow").contains("POST"));
}

#[tokio::test]
async fn many_are_asked_for_at_once() {
    let desk = Desk::new().await;
    let (server, app) = (&desk.server, &desk.server.app);
    for (name, tag, email, life) in [
        ("a", "red", "x@example.com", 600),
        ("b", "red", "x@example.com", 6000),
        ("c", "red", "c@example.com", 6000),
        ("d", "blue", "d@example.com", 6000),
        ("off", "red", "off@example.com", 6000),
    ] {
        desk.with_token(name, tag, email, life).await;
    }
    let off = desk
        .send("GET", "/credentials?page_size=500", &Value::Null)
        .await
        .body;
    let id = |name: &str| {
        let found = off["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["biz_id"] == name)
            .unwrap();
        found["id"].as_str().unwrap().parse().unwrap()
    };
    desk.patch(id("off"), json!({"enabled": false})).await;
    let key = desk
        .key(json!({"reach": {"kind": "tags", "values": ["red"]}}))
        .await;
    let batch = |body: &Value| public("POST", "/get-at/batch").key(&key).json(body);
    let codes = |answer: &Answer| {
        assert_eq!(answer.code(), (200, "ok"), "{answer:?}");
        let items = answer.body["data"]["items"].as_array().unwrap().clone();
        let text = |item: &Value| {
            assert_eq!(item["success"], item["code"] == "ok");
            let name = item["data"]["biz_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            format!("{} {name}", item["code"].as_str().unwrap())
                .trim()
                .to_owned()
        };
        items.iter().map(text).collect::<Vec<_>>()
    };
    let items = json!([
        {"biz_id": "b"}, {"email": "c@example.com"}, {"biz_id": "z"}, {"biz_id": "d"}, {"email": "x@example.com"}, {"email": "d@example.com"},
        {"biz_id": "off"}, {}, {"biz_id": "b"}, {"biz_id": "a", "email": "c@example.com", "note": 1},
    ]);
    let expected = [
        "ok b",
        "ok c",
        "not_found",
        "not_found",
        "email_ambiguous",
        "not_found",
        "disabled",
        "invalid_request",
        "ok b",
        "ok a",
    ];
    let answer = server.ask(batch(&json!({"items": items}))).await;
    assert_eq!(codes(&answer), expected);
    assert!(
        answer.body["data"]["items"][0]["data"]["access_token"]
            .as_str()
            .unwrap()
            .starts_with("h.")
    );

    // Only the one that needs it is refreshed, once.
    let wanted =
        json!({"items": [{"biz_id": "a"}, {"biz_id": "b"}, {"biz_id": "a"}], "min_ttl": 3600});
    let (answer, ()) = tokio::join!(
        server.ask(batch(&wanted)),
        work(app, id("a"), rotated(app, "a2"), None)
    );
    assert_eq!(codes(&answer), ["ok a", "ok b", "ok a"]);
    let items = &answer.body["data"]["items"];
    for (n, result) in [
        (0, json!("rotated")),
        (1, Value::Null),
        (2, json!("rotated")),
    ] {
        assert_eq!(items[n]["data"]["fresh"], true);
        assert_eq!(items[n]["data"]["refresh_result"], result);
    }
    for body in [
        json!({"items": []}),
        json!({"items": vec![json!({"biz_id": "a"}); 101]}),
        json!({"items": [{"biz_id": "a"}], "min_ttl": 2_592_001}),
    ] {
        assert_eq!(
            server.ask(batch(&body)).await.code(),
            (400, "invalid_request")
        );
    }
    assert_eq!(
        server.ask(batch(&json!({"biz_id": "a"}))).await.code(),
        (400, "invalid_json")
    );
}

#[tokio::test]
async fn a_refresh_need_not_be_waited_for() {
    let desk = Desk::new().await;
    let (server, app) = (&desk.server, &desk.server.app);
    let id = desk.with_token("a", "red", "a@example.com", 600).await;
    let refresh = || {
        public("POST", "/refresh")
            .key(CONFIGURED)
            .json(&json!({"biz_id": "a"}))
    };
    let answer = server
        .ask(refresh().header("prefer", "return=minimal, Respond-Async; x=1"))
        .await;
    assert_eq!(answer.code(), (202, "refresh_pending"));
    assert_eq!(answer.header("preference-applied"), "respond-async");
    let attempt = answer.body["data"]["attempt_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let look =
        |secret: &str, attempt: &str| public("GET", &format!("/attempts/{attempt}")).key(secret);
    let answer = server.ask(look(CONFIGURED, &attempt)).await;
    let expected = json!({
        "attempt_id": attempt, "biz_id": "a", "state": "queued", "done": false, "outcome": null, "refresh_result": null, "detail": null,
    });
    assert_eq!(answer.body["data"], expected);
    // Whoever asks again joins it.
    let again = server
        .ask(refresh().header("prefer", "respond-async"))
        .await;
    assert_eq!(again.body["data"]["attempt_id"], attempt.as_str());
    work(
        app,
        id,
        Verdict::Transient { retry_after: None },
        Some("http_503"),
    )
    .await;
    let data = server.ask(look(CONFIGURED, &attempt)).await.body["data"].clone();
    assert_eq!(
        (&data["done"], &data["outcome"], &data["refresh_result"]),
        (&json!(true), &json!("transient"), &json!("http_503"))
    );
    // Not for those who may not know of the credential.
    let blue = desk
        .key(json!({"reach": {"kind": "tags", "values": ["blue"]}}))
        .await;
    let red = desk
        .key(json!({"reach": {"kind": "tags", "values": ["red"]}}))
        .await;
    assert_eq!(server.ask(look(&red, &attempt)).await.status, 200);
    assert_eq!(
        server.ask(look(&blue, &attempt)).await.code(),
        (404, "not_found")
    );
    for unknown in ["x", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        assert_eq!(
            server.ask(look(CONFIGURED, unknown)).await.code(),
            (404, "not_found")
        );
    }
}

#[test]
fn the_document_tells_of_keys_and_of_the_public_api() {
    let document = serde_json::to_value(crate::routes::admin::openapi()).unwrap();
    for (path, method) in [
        ("/public-api/get-at", "get"),
        ("/public-api/get-at", "post"),
        ("/public-api/get-at/batch", "post"),
        ("/public-api/refresh", "post"),
        ("/public-api/attempts/{attempt_id}", "get"),
    ] {
        let operation = &document["paths"][path][method];
        assert_eq!(
            operation["security"],
            json!([{"apiSecret": []}, {"apiKey": []}]),
            "{path}"
        );
        let failure = &operation["responses"]["4XX"]["content"]["application/json"]["schema"];
        assert_eq!(failure["$ref"], "#/components/schemas/PublicFailure");
    }
    assert!(document["paths"]["/api/v1/keys/{id}"]["patch"].is_object());
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["apiSecret"]["name"], "X-API-Secret");
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}
