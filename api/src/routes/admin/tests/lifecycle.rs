//! The whole life of a credential: lists, facets, edits that somebody else was faster with, deletion and the way back,
//! secrets that are shown, and what is written down about all of it.

use rt_manage_shared::{
    db::{Execute as _, grants, sql},
    id::CredentialId,
    model::grant::{Grant, State},
};
use serde_json::{Value, json};

use super::desk::Desk;
use super::{Answer, PASSWORD, call, rt};

impl Desk {
    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null).await
    }

    async fn if_match(&self, method: &str, id: CredentialId, tag: &str, body: &Value) -> Answer {
        let token = self.server.token().await;
        let call = call(method, &format!("/credentials/{id}"))
            .bearer(&token)
            .header("if-match", tag);
        let call = if body.is_null() {
            call
        } else {
            call.json(body)
        };
        self.server.send(call).await
    }

    /// What was done to a credential, the oldest first, with the details.
    async fn deeds(&self, id: CredentialId) -> Vec<(String, Value)> {
        let statement =
            sql("SELECT action, detail FROM {audit} WHERE target = ? ORDER BY id").bind(id);
        let rows = (&mut &self.server.app.db)
            .fetch_all(statement)
            .await
            .unwrap();
        rows.iter()
            .map(|row| {
                let detail = serde_json::from_str(&row.text("detail").unwrap()).unwrap();
                (row.text("action").unwrap(), detail)
            })
            .collect()
    }
}

fn names(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|one| one["biz_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_read_to_their_end() {
    let desk = Desk::new().await;
    for (name, tag) in [("b", "x"), ("a", ""), ("c", "x"), ("d", "y")] {
        let body = json!({"refresh_token": rt(name), "biz_id": name, "tag": tag});
        assert_eq!(desk.create(body).await.status, 201);
    }
    assert_eq!(names(&desk.get("/credentials").await), ["d", "c", "a", "b"]);
    assert_eq!(
        names(&desk.get("/credentials?sort=biz_id").await),
        ["a", "b", "c", "d"]
    );
    assert_eq!(
        names(&desk.get("/credentials?sort=-tag").await),
        ["d", "c", "b", "a"]
    );
    assert_eq!(
        names(&desk.get("/credentials?tag=,y&sort=biz_id").await),
        ["a", "d"]
    );
    assert_eq!(names(&desk.get("/credentials?tag=").await), ["a"]);
    assert_eq!(names(&desk.get("/credentials?search=c").await), ["c"]);
    assert_eq!(names(&desk.get("/credentials?search=%25").await), [""; 0]);
    assert_eq!(
        names(
            &desk
                .get("/credentials?created_after=2020-01-01T00:00:00Z&page_size=1&page=2")
                .await
        ),
        ["c"]
    );

    let first = desk.get("/credentials?sort=biz_id&page_size=3").await;
    assert_eq!(
        (names(&first), &first.body["total"]),
        (vec!["a", "b", "c"], &json!(4))
    );
    let next = first.body["next"].as_str().unwrap();
    let rest = desk
        .get(&format!(
            "/credentials?sort=biz_id&page_size=3&after={next}"
        ))
        .await;
    assert_eq!(
        (names(&rest), &rest.body["next"]),
        (vec!["d"], &Value::Null)
    );
    assert_eq!(rest.body["page"], Value::Null);

    for (query, field) in [
        ("sort=secret".to_owned(), "sort"),
        ("page=0".to_owned(), "page"),
        ("page=202".to_owned(), "page"),
        ("page_size=501".to_owned(), "page_size"),
        ("after=canary".to_owned(), "after"),
        (format!("sort=email&after={next}"), "after"),
        (format!("sort=biz_id&page=1&after={next}"), "page"),
        ("state=idle,gone".to_owned(), "state"),
        ("expires_before=today".to_owned(), "expires_before"),
        ("search=%00".to_owned(), "search"),
    ] {
        let answer = desk.get(&format!("/credentials?{query}")).await;
        assert_eq!(answer.code(), (422, "validation_failed"), "{query}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{query}");
    }
    for query in ["what=x", "enabled=maybe", "page=one"] {
        let answer = desk.get(&format!("/credentials?{query}")).await;
        assert_eq!(answer.code(), (400, "invalid_query"), "{query}");
    }

    let facets = desk.get("/credentials/facets").await.body;
    assert_eq!(
        (&facets["total"], &facets["more"]),
        (&json!(4), &json!(false))
    );
    assert_eq!(facets["tags"][0], json!({"value": "x", "count": 2}));
    assert_eq!(
        facets["states"][0],
        json!({"value": "idle", "count": 4, "more": false})
    );
    let some = desk.get("/credentials/facets?tag=y").await.body;
    assert_eq!(some["tags"], json!([{"value": "y", "count": 1}]));
}

#[tokio::test]
async fn who_was_slower_is_told() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let read = desk.get(&format!("/credentials/{id}")).await;
    assert_eq!(read.header("etag"), "\"1\"");
    let edit = |tag: &'static str, body: Value| {
        let desk = &desk;
        async move { desk.if_match("PATCH", id, tag, &body).await }
    };
    let edited = edit("\"1\"", json!({"tag": "x"})).await;
    assert_eq!(
        (edited.status.as_u16(), edited.header("etag")),
        (200, "\"2\"")
    );
    for tag in ["\"1\"", "\"0\", \"1\"", "W/\"2\"", "2", "canary"] {
        let refused = edit(tag, json!({"tag": "y"})).await;
        assert_eq!(refused.code(), (412, "precondition_failed"), "{tag}");
    }
    assert_eq!(edit("\"1\", \"2\"", json!({"memo": "m"})).await.status, 200);
    assert_eq!(edit("*", json!({"memo": "n"})).await.status, 200);
    assert_eq!(
        desk.if_match("DELETE", id, "\"1\"", &Value::Null)
            .await
            .code(),
        (412, "precondition_failed")
    );
    // A new refresh token is a change as well.
    assert_eq!(
        edit("\"4\"", json!({"refresh_token": rt("b")}))
            .await
            .header("etag"),
        "\"5\""
    );
    assert_eq!(
        desk.if_match("DELETE", id, "\"5\"", &Value::Null)
            .await
            .status,
        204
    );
    let deeds = desk.deeds(id).await;
    let fields: Vec<_> = deeds
        .iter()
        .map(|(action, detail)| (action.as_str(), detail.clone()))
        .collect();
    assert_eq!(
        fields,
        [
            ("credential.create", json!({})),
            ("credential.edit", json!({"fields": ["tag"]})),
            ("credential.edit", json!({"fields": ["memo"]})),
            ("credential.edit", json!({"fields": ["memo"]})),
            ("credential.edit", json!({"fields": ["refresh_token"]})),
            ("credential.delete", json!({})),
        ]
    );
}

