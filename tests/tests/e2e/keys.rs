//! API keys from making one to revoking it, over all replicas, and the public API that they open.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use rt_manage_shared::{
    db::{Execute as _, handouts, sql},
    model::key::KeyRef,
};
use rt_manage_tests::{
    standin::{AccountSpec, GatePoint, GateSpec, Options, StandIn},
    support::{Admin, NewCredential, Part, System, until},
};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::database;

/// A program with a key, at one replica.
pub(super) struct Program {
    http: reqwest::Client,
    url: String,
    secret: String,
}

impl Program {
    pub(super) fn at(system: &System, api: Part, secret: &str) -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: format!("{}/public-api", system.url_of(api)),
            secret: secret.to_owned(),
        }
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let call = self.http.request(method, format!("{}{path}", self.url));
        call.bearer_auth(&self.secret)
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.call(Method::POST, path).json(body)
    }

    async fn get_at(&self, body: Value) -> (u16, Value) {
        let (status, _, body) = answer(self.post("/get-at", &body)).await;
        (status, body)
    }

    pub(super) async fn code(&self, biz_id: &str) -> (u16, String) {
        let (status, body) = self.get_at(json!({"biz_id": biz_id})).await;
        (status, body["code"].as_str().unwrap().to_owned())
    }
}

async fn answer(call: RequestBuilder) -> (u16, HeaderMap, Value) {
    let answer = call.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    (
        status,
        headers,
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

pub(super) async fn made(admin: &Admin, body: Value) -> (String, String) {
    let answer = admin.call(Method::POST, "/keys", Some(body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    (
        answer.text("/key/id").to_owned(),
        answer.text("/secret").to_owned(),
    )
}

pub(super) fn ok(status: u16) -> (u16, String) {
    (status, "ok".to_owned())
}

pub(super) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_key_opens_what_it_may_on_every_replica_until_it_is_revoked() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .manual()
        .set("RTM_LOG__LEVEL", "trace");
    let mut system = builder.start().await;
    let admin = system.admin().await;
    let mut ids = Vec::new();
    for (name, tag) in [("a", "red"), ("b", "blue")] {
        let account = upstream.create_account(AccountSpec::key(name)).unwrap();
        let new = NewCredential {
            biz_id: name,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        let id = admin.create(new).await;
        let path = format!("/credentials/{id}");
        let tagged = admin
            .call(Method::PATCH, &path, Some(json!({"tag": tag})))
            .await;
        assert_eq!(tagged.status, 200);
        assert_eq!(system.public().refresh(name).await.status, 200);
        ids.push(id);
    }
    let red = json!({"kind": "tags", "values": ["red"]});
    let (key, secret) = made(
        &admin,
        json!({"name": "red", "scopes": ["get_at"], "reach": red}),
    )
    .await;
    let (_, reader) = made(
        &admin,
        json!({"name": "reader", "scopes": ["get_at", "read_rt"]}),
    )
    .await;
    let (_, slow) = made(
        &admin,
        json!({"name": "slow", "scopes": ["get_at"], "rate_limit_per_minute": 1}),
    )
    .await;
    let past = json!({"name": "past", "scopes": ["get_at"], "expires_at": "2020-01-01T00:00:00Z"});
    assert_eq!(
        admin.call(Method::POST, "/keys", Some(past)).await.status,
        422
    );
    for api in system.apis() {
        let program = Program::at(&system, api, &secret);
        assert_eq!(program.code("a").await, ok(200));
        assert_eq!(program.code("b").await, refused(404, "not_found"));
        let (status, _, body) = answer(program.post("/refresh", &json!({"biz_id": "a"}))).await;
        assert_eq!((status, &body["code"]), (403, &json!("forbidden_scope")));
        let (_, body) = Program::at(&system, api, &reader)
            .get_at(json!({"biz_id": "b"}))
            .await;
        assert_eq!(
            body["data"]["refresh_token"],
            upstream.live_token("b").unwrap()
        );
        let slow = Program::at(&system, api, &slow);
        assert_eq!(slow.code("a").await, ok(200));
        let (status, headers, body) = answer(slow.post("/get-at", &json!({"biz_id": "a"}))).await;
        assert_eq!((status, &body["code"]), (429, &json!("rate_limited")));
        assert!(
            headers["retry-after"]
                .to_str()
                .unwrap()
                .parse::<u64>()
                .unwrap()
                > 0
        );
        let admin_api = format!("{}/api/v1/credentials", system.url_of(api));
        let (status, _, body) = answer(program.http.get(admin_api).bearer_auth(&secret)).await;
        let refused = (status, &body["code"]);
        assert_eq!(refused, (403, &json!("forbidden_scope")), "not for tokens");
    }
    // Revoked on one replica, refused on all a second later.
    let path = format!("/keys/{key}");
    assert_eq!(admin.call(Method::DELETE, &path, None).await.status, 204);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for api in system.apis() {
        let program = Program::at(&system, api, &secret);
        assert_eq!(program.code("a").await, refused(401, "unauthorized"));
    }
    let revoked = admin.call(Method::GET, "/keys?revoked=true", None).await;
    assert_eq!(revoked.text("/items/0/status"), "revoked");
    let live = admin.call(Method::GET, "/keys", None).await;
    let log = system.log();
    // The last hand-outs are counted by a process that is told to end.
    let replicas = u64::try_from(system.apis().len()).unwrap();
    system.signal(Signal::TERM);
    system.ended().await;
    let db = database(&builder).await;
    let about = handouts::About::Key(KeyRef::Made(key.parse().unwrap()));
    let counted = handouts::list(&mut &db, about, None, 9).await.unwrap();
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert_eq!(
        (counted[0].0.credential.to_string(), counted[0].1.count),
        (ids[0].clone(), replicas)
    );

    let mut places = vec![
        log,
        system.log(),
        live.body.to_string(),
        revoked.body.to_string(),
    ];
    for text in [
        "SELECT prefix AS a, hash AS b, name AS c FROM {api_keys}",
        "SELECT detail AS a, target AS b, action AS c FROM {audit}",
    ] {
        for row in (&mut &db).fetch_all(sql(text)).await.unwrap() {
            for column in ["a", "b", "c"] {
                places.push(row.opt_text(column).unwrap().unwrap_or_default());
            }
        }
    }
    assert!(places.iter().any(|place| place.contains(&secret[..12])));
    for secret in [&secret, &reader, &slow] {
        assert!(places.iter().all(|place| !place.contains(&secret[12..])));
    }
}

#[tokio::test]
async fn programs_get_tokens_as_they_wish() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let system = crate::system(&upstream.token_url())
        .patient()
        .manual()
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .start()
        .await;
    let admin = system.admin().await;
    for name in ["a", "b", "short"] {
        let spec = AccountSpec {
            at_life_seconds: (name == "short").then_some(600),
            ..AccountSpec::key(name)
        };
        let account = upstream.create_account(spec).unwrap();
        let new = NewCredential {
            biz_id: name,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
    let (_, secret) = made(
        &admin,
        json!({"name": "all", "scopes": ["get_at", "refresh"]}),
    )
    .await;
    let apis = system.apis();
    let (one, other) = (
        Program::at(&system, apis[0], &secret),
        Program::at(&system, apis[apis.len() - 1], &secret),
    );
    // A token that is not there is fetched; one that never lives long enough is fetched once.
    let want = json!({"items": [{"biz_id": "a"}, {"biz_id": "nobody"}, {"biz_id": "short"}], "min_ttl": 3600});
    let (status, _, body) = answer(one.post("/get-at/batch", &want)).await;
    let items = &body["data"]["items"];
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (
            &items[0]["data"]["fresh"],
            &items[0]["data"]["refresh_result"]
        ),
        (&json!(true), &json!("rotated"))
    );
    assert_eq!(items[1]["code"], "not_found");
    assert_eq!(
        (
            &items[2]["data"]["fresh"],
            &items[2]["data"]["refresh_result"]
        ),
        (&json!(false), &json!("rotated"))
    );
    let (_, body) = other
        .get_at(json!({"biz_id": "short", "min_ttl": 3600}))
        .await;
    assert_eq!(
        (&body["data"]["fresh"], &body["data"]["refresh_result"]),
        (&json!(false), &json!("too_soon"))
    );
    assert_eq!(
        body["data"]["access_token"],
        items[2]["data"]["access_token"]
    );
    assert_eq!(upstream.calls_of("short").len(), 1);

    let (_, headers, _) = answer(one.post("/get-at", &json!({"biz_id": "a"}))).await;
    let etag = headers["etag"].to_str().unwrap();
    let known = other
        .call(Method::GET, "/get-at?biz_id=a")
        .header("if-none-match", etag);
    assert_eq!(answer(known).await.0, 304);

    // Asked for at one replica, looked at in another.
    let gate = upstream.gate(GateSpec::at(GatePoint::BeforeRotation));
    let refresh = one
        .post("/refresh", &json!({"biz_id": "b"}))
        .header("prefer", "respond-async");
    let (status, headers, body) = answer(refresh).await;
    assert_eq!((status, &body["code"]), (202, &json!("refresh_pending")));
    assert_eq!(headers["preference-applied"], "respond-async");
    let path = format!("/attempts/{}", body["data"]["attempt_id"].as_str().unwrap());
    let look = async || answer(other.call(Method::GET, &path)).await.2["data"].clone();
    assert_eq!(look().await["done"], false);
    gate.release();
    until("the refresh has ended", async || {
        look().await["done"] == true
    })
    .await;
    assert_eq!(look().await["outcome"], "rotated");
    assert_eq!(other.code("b").await, ok(200));
}
