//! What the installation stands on, and the mark of a key that nobody has backed up yet.

use std::fs;

use serde_json::{Value, json};

use super::{PASSWORD, Server, call, desk::Desk};

#[tokio::test]
async fn the_installation_is_shown_without_its_keys() {
    let desk = Desk::new().await;
    let answer = desk.send("GET", "/system", &Value::Null).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let database = &answer.body["database"];
    assert_eq!(
        (&answer.body["queue"], &database["kind"]),
        (&json!("embedded"), &json!("sqlite"))
    );
    assert_eq!(answer.body["version"], env!("CARGO_PKG_VERSION"));
    assert!(database["engine"].as_str().unwrap().starts_with("3."));
    let migrations = database["migrations"].as_array().unwrap();
    let newest = migrations.last().unwrap();
    assert_eq!(newest["version"], database["schema"]);
    assert_eq!(
        migrations.len().to_string(),
        database["schema"].to_string(),
        "one step for each version"
    );
    assert!(newest["applied_at"].as_str().unwrap().ends_with('Z'));

    let keys = &answer.body["sealing_keys"];
    assert_eq!(
        (&keys["origin"], &keys["active"], &keys["keys"][0]["id"]),
        (&json!("file"), &json!("k1"), &json!("k1"))
    );
    let file = fs::read_to_string(&desk.server.app.config.security.key_file).unwrap();
    let key = file.lines().last().unwrap().split(':').nth(1).unwrap();
    assert!(key.len() > 40 && !answer.body.to_string().contains(key));
}

#[tokio::test]
async fn a_backup_of_the_key_is_asked_for_until_it_is_confirmed() {
    let desk = Desk::new().await;
    let file = desk.server.app.config.security.key_file.clone();
    let asked = async || {
        let answer = desk.send("GET", "/system", &Value::Null).await;
        answer.body["sealing_keys"]["backup_unconfirmed"].clone()
    };
    assert_eq!(asked().await, json!(true));
    for body in [json!({}), json!({"backed_up": false})] {
        let answer = desk.send("POST", "/system/key-backup", &body).await;
        assert_eq!(answer.code(), (422, "validation_failed"));
        assert_eq!(answer.body["errors"][0]["field"], "backed_up");
    }
    assert_eq!(asked().await, json!(true));

    let before = fs::read_to_string(&file).unwrap();
    for _ in 0..2 {
        let answer = desk
            .send("POST", "/system/key-backup", &json!({"backed_up": true}))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["backup_unconfirmed"], json!(false));
    }
    assert_eq!(asked().await, json!(false));
    // The mark is gone, the key is not.
    let after = fs::read_to_string(&file).unwrap();
    assert!(after.len() < before.len() && before.ends_with(&after));
    let audit = desk
        .send("GET", "/audit?action=sealing_key.confirm", &Value::Null)
        .await;
    assert_eq!(audit.body["items"].as_array().unwrap().len(), 1);

    // Where the folder cannot be written, it is said how else.
    fs::write(&file, &before).unwrap();
    let blocked = file.with_added_extension("new");
    fs::create_dir(&blocked).unwrap();
    let answer = desk
        .send("POST", "/system/key-backup", &json!({"backed_up": true}))
        .await;
    assert_eq!(answer.code(), (409, "key_file_unwritable"));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    assert_eq!(asked().await, json!(true));
}

#[tokio::test]
async fn keys_of_the_environment_ask_for_nothing() {
    let server = Server::with(|config| {
        config.auth.password = PASSWORD.into();
        let key = rt_manage_shared::vault::Keyring::generate_text("mine");
        config.security.master_keys = Some(key.trim().into());
    })
    .await;
    let token = server.token().await;
    let answer = server.send(call("GET", "/system").bearer(&token)).await;
    let keys = &answer.body["sealing_keys"];
    assert_eq!(
        (
            &keys["origin"],
            &keys["active"],
            &keys["backup_unconfirmed"]
        ),
        (&json!("configuration"), &json!("mine"), &json!(false))
    );
    let body = json!({"backed_up": true});
    let call = call("POST", "/system/key-backup").bearer(&token);
    assert_eq!(server.send(call.json(&body)).await.status, 200);
    assert!(!server.app.config.security.key_file.exists());
}