#[tokio::test]
async fn what_was_deleted_comes_back_while_nothing_took_its_place() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let post = |id: CredentialId, what: &'static str, body: Value| {
        let desk = &desk;
        async move {
            desk.send("POST", &format!("/credentials/{id}/{what}"), &body)
                .await
        }
    };
    assert_eq!(
        post(id, "restore", Value::Null).await.code(),
        (404, "not_found")
    );
    assert_eq!(desk.delete(id).await.status, 204);
    let deleted = desk.get("/credentials?deleted=true").await;
    assert_eq!(names(&deleted), ["a"]);
    assert!(deleted.body["items"][0]["deleted_at"].is_string());
    assert_eq!(names(&desk.get("/credentials").await), [""; 0]);
    // Its name is taken.
    let other = desk
        .create(json!({"refresh_token": rt("b"), "biz_id": "a"}))
        .await;
    let other: CredentialId = other.body["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        post(id, "restore", Value::Null).await.code(),
        (409, "biz_id_taken")
    );
    assert_eq!(desk.patch(other, json!({"biz_id": "c"})).await.status, 200);
    let restored = post(id, "restore", Value::Null).await;
    assert_eq!(
        (restored.status.as_u16(), &restored.body["deleted_at"]),
        (200, &Value::Null)
    );
    assert!(
        desk.grant(id).await.next_refresh_at.is_some(),
        "it is scheduled again"
    );

    // Its refresh token was spent in the meantime.
    assert_eq!(desk.delete(id).await.status, 204);
    let attempt = rt_manage_shared::id::AttemptId::generate();
    let (db, now) = (&mut &desk.server.app.db, desk.server.app.clock.now());
    let fp = desk.grant(id).await.rt_fp;
    rt_manage_shared::db::tokens::remember_spent(db, &fp, other, attempt, now)
        .await
        .unwrap();
    assert_eq!(
        post(id, "restore", Value::Null).await.code(),
        (409, "refresh_token_spent")
    );
    // Too long ago.
    let long_ago =
        sql("UPDATE {credentials} SET deleted_at = deleted_at - 604800000 WHERE id = ?").bind(id);
    (&mut &desk.server.app.db).execute(long_ago).await.unwrap();
    assert_eq!(
        post(id, "restore", Value::Null).await.code(),
        (409, "not_restorable")
    );
    assert_eq!(names(&desk.get("/credentials?deleted=true").await), [""; 0]);

    assert_eq!(post(id, "purge", json!({})).await.status, 204);
    assert_eq!(
        post(id, "purge", json!({})).await.code(),
        (404, "not_found")
    );
    assert!(
        grants::read_one(&mut &desk.server.app.db, id)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        desk.create(json!({"refresh_token": rt("a")})).await.code(),
        (409, "refresh_token_spent")
    );
    // A living one has to be meant, and an open attempt comes first.
    assert_eq!(
        post(other, "purge", json!({})).await.body["errors"][0]["field"],
        "confirm"
    );
    desk.queue(other).await;
    assert_eq!(
        post(other, "purge", json!({"confirm": true})).await.code(),
        (409, "refresh_in_progress")
    );
    let actions: Vec<_> = desk
        .deeds(id)
        .await
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    let part = |what: &str| format!("credential.{what}");
    assert_eq!(
        actions,
        ["create", "delete", "restore", "delete", "purge"].map(part)
    );
}

