//! `/settings`: what is in force and why, changing it, and its history.

use rt_manage_shared::config::{Config, LoadOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, PASSWORD, Server, call};

async fn get(server: &Server, token: &str, path: &str) -> Answer {
    let answer = server.send(call("GET", path).bearer(token)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn patch(server: &Server, token: &str, etag: &str, body: Value) -> Answer {
    let call = call("PATCH", "/settings").bearer(token);
    server.send(call.header("if-match", etag).json(&body)).await
}

fn setting<'a>(document: &'a Value, key: &str) -> &'a Value {
    let all = document["settings"].as_array().unwrap();
    all.iter().find(|one| one["key"] == key).unwrap()
}

fn fields(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.code(), (422, "validation_failed"), "{answer:?}");
    let errors = answer.body["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_change_is_in_force_and_remembered() {
    let server = Server::new().await;
    let token = server.token().await;
    let read = get(&server, &token, "/settings").await;
    assert_eq!(read.header("etag"), "\"0\"");
    let auto = setting(&read.body, "refresh.auto");
    assert_eq!(
        (&auto["value"], &auto["source"]),
        (&json!(true), &json!("default"))
    );
    assert_eq!(
        (&auto["type"], &auto["saved"]),
        (&json!("boolean"), &json!(null))
    );
    let days = setting(&read.body, "refresh.interval_days");
    assert_eq!(
        (&days["minimum"], &days["maximum"]),
        (&json!(1), &json!(30))
    );
    assert_eq!(days["optional"], true);
    let policy = setting(&read.body, "refresh.in_doubt_policy");
    assert_eq!(
        policy["choices"],
        json!(["before_expiry", "immediate", "manual"])
    );

    let edit = json!({"refresh.auto": false, "refresh.lane_depth": "50", "refresh.interval_days": 7,
        "refresh.probe_delays_seconds": [5, 6], "openai.client_id": "app_other"});
    let changed = patch(&server, &token, "\"0\"", edit.clone()).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.header("etag"), "\"1\"");
    let depth = setting(&changed.body, "refresh.lane_depth");
    assert_eq!((&depth["value"], &depth["saved"]), (&json!(50), &json!(50)));
    assert_eq!(
        (&depth["source"], &depth["default"]),
        (&json!("database"), &json!(1000))
    );
    let config = server.app.settings.current();
    assert!(!config.config().refresh.auto);
    assert_eq!(config.policy.probe_delays.len(), 2);
    // The same once more is no new version.
    let same = patch(&server, &token, "\"1\"", edit).await;
    assert_eq!((same.status.as_u16(), same.header("etag")), (200, "\"1\""));

    // A null takes a saved value away.
    let body = json!({"refresh.auto": null, "refresh.interval_days": ""});
    let changed = patch(&server, &token, "\"1\"", body).await;
    assert_eq!(setting(&changed.body, "refresh.auto")["value"], true);
    assert_eq!(
        setting(&changed.body, "refresh.interval_days")["value"],
        json!(null)
    );
    let history = get(&server, &token, "/settings/history?limit=1").await.body;
    let item = &history["items"][0];
    assert_eq!(
        (&item["version"], &item["saved_by"]),
        (&json!(2), &json!("admin"))
    );
    assert_eq!(
        item["changes"]["refresh.auto"],
        json!({"from": false, "to": null})
    );
    assert_eq!(history["next"], 2);
    let earlier = get(&server, &token, "/settings/history?before=2")
        .await
        .body;
    assert_eq!(earlier["items"][0]["version"], 1);
    assert_eq!(earlier["next"], json!(null));
    // A credential without a client id gets the one that was set.
    let body = json!({"refresh_token": super::rt("x")});
    let created = call("POST", "/credentials").bearer(&token).json(&body);
    assert_eq!(server.send(created).await.body["client_id"], "app_other");
}

#[tokio::test]
async fn nothing_is_changed_without_knowing_what_is_there() {
    let server = Server::new().await;
    let token = server.token().await;
    let body = json!({"refresh.auto": false});
    let blind = call("PATCH", "/settings").bearer(&token).json(&body);
    assert_eq!(
        server.send(blind).await.code(),
        (428, "precondition_required")
    );
    for stale in ["\"7\"", "*", "1", "W/\"0\""] {
        let answer = patch(&server, &token, stale, body.clone()).await;
        assert_eq!(answer.code(), (412, "precondition_failed"), "{stale}");
    }
    assert!(server.app.settings.current().config().refresh.auto);
}

#[tokio::test]
async fn errors_stand_at_their_fields() {
    let server = Server::new().await;
    let token = server.token().await;
    let body = json!({"refresh.auto": "perhaps", "refresh.rate_per_second": 0, "refresh.lane_depth": {"a": 1},
        "server.port": 1, "refresh.oops": 1});
    let answer = patch(&server, &token, "\"0\"", body).await;
    let mut found = fields(&answer);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "refresh.auto",
            "refresh.lane_depth",
            "refresh.oops",
            "refresh.rate_per_second",
            "server.port"
        ]
    );
    // What contradicts other settings stands at the field that was sent.
    let body = json!({"openai.request_timeout_seconds": 300});
    let answer = patch(&server, &token, "\"0\"", body).await;
    assert!(
        fields(&answer)
            .iter()
            .all(|field| *field == "openai.request_timeout_seconds")
    );
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("worker.drain_seconds")
    );
    let read = get(&server, &token, "/settings").await;
    assert_eq!(read.header("etag"), "\"0\"");
}

#[tokio::test]
async fn what_the_environment_fixes_stays() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let options = LoadOptions {
        file: None,
        env: vec![
            set("RTM_DATABASE__DATABASE", &path("tokens.db")),
            set("RTM_SECURITY__KEY_FILE", &path("keys")),
            set("RTM_AUTH__PASSWORD", PASSWORD),
            set("RTM_REFRESH__AUTO", "false"),
        ],
        flags: vec![set("refresh.lane_depth", "9")],
    };
    let server = Server::over(folder, Config::load(&options).unwrap()).await;
    let token = server.token().await;
    let read = get(&server, &token, "/settings").await;
    let auto = setting(&read.body, "refresh.auto");
    assert_eq!(
        (&auto["locked"], &auto["source"]),
        (&json!(true), &json!("environment"))
    );
    assert!(
        auto["place"]
            .as_str()
            .unwrap()
            .contains("RTM_REFRESH__AUTO")
    );
    assert_eq!(setting(&read.body, "refresh.lane_depth")["source"], "flag");
    let body = json!({"refresh.auto": true, "refresh.lead_seconds": 60});
    let answer = patch(&server, &token, "\"0\"", body).await;
    assert_eq!(fields(&answer), ["refresh.auto"]);
}
