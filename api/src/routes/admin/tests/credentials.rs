//! Creating, showing and editing credentials.

use std::time::Duration;

use rt_manage_shared::{
    db::grants, id::CredentialId, model::grant::Grant, notify::Event, vault::Place,
};
use serde_json::{Value, json};

use super::desk::{Desk, fp};
use super::rt;

#[tokio::test]
async fn a_credential_is_created_shown_and_deleted() {
    let desk = Desk::new().await;
    let body = json!({
        "refresh_token": rt("a"), "biz_id": "User 001", "client_id": "app_x", "proxy": "socks5://u:canary@Proxy:1",
        "tag": "t", "memo": "line\nline", "enabled": true,
    });
    let answer = desk.create(body).await;
    assert_eq!(answer.status, 201);
    let shown = answer.body.clone();
    let id: CredentialId = shown["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        answer.header("location"),
        format!("/api/v1/credentials/{id}")
    );
    for (field, value) in [
        ("biz_id", json!("User 001")),
        ("client_id", json!("app_x")),
        ("proxy", json!("socks5://proxy:1")),
        ("tag", json!("t")),
        ("memo", json!("line\nline")),
        ("enabled", json!(true)),
        ("state", json!("idle")),
        ("state_reason", json!(null)),
        ("doubt", json!(null)),
        ("failures", json!(0)),
        ("email", json!(null)),
        ("refresh_token_fingerprint", json!(fp("a").short())),
        ("revision", json!(1)),
        ("refreshed_at", json!(null)),
        (
            "access_token",
            json!({"present": false, "issued_at": null, "expires_at": null, "expires_in": null}),
        ),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert!(shown["next_refresh_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(desk.read(id).await, shown);

    // Sealed in their places, and readable there.
    let app = &desk.server.app;
    let record = grants::read_one(&mut &app.db, id).await.unwrap().unwrap();
    let row = id.to_string();
    let open = |table, column, sealed: &[u8]| {
        app.vault
            .open_secret(
                Place {
                    table,
                    row: &row,
                    column,
                },
                sealed,
            )
            .unwrap()
            .expose()
            .to_owned()
    };
    assert_eq!(open("grants", "rt", &record.rt), rt("a"));
    assert_eq!(
        open("credentials", "proxy", record.proxy.as_ref().unwrap()),
        "socks5://u:canary@proxy:1"
    );
    assert!(record.egress.starts_with("proxy-"));

    let mut events = app.notifier.listen();
    assert_eq!(desk.delete(id).await.status, 204);
    assert_eq!(events.try_recv(), Ok(Event::Changed(id)));
    assert_eq!(desk.delete(id).await.code(), (404, "not_found"));
    let path = format!("/credentials/{id}");
    assert_eq!(
        desk.send("GET", &path, &Value::Null).await.code(),
        (404, "not_found")
    );
    assert_eq!(
        desk.patch(id, json!({"tag": "x"})).await.code(),
        (404, "not_found")
    );
    assert_eq!(desk.grant(id).await.next_refresh_at, None);
}

#[tokio::test]
async fn what_is_left_out_has_defaults() {
    let desk = Desk::new().await;
    let shown = desk
        .create(json!({"refresh_token": rt("a"), "biz_id": null, "proxy": ""}))
        .await
        .body;
    let id = shown["id"].as_str().unwrap();
    assert_eq!(shown["biz_id"], format!("rt_{}", id.to_lowercase()));
    assert_eq!(shown["client_id"], desk.server.app.config.openai.client_id);
    assert_eq!(
        (&shown["proxy"], &shown["tag"], &shown["enabled"]),
        (&json!(null), &json!(""), &json!(true))
    );
    let off = desk
        .create(json!({"refresh_token": rt("b"), "enabled": false}))
        .await
        .body;
    assert_eq!(
        (&off["enabled"], &off["next_refresh_at"]),
        (&json!(false), &json!(null))
    );
}

#[tokio::test]
async fn a_taken_biz_id_is_refused_byte_by_byte() {
    let desk = Desk::new().await;
    let id = desk.created("name").await;
    let again = json!({"refresh_token": rt("b"), "biz_id": "name"});
    assert_eq!(
        desk.create(again.clone()).await.code(),
        (409, "biz_id_taken")
    );
    assert_eq!(
        desk.create(json!({"refresh_token": rt("c"), "biz_id": "Name"}))
            .await
            .status,
        201
    );
    let other = desk.created("other").await;
    assert_eq!(
        desk.patch(other, json!({"biz_id": "name"})).await.code(),
        (409, "biz_id_taken")
    );
    // Deletion frees the name.
    assert_eq!(desk.delete(id).await.status, 204);
    assert_eq!(desk.create(again).await.status, 201);
}

#[tokio::test]
async fn edits_change_what_they_name() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let edit = json!({"biz_id": "b", "client_id": "app_y", "proxy": "http://u:canary@p", "tag": "t", "memo": "m"});
    let shown = desk.patch(id, edit.clone()).await.body;
    assert_eq!(shown["proxy"], "http://p:80");
    for field in ["biz_id", "client_id", "tag", "memo"] {
        assert_eq!(shown[field], edit[field]);
    }
    assert_eq!(shown["revision"], 2);
    // The same again is no change; not even of the proxy, which seals to other bytes.
    assert_eq!(desk.patch(id, edit).await.body, shown);
    assert_eq!(desk.patch(id, json!({})).await.body, shown);
    let cleared = desk
        .patch(
            id,
            json!({"proxy": null, "tag": null, "memo": null, "client_id": null}),
        )
        .await
        .body;
    assert_eq!(
        (&cleared["proxy"], &cleared["tag"], &cleared["memo"]),
        (&json!(null), &json!(""), &json!(""))
    );
    assert_eq!(
        cleared["client_id"],
        desk.server.app.config.openai.client_id
    );
    let record = grants::read_one(&mut &desk.server.app.db, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((record.proxy, record.egress.as_str()), (None, "default"));
    for field in ["biz_id", "refresh_token", "enabled"] {
        let answer = desk.patch(id, json!({field: null})).await;
        assert_eq!(
            (answer.code(), answer.body["errors"][0]["field"].as_str()),
            ((422, "validation_failed"), Some(field))
        );
    }
    let answer = desk.patch(id, json!({"state": "idle"})).await;
    assert_eq!(answer.body["errors"][0]["field"], "state");
}

#[tokio::test]
async fn access_tokens_are_shown_by_their_times_only() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let end = desk.server.app.clock.now() + Duration::from_hours(1);
    desk.move_grant(id, |grant, ctx| Grant {
        at_issued_at: Some(ctx.now),
        at_expires_at: Some(end),
        ..grant.clone()
    })
    .await;
    let shown = desk.read(id).await["access_token"].clone();
    assert_eq!(
        (&shown["present"], &shown["expires_at"]),
        (&json!(true), &json!(end.to_rfc3339()))
    );
    assert!((3590..=3600).contains(&shown["expires_in"].as_u64().unwrap()));
}
