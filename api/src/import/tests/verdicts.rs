//! What becomes of lines.

use rt_manage_shared::{
    db::{credentials, credentials::Credential, grants, tokens},
    id::AttemptId,
    model::listing::{Filter, Sort},
    vault::{Fingerprint, Place, Secret},
};

use super::jwt;
use crate::{
    credentials::Credentials,
    import::{Report, Verdict, parse, take_in},
    routes::admin::tests::{CANARY, Server, rt},
};

async fn import(server: &Server, text: &str) -> Vec<Report> {
    let reports = take_in(
        &Credentials::of(&server.app),
        parse(text.as_bytes()).unwrap(),
    )
    .await;
    for report in &reports {
        assert!(!format!("{report} {report:?}").contains(CANARY), "{report}");
    }
    reports
}

async fn only(server: &Server) -> Credential {
    let query = credentials::Query {
        filter: &Filter::default(),
        sort: Sort::default(),
        after: None,
        skip: 0,
        size: 10,
        limits: credentials::Limits::default(),
    };
    let listed = credentials::list(&mut &server.app.db, &query).await;
    let mut all = listed.unwrap().items;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[tokio::test]
async fn each_line_has_its_verdict() {
    let server = Server::new().await;
    let db = &mut &server.app.db;
    let first = import(
        &server,
        &format!("biz_id,refresh_token\nheld,{}\n", rt("held")),
    )
    .await;
    let Verdict::Created(held) = &first[0].verdict else {
        panic!("{first:?}")
    };
    let spent = Fingerprint::of(&Secret::new(rt("spent")));
    let now = server.app.clock.now();
    tokens::remember_spent(db, &spent, held.id, AttemptId::generate(), now)
        .await
        .unwrap();

    let text = format!(
        "refresh_token,biz_id,proxy\n{},new,\n{},again,\n{},old,\n{},held,\n{},bad,canary:1\n{},twice,\n{},last,\n",
        rt("new"),
        rt("held"),
        rt("spent"),
        rt("x"),
        rt("y"),
        rt("new"),
        rt("last"),
    );
    let reports = import(&server, &text).await;
    let shown: Vec<_> = reports.iter().map(ToString::to_string).collect();
    let id = |report: &Report| match &report.verdict {
        Verdict::Created(created) => created.id,
        other => panic!("{other:?}"),
    };
    assert_eq!(shown, [
        "line 2: created new".to_owned(),
        format!("line 3: duplicate: already held by `held` ({})", held.id),
        format!("line 4: spent: this refresh token was used before by `held` ({})", held.id),
        "line 5: invalid: another credential has this biz_id".to_owned(),
        "line 6: invalid: proxy: a proxy URL begins with http://, https://, socks5:// or socks5h://".to_owned(),
        format!("line 7: duplicate: already held by `new` ({})", id(&reports[0])),
        "line 8: created last".to_owned(),
    ]);
    let failures: Vec<_> = reports
        .iter()
        .filter(|report| report.verdict.is_failure())
        .map(|report| report.line)
        .collect();
    assert_eq!(failures, [4, 5, 6]);
    assert_eq!(credentials::total(db).await.unwrap(), 3);
}

#[tokio::test]
async fn an_access_token_comes_along() {
    let server = Server::new().await;
    let app = &server.app;
    let exp = app.clock.now().seconds() + 864_000;
    let token = jwt(exp);
    let text = format!(
        "refresh_token,access_token,email\n{},{token},b@example.com\n",
        rt("a")
    );
    assert!(matches!(
        import(&server, &text).await[0].verdict,
        Verdict::Created(_)
    ));
    let found = only(&server).await;
    assert_eq!(found.profile.client_id, "app_from_token");
    assert_eq!(found.identity.email.as_deref(), Some("a@example.com"));
    assert_eq!(found.identity.plan.as_deref(), Some("plus"));
    assert_eq!(found.grant.at_expires_at.unwrap().seconds(), exp);
    assert!(found.grant.next_refresh_at.unwrap() > app.clock.now());
    let record = grants::read_one(&mut &app.db, found.id)
        .await
        .unwrap()
        .unwrap();
    let row = found.id.to_string();
    let place = Place {
        table: "grants",
        row: &row,
        column: "access_token",
    };
    assert_eq!(
        app.vault
            .open_secret(place, &record.access_token.unwrap())
            .unwrap()
            .expose(),
        token
    );
}

#[tokio::test]
async fn a_client_id_column_wins_and_an_opaque_access_token_gets_a_default_life() {
    let server = Server::new().await;
    let text = format!(
        "refresh_token,access_token,client_id,email\n{},opaque-canary,app_own,b@example.com\n",
        rt("a")
    );
    assert!(matches!(
        import(&server, &text).await[0].verdict,
        Verdict::Created(_)
    ));
    let found = only(&server).await;
    assert_eq!(found.profile.client_id, "app_own");
    assert_eq!(found.identity.email.as_deref(), Some("b@example.com"));
    let life = found.grant.at_expires_at.unwrap().since(found.created_at);
    assert_eq!(
        life.as_secs(),
        server.app.config.refresh.default_access_token_seconds
    );
}

#[tokio::test]
async fn many_rows_span_transactions() {
    let server = Server::new().await;
    let lines: Vec<String> = (0..250).map(|n| rt(&n.to_string())).collect();
    let text = lines.join("\n");
    let reports = import(&server, &text).await;
    assert!(
        reports
            .iter()
            .all(|report| matches!(report.verdict, Verdict::Created(_)))
    );
    assert_eq!(credentials::total(&mut &server.app.db).await.unwrap(), 250);
    let again = import(&server, &text).await;
    assert!(
        again
            .iter()
            .all(|report| matches!(report.verdict, Verdict::Duplicate(_)))
    );
}

#[tokio::test]
async fn a_database_that_goes_away_is_asked_once_more_and_no_more() {
    let server = Server::new().await;
    server.app.db.close().await;
    let lines: Vec<String> = (0..150).map(|n| rt(&n.to_string())).collect();
    let reports = import(&server, &lines.join("\n")).await;
    assert_eq!(reports.len(), 150);
    let Verdict::Failed(first) = &reports[0].verdict else {
        panic!("{reports:?}")
    };
    assert!(first.contains("unavailable"), "{first}");
    let rest = Verdict::Failed("not tried, because the database does not answer".into());
    assert!(reports[1..].iter().all(|report| report.verdict == rest));
}
