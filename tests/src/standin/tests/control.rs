//! The control routes.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{super::*, *};

struct Remote {
    client: Client,
    base: String,
}

impl Remote {
    fn new(standin: &StandIn) -> Self {
        Self {
            client: client(),
            base: format!("{}/_standin", standin.url()),
        }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}/{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        serde_json::from_value(self.ask("GET", path, None).await.1).unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask("POST", path, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

#[tokio::test]
async fn accounts_ledger_and_audit() {
    let standin = start();
    let remote = Remote::new(&standin);
    let made = remote
        .post(
            "accounts",
            json!({"count": 2, "key": "k", "access_token": true}),
        )
        .await;
    let made: Vec<Account> = serde_json::from_value(made).unwrap();
    assert_eq!(made[1].key, "k002");
    let access = json!({"access_token": made[1].access_token});
    assert_eq!(remote.post("introspect", access).await["live"], true);
    refresh(&client(), &standin, &made[0].refresh_token).await;

    let one: AccountLedger = remote.get("ledger?account=k001").await;
    assert_eq!(one.tokens.len(), 2);
    let all: Vec<AccountLedger> = remote.get("ledger").await;
    assert_eq!(all.len(), 2);
    let calls: Vec<CallRecord> = remote.get("calls?account=k001").await;
    assert_eq!(calls.len(), 1);
    let calls: Vec<CallRecord> = remote.get("calls?after=1").await;
    assert!(calls.is_empty());
    let stats: Stats = remote.get("stats").await;
    assert_eq!(stats.rotations, 1);
    let stored = json!([{"key": "k001", "refresh_token": made[0].refresh_token},
                        {"key": "k002", "refresh_token": made[1].refresh_token}]);
    let audit: Audit = serde_json::from_value(remote.post("audit", stored).await).unwrap();
    assert_eq!((audit.held, audit.lost_keys()), (1, vec!["k001"]));

    remote
        .post("accounts/end", json!({"account": "k002"}))
        .await;
    let (_, answer) = refresh(&client(), &standin, &made[1].refresh_token).await;
    assert_eq!(code(&answer), "app_session_terminated");
    remote.post("reset", Value::Null).await;
    assert_eq!(remote.get::<Stats>("stats").await.accounts, 0);
}

#[tokio::test]
async fn faults_defaults_and_gates() {
    let standin = start();
    let remote = Remote::new(&standin);
    let token = account(&standin).refresh_token;
    let (status, defaults) = remote
        .ask("PATCH", "defaults", Some(json!({"at_life_seconds": 5})))
        .await;
    assert_eq!((status, &defaults["reuse_leeway_ms"]), (200, &json!(0)));

    let fault = json!({"account": "user001", "times": 1,
        "answer": {"kind": "error", "status": 503, "shape": "html", "retry_after": {"seconds": 3}},
        "delivery": {"kind": "complete"}});
    let id = remote.post("faults", fault).await["id"].as_u64().unwrap();
    let active: Vec<ActiveFault> = remote.get("faults").await;
    assert_eq!(active[0].id, id);
    let response = send(&client(), &standin, &token).await.unwrap();
    assert_eq!(response.headers()["retry-after"], "3");
    let (status, _) = remote.ask("DELETE", &format!("faults?id={id}"), None).await;
    assert_eq!(status, 404, "it is used up");

    let gate = json!({"point": "after_rotation", "account": "user001"});
    let gate = remote.post("gates", gate).await["id"].as_u64().unwrap();
    let call = async {
        let (status, answer) = refresh(&client(), &standin, &token).await;
        assert_eq!((status, &answer["expires_in"]), (200, &json!(5)));
    };
    let steer = async {
        let (status, _) = remote
            .ask("GET", &format!("gates/wait?id={gate}"), None)
            .await;
        assert_eq!(status, 200);
        let path = "calls/wait?finished=2&timeout_ms=1";
        assert_eq!(remote.ask("GET", path, None).await.0, 504);
        remote
            .post(&format!("gates/release?id={gate}"), Value::Null)
            .await;
        let (status, _) = remote.ask("GET", "calls/wait?finished=2", None).await;
        assert_eq!(status, 200);
    };
    tokio::join!(call, steer);
}

#[tokio::test]
async fn wrong_control_requests_are_explained() {
    let standin = start();
    let remote = Remote::new(&standin);
    account(&standin);
    for (method, path, body, status) in [
        ("POST", "faults", json!({"tims": 1}), 400),
        ("POST", "accounts", json!({"key": "user001"}), 400),
        (
            "POST",
            "accounts",
            json!({"count": 2, "refresh_token": "x"}),
            400,
        ),
        ("GET", "ledger?account=x", Value::Null, 400),
        ("GET", "gates/wait?id=9", Value::Null, 404),
        ("GET", "nothing", Value::Null, 404),
    ] {
        let (seen, answer) = remote.ask(method, path, Some(body)).await;
        assert_eq!(seen, status, "{path}");
        assert!(answer["error"].is_string(), "{path}: {answer}");
    }
}

#[test]
fn a_taken_port_is_named() {
    let standin = start();
    let options = Options {
        listen: standin.address(),
        ..Options::default()
    };
    let error = StandIn::start(options).err().unwrap().to_string();
    assert!(error.contains(&standin.address().to_string()), "{error}");
    assert!(error.contains("another program holds this port"), "{error}");
    let address = standin.address();
    drop(standin);
    assert!(std::net::TcpStream::connect(address).is_err(), "stopped");
}
