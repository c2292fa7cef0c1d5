//! API keys as administrators make and change them.

use rt_manage_shared::db::{Execute as _, sql};
use serde_json::{Value, json};

use super::{Server, call, desk::Desk};

async fn made(desk: &Desk, body: Value) -> (String, String) {
    let answer = desk.send("POST", "/keys", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.body["key"]["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("/api/v1/keys/{id}"));
    (id, answer.body["secret"].as_str().unwrap().to_owned())
}

/// Every text of these tables.
async fn stored(server: &Server) -> String {
    let mut found = String::new();
    for (table, columns) in [
        (
            "api_keys",
            &[
                "id",
                "name",
                "prefix",
                "hash",
                "scopes",
                "reach",
                "created_by",
            ][..],
        ),
        (
            "audit",
            &["actor", "action", "target_kind", "target", "detail"],
        ),
    ] {
        let text = format!("SELECT {} FROM {{{table}}} ORDER BY id", columns.join(", "));
        for row in (&mut &server.app.db).fetch_all(sql(text)).await.unwrap() {
            for column in columns {
                found += &row.opt_text(column).unwrap().unwrap_or_default();
                found += " ";
            }
        }
    }
    found
}

#[tokio::test]
async fn a_key_is_made_shown_changed_and_revoked() {
    let desk = Desk::new().await;
    let body = json!({
        "name": "robot", "scopes": ["get_at", "read_rt"], "reach": {"kind": "tags", "values": ["b", "a"]},
        "expires_at": "2999-01-31T00:00:00+01:00", "rate_limit_per_minute": 60,
    });
    let (id, secret) = made(&desk, body).await;
    assert!(secret.starts_with("rtm_") && secret.len() == 47);
    let path = format!("/keys/{id}");
    let key = desk.send("GET", &path, &Value::Null).await.body;
    let shown = json!({
        "id": id, "name": "robot", "prefix": secret[..12], "scopes": ["get_at", "read_rt"],
        "reach": {"kind": "tags", "values": ["a", "b"]}, "expires_at": "2999-01-30T23:00:00Z", "rate_limit_per_minute": 60,
        "enabled": true, "status": "active", "revoked_at": null, "last_used_at": null, "created_by": "admin",
        "created_at": key["created_at"], "updated_at": key["updated_at"], "revision": 1,
    });
    assert_eq!(key, shown);

    let change = json!({
        "name": "other", "scopes": ["refresh"], "reach": {"kind": "all"}, "expires_at": null, "rate_limit_per_minute": null, "enabled": false,
    });
    let changed = desk.send("PATCH", &path, &change).await.body;
    assert_eq!(changed["status"], "disabled");
    for (field, value) in change.as_object().unwrap() {
        if field != "reach" {
            assert_eq!(&changed[field], value, "{field}");
        }
    }
    assert_eq!(changed["reach"], json!({"kind": "all", "values": []}));
    assert_eq!(changed["revision"], 2);
    // Nothing new is no change.
    let again = desk.send("PATCH", &path, &json!({"name": "other"})).await;
    assert_eq!(again.body["revision"], 2);

    let list = |query: &'static str| desk.send("GET", query, &Value::Null);
    assert_eq!(list("/keys").await.body["items"][0]["id"], id.as_str());
    for _ in 0..2 {
        let answer = call("DELETE", &path);
        let answer = desk.send_call(answer).await;
        assert_eq!(answer.status, 204);
    }
    assert_eq!(list("/keys").await.body["items"], json!([]));
    let revoked = list("/keys?revoked=true").await.body;
    assert_eq!(revoked["items"][0]["status"], "revoked");
    assert!(revoked["items"][0]["revoked_at"].is_string());
    let answer = desk.send("PATCH", &path, &json!({"enabled": true})).await;
    assert_eq!(answer.code(), (409, "key_revoked"));

    let stored = stored(&desk.server).await;
    assert!(
        stored.contains(&secret[..12]) && !stored.contains(&secret[12..]),
        "{stored}"
    );
    for action in ["key.create", "key.edit", "key.revoke"] {
        assert_eq!(stored.matches(action).count(), 1, "{action}: {stored}");
    }
    assert!(stored.contains(
        r#""fields":["name","scopes","reach","expires_at","rate_limit_per_minute","enabled"]"#
    ));
    assert!(!format!("{revoked}{key}{changed}").contains(&secret[12..]));
}

#[tokio::test]
async fn what_no_key_can_have_is_named() {
    let desk = Desk::new().await;
    let many: Vec<String> = (0..1001).map(|n| format!("b{n}")).collect();
    for (change, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"name": "a\u{7}"}), "name"),
        (json!({"scopes": []}), "scopes"),
        (json!({"scopes": ["read_rt"]}), "scopes"),
        (json!({"scopes": ["everything"]}), "scopes[0]"),
        (
            json!({"reach": {"kind": "all", "values": ["a"]}}),
            "reach.values",
        ),
        (json!({"reach": {"kind": "tags"}}), "reach.values"),
        (
            json!({"reach": {"kind": "tags", "values": [""]}}),
            "reach.values",
        ),
        (
            json!({"reach": {"kind": "biz_ids", "values": many}}),
            "reach.values",
        ),
        (json!({"reach": {"kind": "half"}}), "reach.kind"),
        (
            json!({"scopes": ["view"], "reach": {"kind": "tags", "values": ["a"]}}),
            "reach",
        ),
        (
            json!({"scopes": ["get_at", "manage"], "reach": {"kind": "biz_ids", "values": ["a"]}}),
            "reach",
        ),
        (json!({"expires_at": "soon"}), "expires_at"),
        (json!({"expires_at": "2020-01-01T00:00:00Z"}), "expires_at"),
        (json!({"rate_limit_per_minute": 0}), "rate_limit_per_minute"),
        (
            json!({"rate_limit_per_minute": -1}),
            "rate_limit_per_minute",
        ),
        (json!({"owner": "me"}), "owner"),
    ] {
        let mut body = json!({"name": "robot", "scopes": ["get_at"]});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = desk.send("POST", "/keys", &body).await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{change}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{answer:?}");
    }
    assert_eq!(
        desk.send("GET", "/keys", &Value::Null).await.body["items"],
        json!([])
    );
    let (id, _) = made(&desk, json!({"name": "robot", "scopes": ["get_at"]})).await;
    for body in [
        json!({"name": null}),
        json!({"scopes": null}),
        json!({"reach": null}),
        json!({"enabled": null}),
    ] {
        let answer = desk.send("PATCH", &format!("/keys/{id}"), &body).await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{body}");
    }
    for path in [
        "/keys/x",
        "/keys/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/keys/x/handouts",
        "/credentials/01ARZ3NDEKTSV4RRFFQ69G5FAV/handouts",
    ] {
        let answer = desk.send("GET", path, &Value::Null).await;
        assert_eq!(answer.code(), (404, "not_found"), "{path}");
    }
    for (path, code) in [
        ("/keys?limit=0", (422, "validation_failed")),
        ("/keys?limit=x", (400, "invalid_query")),
        (
            "/keys/configured/handouts?after=x",
            (422, "validation_failed"),
        ),
        ("/keys/configured/handouts?page=1", (400, "invalid_query")),
    ] {
        assert_eq!(
            desk.send("GET", path, &Value::Null).await.code(),
            code,
            "{path}"
        );
    }
}

#[tokio::test]
async fn keys_come_in_pages_with_the_configured_one_beside_them() {
    let desk = Desk::new().await;
    for name in ["a", "b", "c"] {
        made(&desk, json!({"name": name, "scopes": ["get_at"]})).await;
    }
    let mut names = String::new();
    let mut path = "/keys?limit=2".to_owned();
    loop {
        let answer = desk.send("GET", &path, &Value::Null).await.body;
        for key in answer["items"].as_array().unwrap() {
            names += key["name"].as_str().unwrap();
        }
        let configured = json!({"scopes": ["get_at", "refresh"], "rate_limit_per_minute": null, "placeholder": true});
        assert_eq!(answer["configured"], configured);
        let Some(next) = answer["next"].as_str() else {
            break;
        };
        path = format!("/keys?limit=2&before={next}");
    }
    let mut sorted: Vec<_> = names.chars().collect();
    sorted.sort_unstable();
    assert_eq!(sorted, ['a', 'b', 'c'], "each once: {names}");
}
