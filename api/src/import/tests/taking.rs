//! What becomes of rows.

use rt_manage_shared::{
    db::{credentials, credentials::Credential, grants, tokens},
    id::{AttemptId, CredentialId},
    model::{
        grant::State,
        listing::{Filter, Sort},
    },
    vault::{Fingerprint, Place, Secret},
};
use serde_json::json;

use super::{jwt, token};
use crate::{
    credentials::{Arrival, Credentials, Defaults, Rules},
    import::{Said, Verdict, parse},
    routes::admin::tests::{CANARY, Server, rt},
};

fn arrivals(text: &str) -> Vec<Arrival> {
    let rows = parse(text.as_bytes()).unwrap().into_iter();
    rows.filter_map(|row| match row.said {
        Said::Entry(arrival) => Some(*arrival),
        _ => None,
    })
    .collect()
}

/// Takes a file in as one part, or looks what would become of it.
async fn take(server: &Server, text: &str, rules: &Rules, keep: bool) -> Vec<Verdict> {
    let use_cases = Credentials::of(&server.app);
    let mut tx = server.app.db.begin().await.unwrap();
    let mut taking = use_cases
        .take_in(&mut tx, &arrivals(text), rules)
        .await
        .unwrap();
    if keep {
        tx.commit().await.unwrap();
        use_cases.tell(&taking);
    }
    let verdicts: Vec<_> = taking.results.drain(..).map(Verdict::of).collect();
    assert!(!format!("{verdicts:?}").contains(CANARY), "{verdicts:?}");
    verdicts
}

async fn import(server: &Server, text: &str) -> Vec<Verdict> {
    take(server, text, &Rules::default(), true).await
}

async fn replace(server: &Server, text: &str) -> Vec<Verdict> {
    let rules = Rules {
        replace: true,
        ..Rules::default()
    };
    take(server, text, &rules, true).await
}

fn codes(verdicts: &[Verdict]) -> Vec<&str> {
    verdicts.iter().map(|verdict| verdict.code).collect()
}

async fn all(server: &Server) -> Vec<Credential> {
    let query = credentials::Query {
        filter: &Filter::default(),
        sort: Sort::default(),
        after: None,
        skip: 0,
        size: 100,
        limits: credentials::Limits::default(),
    };
    let listed = credentials::list(&mut &server.app.db, &query).await;
    listed.unwrap().items
}

