//! People with roles, sessions that end everywhere at once, and the log of who did what.

use std::{io::Write as _, process::Stdio, time::Duration};

use reqwest::Method;
use rt_manage_shared::clock::BootInstant;
use rt_manage_tests::{
    standin::{Options, StandIn},
    support::{Admin, System, SystemBuilder},
};
use serde_json::json;

const FIRST: &str = "first password of ann";
const SECOND: &str = "second password of ann";
const THIRD: &str = "third password of ann";

/// The same session at each replica.
fn everywhere(system: &System, session: &Admin) -> Vec<Admin> {
    let apis = system.apis().into_iter();
    apis.map(|api| session.at(system.url_of(api))).collect()
}

/// The session has ended on every replica, within a second of `since`.
async fn assert_ended(system: &System, session: &Admin, since: BootInstant) {
    for session in everywhere(system, session) {
        let answer = session.call(Method::GET, "/auth/session", None).await;
        assert_eq!((answer.status, answer.code()), (401, "unauthorized"));
    }
    assert!(since.elapsed() < Duration::from_secs(1));
}

fn reset_password(builder: &SystemBuilder, user: &str, password: &str) -> bool {
    let mut command = builder.command();
    let command = command.args(["reset-password", "--user", user]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // One that refuses at once does not read.
    let _ = writeln!(child.stdin.take().unwrap(), "{password}");
    child.wait().unwrap().success()
}

#[tokio::test]
async fn people_may_do_what_their_role_says_until_their_sessions_end_everywhere() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let system = builder.start().await;
    let admin = system.admin().await;
    let new = json!({"username": "ann", "password": FIRST, "role": "viewer"});
    let answer = admin.call(Method::POST, "/users", Some(new)).await;
    assert_eq!(answer.status, 201, "{answer:?}");

    let ann = system.log_in("ann", FIRST).await;
    for ann in everywhere(&system, &ann) {
        let answer = ann.call(Method::GET, "/credentials", None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for (path, body) in [
            ("/credentials", json!({"refresh_token": "x"})),
            (
                "/users",
                json!({"username": "eve", "password": FIRST, "role": "administrator"}),
            ),
        ] {
            let answer = ann.call(Method::POST, path, Some(body)).await;
            assert_eq!(
                (answer.status, answer.code()),
                (403, "administrator_required")
            );
        }
    }

    // Whoever is shut out is out at once.
    let disable = json!({"enabled": false});
    let answer = admin.call(Method::PATCH, "/users/ann", Some(disable)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_ended(&system, &ann, BootInstant::now()).await;
    let enable = json!({"enabled": true});
    let answer = admin.call(Method::PATCH, "/users/ann", Some(enable)).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    // A new password ends the sessions of the old one.
    let (one, other) = (
        system.log_in("ann", FIRST).await,
        system.log_in("ann", FIRST).await,
    );
    one.set_password(FIRST, SECOND).await;
    let since = BootInstant::now();
    assert_ended(&system, &one, since).await;
    assert_ended(&system, &other, since).await;

    // The last resort of a forgotten password.
    let ann = system.log_in("ann", SECOND).await;
    assert!(reset_password(&builder, "ann", THIRD));
    assert_ended(&system, &ann, BootInstant::now()).await;
    assert!(!reset_password(&builder, "nobody", THIRD));

    // One session is ended, the other goes on.
    let (one, other) = (
        system.log_in("ann", THIRD).await,
        system.log_in("ann", THIRD).await,
    );
    let list = one.call(Method::GET, "/auth/sessions", None).await;
    let items = list.body["items"].as_array().unwrap();
    let current = items.iter().find(|item| item["current"] == true).unwrap();
    let path = format!("/users/ann/sessions/{}", current["id"].as_str().unwrap());
    assert_eq!(admin.call(Method::DELETE, &path, None).await.status, 204);
    assert_ended(&system, &one, BootInstant::now()).await;
    for other in everywhere(&system, &other) {
        assert_eq!(
            other.call(Method::GET, "/auth/session", None).await.status,
            200
        );
    }

    // Who did what, and from where.
    let log = other.call(Method::GET, "/audit?target=ann", None).await;
    let told: Vec<_> = log.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            [text("action"), text("actor"), text("address")]
        })
        .collect();
    let here = "127.0.0.1";
    assert_eq!(
        told,
        [
            ["user.password", "command line", ""],
            ["user.password", "ann", here],
            ["user.edit", "admin", here],
            ["user.edit", "admin", here],
            ["user.create", "admin", here],
        ]
    );
    let answer = other.call(Method::GET, "/audit/export", None).await;
    assert_eq!(
        (answer.status, answer.code()),
        (403, "administrator_required")
    );
    let csv = admin.text("/audit/export?action=user.create").await;
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "{csv}");
    assert!(lines[1].contains(",admin,127.0.0.1,") && lines[1].contains(",user.create,user,ann,"));
    let log = admin.call(Method::GET, "/audit?limit=1", None).await;
    assert_eq!(log.text("/items/0/action"), "audit.export");
}