#[tokio::test]
async fn secrets_are_shown_for_the_password_and_written_down() {
    let desk = Desk::new().await;
    // No answer of these tests may have the canary, so this token has none.
    let token = "rt.1.shown";
    let created = desk
        .create(json!({"refresh_token": token, "biz_id": "a"}))
        .await
        .body;
    let id: CredentialId = created["id"].as_str().unwrap().parse().unwrap();
    let reveal = |password: &'static str, what: &'static str| {
        let desk = &desk;
        let body = json!({"password": password, "what": what});
        async move {
            desk.send("POST", &format!("/credentials/{id}/reveal"), &body)
                .await
        }
    };
    assert_eq!(
        reveal("canary", "refresh_token").await.code(),
        (401, "invalid_credentials")
    );
    assert_eq!(
        reveal(PASSWORD, "access_token").await.code(),
        (409, "no_secret")
    );
    let shown = reveal(PASSWORD, "refresh_token").await;
    assert_eq!(shown.body, json!({"what": "refresh_token", "value": token}));
    assert_eq!(shown.header("cache-control"), "no-store");
    let deeds = desk.deeds(id).await;
    assert_eq!(
        deeds.last().unwrap(),
        &(
            "credential.reveal".to_owned(),
            json!({"what": "refresh_token"})
        )
    );
    assert_eq!(deeds.len(), 2, "only what was shown: {deeds:?}");
    // What cannot be written down is not shown.
    let gone = sql("ALTER TABLE {audit} RENAME TO {audit}_away");
    (&mut &desk.server.app.db).execute(gone).await.unwrap();
    let refused = reveal(PASSWORD, "refresh_token").await;
    assert!(refused.status.is_server_error(), "{refused:?}");
}

#[tokio::test]
async fn an_open_attempt_is_not_revoked_under() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    desk.queue(id).await;
    let path = format!("/credentials/{id}/revoke");
    let wrong = desk
        .send("POST", &path, &json!({"password": "canary"}))
        .await;
    assert_eq!(wrong.code(), (401, "invalid_credentials"));
    let refused = desk
        .send("POST", &path, &json!({"password": PASSWORD}))
        .await;
    assert_eq!(refused.code(), (409, "refresh_in_progress"));
}

#[tokio::test]
async fn the_next_refresh_has_a_reason() {
    let desk = Desk::new().await;
    let id = desk.created("a").await;
    let because = async || desk.read(id).await["next_refresh_because"].clone();
    assert_eq!(because().await, "due");
    desk.move_grant(id, |grant, ctx| Grant {
        failures: 1,
        next_refresh_at: Some(ctx.now + std::time::Duration::from_mins(1)),
        ..grant.clone()
    })
    .await;
    assert_eq!(because().await, "backoff");
    desk.patch(id, json!({"enabled": false})).await;
    assert_eq!(because().await, "disabled");
    desk.move_grant(id, |grant, _| Grant {
        state: State::Dead,
        ..grant.clone()
    })
    .await;
    assert_eq!(because().await, "dead");
    assert_eq!(
        desk.get(&format!("/credentials/{id}?claims=true"))
            .await
            .body["claims"],
        Value::Null
    );
}