async fn only(server: &Server) -> Credential {
    let mut all = all(server).await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Makes the only credential's grant dead or doubtful, as the upstream would.
async fn mark(server: &Server, id: CredentialId, state: State) {
    use rt_manage_shared::db::{Execute as _, sql};
    let statement = sql("UPDATE {grants} SET state = ?, doubt_since = ?, last_code = 'x', next_refresh_at = NULL WHERE credential_id = ?")
        .bind(state.name().as_str())
        .bind((state == State::InDoubt).then_some(1_i64))
        .bind(id);
    (&mut &server.app.db).execute(statement).await.unwrap();
}

async fn opened(server: &Server, id: CredentialId, column: &'static str) -> String {
    let record = grants::read_one(&mut &server.app.db, id).await.unwrap();
    let record = record.unwrap();
    let row = id.to_string();
    let place = Place {
        table: "grants",
        row: &row,
        column,
    };
    let sealed = if column == "rt" { Some(record.rt) } else { record.access_token };
    let secret = server.app.vault.open_secret(place, &sealed.unwrap());
    secret.unwrap().expose().to_owned()
}

/// An access token of a person in a workspace.
fn seat(account: &str, user: &str, exp: i64) -> String {
    token(&json!({
        "exp": exp, "client_id": "app_of_seat",
        "https://api.openai.com/auth": {"chatgpt_account_id": account, "chatgpt_user_id": user},
    }))
}

#[tokio::test]
async fn each_row_has_its_verdict() {
    let server = Server::new().await;
    let db = &mut &server.app.db;
    let first = import(&server, &format!("biz_id,refresh_token\nheld,{}\n", rt("held"))).await;
    let held = first[0].credential.unwrap();
    let spent = Fingerprint::of(&Secret::new(rt("spent")));
    let now = server.app.clock.now();
    tokens::remember_spent(db, &spent, held, AttemptId::generate(), now)
        .await
        .unwrap();
    let text = format!(
        "refresh_token,biz_id,proxy\n{},new,\n{},again,\n{},old,\n{},held,\n{},bad,canary:1\n{},last,\n",
        rt("new"),
        rt("held"),
        rt("spent"),
        rt("x"),
        rt("y"),
        rt("last"),
    );
    let expected = ["created", "duplicate", "spent", "needs_replace", "invalid", "created"];
    // Looking first says the same.
    let looked = take(&server, &text, &Rules::default(), false).await;
    assert_eq!(codes(&looked), expected);
    assert_eq!(credentials::total(db).await.unwrap(), 1);
    let verdicts = import(&server, &text).await;
    assert_eq!(codes(&verdicts), expected);
    let detail = |at: usize| verdicts[at].detail.clone().unwrap();
    assert_eq!(detail(1), format!("already held by `held` ({held})"));
    assert_eq!(detail(2), format!("this refresh token was used before by `held` ({held})"));
    assert!(detail(4).contains("a proxy URL begins with http://"));
    assert_eq!(verdicts[3].credential, Some(held));
    assert_eq!(credentials::total(db).await.unwrap(), 3);
    // Once more is harmless.
    let again = import(&server, &text).await;
    assert_eq!(codes(&again), ["duplicate", "duplicate", "spent", "needs_replace", "invalid", "duplicate"]);
}

#[tokio::test]
async fn an_access_token_comes_along() {
    let server = Server::new().await;
    let app = &server.app;
    let exp = app.clock.now().seconds() + 864_000;
    let access = jwt(exp);
    let text = format!("refresh_token,access_token,email\n{},{access},b@example.com\n", rt("a"));
    assert_eq!(codes(&import(&server, &text).await), ["created"]);
    let found = only(&server).await;
    assert_eq!(found.profile.client_id, "app_from_token");
    assert_eq!(found.identity.email.as_deref(), Some("a@example.com"));
    assert_eq!(found.identity.plan.as_deref(), Some("plus"));
    assert_eq!(found.grant.at_expires_at.unwrap().seconds(), exp);
    assert!(found.grant.next_refresh_at.unwrap() > app.clock.now());
    assert_eq!(opened(&server, found.id, "access_token").await, access);
}

#[tokio::test]
async fn a_client_id_column_wins_and_an_opaque_access_token_gets_a_default_life() {
    let server = Server::new().await;
    let text = format!(
        "refresh_token,access_token,client_id,email\n{},opaque-canary,app_own,b@example.com\n",
        rt("a")
    );
    assert_eq!(codes(&import(&server, &text).await), ["created"]);
    let found = only(&server).await;
    assert_eq!(found.profile.client_id, "app_own");
    assert_eq!(found.identity.email.as_deref(), Some("b@example.com"));
    let life = found.grant.at_expires_at.unwrap().since(found.created_at);
    assert_eq!(life.as_secs(), server.app.config.refresh.default_access_token_seconds);
}

#[tokio::test]
async fn defaults_fill_what_the_file_leaves_open() {
    let server = Server::new().await;
    let exp = server.app.clock.now().seconds() + 864_000;
    let rules = Rules {
        defaults: Defaults {
            tag: Some("team".into()),
            proxy: Some(Secret::new("http://u:canary@p:1")),
            client_id: Some("app_default".into()),
            biz_id_prefix: Some("x-".into()),
            enabled: Some(false),
            refresh_now: true,
            ..Defaults::default()
        },
        ..Rules::default()
    };
    let text = format!(
        "refresh_token,tag,client_id,proxy,enabled,biz_id,access_token\n{},,,,,,\n{},own,app_own,http://q:2,true,me,{}\n",
        rt("a"),
        rt("b"),
        seat("acc", "usr", exp),
    );
    assert_eq!(codes(&take(&server, &text, &rules, true).await), ["created", "created"]);
    let all = all(&server).await;
    let own = all.iter().find(|found| found.profile.biz_id == "me").unwrap();
    let plain = all.iter().find(|found| found.id != own.id).unwrap();
    let profile = &plain.profile;
    assert!(profile.biz_id.starts_with("x-") && !profile.enabled);
    assert_eq!((profile.tag.as_str(), profile.client_id.as_str()), ("team", "app_default"));
    assert_eq!(profile.egress_label, "http://p:1");
    let profile = &own.profile;
    assert_eq!((profile.tag.as_str(), profile.client_id.as_str()), ("own", "app_own"));
    assert_eq!((profile.egress_label.as_str(), profile.enabled), ("http://q:2", true));
    // Its access token is good, and it is refreshed at once all the same.
    assert!(own.grant.next_refresh_at.unwrap() <= server.app.clock.now());
    // The client of the token counts more than the default.
    let text = format!("x----{}----{}", rt("c"), seat("acc", "other", exp));
    take(&server, &text, &rules, true).await;
    let found = self::all(&server).await;
    assert!(found.iter().any(|found| found.profile.client_id == "app_of_seat"));
}

#[tokio::test]
async fn the_same_person_in_the_same_workspace_is_one_credential() {
    let server = Server::new().await;
    let exp = server.app.clock.now().seconds() + 864_000;
    let file = |name: &str, account: &str, user: &str, exp: i64| {
        json!({"tokens": {"refresh_token": rt(name), "access_token": seat(account, user, exp)}}).to_string()
    };
    assert_eq!(codes(&import(&server, &file("a", "acc", "usr", exp)).await), ["created"]);
    let id = only(&server).await.id;
    // Colleagues share the workspace, and one person may be in several.
    let others = format!("{}\n{}", file("b", "acc", "colleague", exp), file("c", "other", "usr", exp));
    assert_eq!(codes(&import(&server, &others).await), ["created", "created"]);
    // A healthy one is replaced only where that is said.
    let newer = file("d", "acc", "usr", exp + 60);
    let verdicts = import(&server, &newer).await;
    assert_eq!(codes(&verdicts), ["needs_replace"]);
    assert_eq!(verdicts[0].credential, Some(id));
    assert_eq!(opened(&server, id, "rt").await, rt("a"));
    let verdicts = replace(&server, &newer).await;
    assert_eq!(codes(&verdicts), ["updated"]);
    assert_eq!(verdicts[0].credential, Some(id));
    assert_eq!(opened(&server, id, "rt").await, rt("d"));
    assert_eq!(opened(&server, id, "access_token").await, seat("acc", "usr", exp + 60));
    // Dead and doubtful ones are revived by themselves.
    for (state, name) in [(State::Dead, "e"), (State::InDoubt, "f")] {
        mark(&server, id, state).await;
        assert_eq!(codes(&import(&server, &file(name, "acc", "usr", exp)).await), ["updated"]);
        let record = grants::read_one(&mut &server.app.db, id).await.unwrap().unwrap();
        assert_eq!((record.grant.state, record.grant.doubt), (State::Idle, None));
        assert_eq!(opened(&server, id, "rt").await, rt(name));
        assert!(record.grant.next_refresh_at.unwrap() <= server.app.clock.now());
    }
    assert_eq!(all(&server).await.len(), 3);
}

#[tokio::test]
async fn a_name_is_its_credential_unless_it_is_somebody_elses() {
    let server = Server::new().await;
    let exp = server.app.clock.now().seconds() + 864_000;
    let text = format!("biz_id,refresh_token,access_token\none,{},{}\n", rt("a"), seat("acc", "usr", exp));
    import(&server, &text).await;
    let id = only(&server).await.id;
    let text = format!("biz_id,refresh_token,access_token\none,{},{}\n", rt("b"), seat("acc", "else", exp));
    assert_eq!(codes(&replace(&server, &text).await), ["biz_id_taken"]);
    mark(&server, id, State::Dead).await;
    let text = format!("biz_id,refresh_token,tag\none,{},t\n", rt("c"));
    let verdicts = import(&server, &text).await;
    assert_eq!(codes(&verdicts), ["updated"]);
    assert_eq!(verdicts[0].detail.as_deref(), Some("tag, refresh_token"));
    assert_eq!(opened(&server, id, "rt").await, rt("c"));
}

#[tokio::test]
async fn the_same_token_updates_what_the_file_says_and_nothing_else() {
    let server = Server::new().await;
    import(&server, &format!("biz_id,refresh_token,tag,memo\none,{},t,m\n", rt("a"))).await;
    let before = only(&server).await;
    let rules = Rules {
        defaults: Defaults {
            tag: Some("default".into()),
            enabled: Some(false),
            ..Defaults::default()
        },
        replace: true,
    };
    let verdicts = take(&server, &rt("a"), &rules, true).await;
    assert_eq!(codes(&verdicts), ["duplicate"]);
    let text = format!("biz_id,refresh_token,tag,email\nother,{},u,x@example.com\n", rt("a"));
    let verdicts = take(&server, &text, &rules, true).await;
    assert_eq!(codes(&verdicts), ["updated"]);
    assert_eq!(verdicts[0].detail.as_deref(), Some("tag, identity"));
    let after = only(&server).await;
    assert_eq!(after.profile.biz_id, "one");
    assert_eq!((after.profile.tag.as_str(), after.profile.memo.as_str()), ("u", "m"));
    assert!(after.profile.enabled);
    assert_eq!(after.identity.email.as_deref(), Some("x@example.com"));
    assert_eq!(after.grant, before.grant);
    assert_eq!(codes(&take(&server, &text, &rules, true).await), ["duplicate"]);
}

#[tokio::test]
async fn what_an_export_remembers_goes_on() {
    let server = Server::new().await;
    let text = format!(
        "biz_id,refresh_token,state,last_code,refreshed_at,created_at\n\
         dead,{},dead,invalid_grant,2025-01-02T03:04:05.678Z,2024-01-02T03:04:05Z\n\
         doubt,{},refreshing,,,2999-01-01T00:00:00Z\n\
         idle,{},idle,,2999-01-01T00:00:00Z,\n",
        rt("a"),
        rt("b"),
        rt("c")
    );
    assert_eq!(codes(&import(&server, &text).await), ["created"; 3]);
    let all = all(&server).await;
    let named = |name: &str| all.iter().find(|found| found.profile.biz_id == name).unwrap();
    let dead = named("dead");
    assert_eq!((dead.grant.state, dead.grant.next_refresh_at), (State::Dead, None));
    assert_eq!(dead.grant.last_code.as_deref(), Some("invalid_grant"));
    assert_eq!(dead.grant.refreshed_at.unwrap().0, 1_735_787_045_678);
    assert_eq!(dead.created_at.seconds(), 1_704_164_645);
    let doubt = named("doubt");
    assert_eq!(doubt.grant.state, State::InDoubt);
    let now = server.app.clock.now();
    // What is not over yet was not.
    assert!(doubt.created_at <= now && named("idle").grant.refreshed_at.is_none());
}

#[tokio::test]
async fn many_rows_are_one_statement_and_keep_their_order() {
    let server = Server::new().await;
    let lines: Vec<String> = (0..300).map(|n| rt(&n.to_string())).collect();
    let text = lines.join("\n");
    let verdicts = import(&server, &text).await;
    assert_eq!(codes(&verdicts), vec!["created"; 300]);
    assert_eq!(credentials::total(&mut &server.app.db).await.unwrap(), 300);
    for at in [0, 127, 128, 299] {
        let id = verdicts[at].credential.unwrap();
        assert_eq!(opened(&server, id, "rt").await, lines[at]);
    }
    let again = import(&server, &text).await;
    assert_eq!(codes(&again), vec!["duplicate"; 300]);
}
