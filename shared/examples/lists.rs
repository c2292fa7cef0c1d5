//! Measures lists of credentials: fills a database and prints how long each kind of question takes. See scripts/bench-lists.
//!
//! It asks the storage layer, as the handlers do; HTTP and JSON add about a millisecond for a page of 50.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::too_many_lines,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a tool for developers: a fault ends it"
)]

use std::time::Duration;

use rt_manage_shared::{
    clock::{BootInstant, Millis},
    config::DatabaseTls,
    db::{
        Db, DbOptions, Dialect, Execute as _, Server, Target, attempts, counts,
        credentials::{self, Limits, Listed, Query},
        facets, grants,
        grants::Change,
        sql, statistics,
    },
    model::{
        grant::StateName,
        listing::{Filter, Sort, SortBy, Span},
    },
    vault::Secret,
};
use url::Url;

/// The version of the schema before lists had indexes: rows are filled in there.
const BEFORE: i64 = 4;
const BASE: i64 = 1_800_000_000_000;
/// Rows of one statement: it must not take longer than a server is waited for.
const CHUNK: i64 = 50_000;
const ROUNDS: usize = 20;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let usage = "lists sqlite:FILE|mysql://…|postgres://… ROWS";
    let (target, rows) = (args.next().expect(usage), args.next().expect(usage));
    let rows: i64 = rows.parse().expect(usage);
    let db = Db::open(&options(&target)).await.unwrap();
    let begun = BootInstant::now();
    db.migrate_to(BEFORE).await.unwrap();
    for from in (0..rows).step_by(usize::try_from(CHUNK).unwrap()) {
        fill(&db, from, rows).await;
    }
    println!(
        "{}: {rows} rows filled in {:.1} s",
        db.kind(),
        begun.elapsed().as_secs_f64()
    );
    let before = commits(&db).await;
    let begun = BootInstant::now();
    db.migrate().await.unwrap();
    println!("migrated in {:.1} s", begun.elapsed().as_secs_f64());
    settle(&db).await;
    let after = commits(&db).await;
    println!(
        "100 commits in one statement: {before:.1?} without, {after:.1?} with the indexes of lists\n"
    );
    println!("| question | p50 ms | p95 ms | shown | incomplete |\n|---|---:|---:|---:|---|");
    measure_all(&db, rows).await;
}

fn options(target: &str) -> DbOptions {
    if let Some(file) = target.strip_prefix("sqlite:") {
        return DbOptions::sqlite(file);
    }
    let url = Url::parse(target).unwrap();
    let server = Server {
        host: url.host_str().unwrap().into(),
        port: url.port().unwrap(),
        user: url.username().into(),
        password: Secret::new(url.password().unwrap_or_default()),
        database: url.path().trim_start_matches('/').into(),
        tls: DatabaseTls::Prefer,
        tls_ca_file: None,
    };
    DbOptions::new(if url.scheme() == "mysql" {
        Target::MySql(server)
    } else {
        Target::Postgres(server)
    })
}

/// Rows `from` to `from + CHUNK`, at most `rows`. What they hold follows from their number.
async fn fill(db: &Db, from: i64, rows: i64) {
    let digit = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 \
                 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
    let numbers = format!(
        "(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + ? AS n FROM {digit} a, {digit} b, {digit} c, {digit} e, \
         {digit} f WHERE f.d < 5 AND a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + ? < ?) q"
    );
    let id = "CONCAT('0000000000000000', 1000000000 + n)";
    let credential = format!(
        "INSERT INTO {{credentials}} (id, biz_id, email, name, account_id, user_id, plan, client_id, proxy, egress, egress_label, \
         tag, memo, enabled, tombstone, deleted_at, revision, created_at, updated_at) \
         SELECT {id}, CONCAT('user', (n * 7919) % 10000019), \
         CASE WHEN n % 50 = 3 THEN NULL ELSE CONCAT('mail', (n * 104729) % 10000019, '@example', n % 50, '.com') END, \
         CASE WHEN n % 40 = 3 THEN NULL ELSE CONCAT('Name ', (n * 1299709) % 50021) END, CONCAT('account', n), CONCAT('person', n), \
         CASE WHEN (n * 31) % 100 < 60 THEN 'plus' WHEN (n * 31) % 100 < 75 THEN 'free' WHEN (n * 31) % 100 < 88 THEN 'team' \
         WHEN (n * 31) % 100 < 98 THEN 'pro' ELSE NULL END, \
         CONCAT('app_', CASE WHEN n % 17 < 12 THEN 'a' WHEN n % 17 < 16 THEN 'b' ELSE 'c' END), NULL, \
         CASE WHEN n % 3 = 0 THEN 'default' ELSE CONCAT('proxy-00000000000000', 10 + n % 37) END, \
         CASE WHEN n % 3 = 0 THEN 'default' ELSE CONCAT('socks5h://10.0.0.', 10 + n % 37, ':1080') END, \
         CASE WHEN n % 20011 = 7 THEN 'rare' WHEN (n * 61) % 100 < 30 THEN '' WHEN (n * 61) % 100 < 60 THEN 'team-00' \
         ELSE CONCAT('team-', 10 + (n * 61) % 40) END, '', \
         CASE WHEN n % 20 = 11 THEN 0 ELSE 1 END, CASE WHEN n % 50 = 21 THEN {id} ELSE '' END, \
         CASE WHEN n % 50 = 21 THEN {BASE} + n ELSE NULL END, 1, {BASE} + ((n * 15485863) % 10000019) * 1000, \
         {BASE} + ((n * 32452843) % 10000019) * 1000 FROM {numbers}"
    );
    let bytes = match db.kind() {
        "postgres" | "postgresql" => "CAST(? AS BYTEA)",
        "mysql" => "CAST(? AS BINARY(500))",
        _ => "?",
    };
    let r = "((n * 49979687) % 1000)";
    let grant = format!(
        "INSERT INTO {{grants}} (credential_id, state, held_reason, attempt_id, rt_fp, doubt_since, probes, failures, last_code, \
         next_refresh_at, refreshed_at, at_issued_at, at_expires_at, rt, access_token) \
         SELECT {id}, CASE WHEN {r} < 15 THEN 'dead' WHEN {r} < 17 THEN 'in_doubt' WHEN {r} < 19 THEN 'held' ELSE 'idle' END, \
         CASE WHEN {r} >= 17 AND {r} < 19 THEN 'region' ELSE NULL END, NULL, CONCAT('0000', n), \
         CASE WHEN {r} >= 15 AND {r} < 17 THEN {BASE} ELSE NULL END, 0, CASE WHEN {r} < 30 THEN 1 + n % 5 ELSE 0 END, NULL, \
         CASE WHEN {r} < 19 THEN NULL ELSE {BASE} + ((n * 67867967) % 864001) * 1000 END, \
         CASE WHEN {r} > 950 THEN NULL ELSE {BASE} - ((n * 86028121) % 864001) * 1000 END, \
         CASE WHEN {r} > 990 THEN NULL ELSE {BASE} END, \
         CASE WHEN {r} > 990 THEN NULL ELSE {BASE} + ((n * 122949823) % 864001) * 1000 END, {bytes}, NULL FROM {numbers}"
    );
    let mut tx = db.begin().await.unwrap();
    let numbered = |text: String| sql(text);
    let one = numbered(credential).bind(from).bind(from).bind(rows);
    tx.execute(one).await.unwrap();
    // A refresh token and an access token, sealed, in one column: what matters is how wide a row is.
    let two = numbered(grant)
        .bind(vec![7_u8; 500])
        .bind(from)
        .bind(from)
        .bind(rows);
    tx.execute(two).await.unwrap();
    tx.commit().await.unwrap();
}

/// What servers do by themselves after a while.
async fn settle(db: &Db) {
    let texts: &[&str] = match db.dialect() {
        Dialect::Sqlite => &[],
        Dialect::MySql => &["ANALYZE TABLE {credentials}", "ANALYZE TABLE {grants}"],
        Dialect::Postgres => &["VACUUM ANALYZE {credentials}", "VACUUM ANALYZE {grants}"],
    };
    for text in texts {
        (&mut &*db).execute(sql(*text)).await.unwrap();
    }
}

/// How long a group commit of 100 refreshed grants takes, the median of several.
async fn commits(db: &Db) -> Duration {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let text = "SELECT credential_id FROM {grants} WHERE state = 'idle' ORDER BY rt_fp LIMIT 100 OFFSET ?";
        let offset = i64::try_from(round * 500).unwrap();
        let rows = (&mut &*db).fetch_all(sql(text).bind(offset)).await.unwrap();
        let ids: Vec<_> = rows
            .iter()
            .map(|row| row.text("credential_id").unwrap().parse().unwrap())
            .collect();
        let records = grants::read(&mut &*db, &ids).await.unwrap();
        let changes = records.iter().enumerate().map(|(n, record)| {
            let later = |at: i64| {
                Some(Millis(
                    BASE + at * 1000 + i64::try_from(round * 1000 + n).unwrap(),
                ))
            };
            let mut grant = record.grant.clone();
            grant.next_refresh_at = later(86_400);
            grant.refreshed_at = later(0);
            grant.at_expires_at = later(864_000);
            Change {
                guard: record.grant.guard(),
                grant,
                tokens: grants::TokenWrite {
                    rt: Some(vec![8; 200]),
                    access_token: Some(vec![8; 300]),
                },
            }
        });
        let changes: Vec<_> = changes.collect();
        let begun = BootInstant::now();
        let mut tx = db.begin().await.unwrap();
        assert!(
            grants::compare_and_set_many(&mut tx, changes)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

struct Case {
    name: String,
    filter: Filter,
    sort: Sort,
    skip: u32,
    deep: bool,
}

fn cases() -> Vec<Case> {
    let none = Filter::default;
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let day = |days: i64| Some(Millis(BASE + days * 86_400_000));
    let span = |from, before| Span { from, before };
    let mut cases = Vec::new();
    let mut add = |name: &str, filter: Filter, sort: &str, skip: u32, deep: bool| {
        cases.push(Case {
            name: name.to_owned(),
            filter,
            sort: Sort::parse(sort).unwrap(),
            skip,
            deep,
        });
    };
    for by in SortBy::ALL {
        add(&format!("sort {by}"), none(), by.as_str(), 0, false);
        add(
            &format!("sort -{by}, behind 10,000"),
            none(),
            &format!("-{by}"),
            10_000,
            false,
        );
        add(
            &format!("sort {by}, by cursor in the middle"),
            none(),
            by.as_str(),
            0,
            true,
        );
    }
    let filters = [
        (
            "search user12",
            Filter {
                search: Some("user12".into()),
                ..none()
            },
        ),
        (
            "search user1234",
            Filter {
                search: Some("user1234".into()),
                ..none()
            },
        ),
        (
            "search m",
            Filter {
                search: Some("m".into()),
                ..none()
            },
        ),
        (
            "search nobody",
            Filter {
                search: Some("nobody".into()),
                ..none()
            },
        ),
        (
            "tag team-00 (30 %)",
            Filter {
                tags: texts(&["team-00"]),
                ..none()
            },
        ),
        (
            "tag rare",
            Filter {
                tags: texts(&["rare"]),
                ..none()
            },
        ),
        (
            "no tag (30 %)",
            Filter {
                tags: texts(&[""]),
                ..none()
            },
        ),
        (
            "tag team-17, team-23 (2 %)",
            Filter {
                tags: texts(&["team-17", "team-23"]),
                ..none()
            },
        ),
        (
            "plan pro (10 %)",
            Filter {
                plans: texts(&["pro"]),
                ..none()
            },
        ),
        (
            "state dead (1.5 %)",
            Filter {
                states: vec![StateName::Dead],
                ..none()
            },
        ),
        (
            "state in_doubt, held",
            Filter {
                states: vec![StateName::InDoubt, StateName::Held],
                ..none()
            },
        ),
        (
            "disabled (5 %)",
            Filter {
                enabled: Some(false),
                ..none()
            },
        ),
        (
            "client id (6 %)",
            Filter {
                client_ids: texts(&["app_c"]),
                ..none()
            },
        ),
        (
            "proxy (2 %)",
            Filter {
                proxies: texts(&["proxy-0000000000000023"]),
                ..none()
            },
        ),
        (
            "expires within a day",
            Filter {
                expires: span(None, day(1)),
                ..none()
            },
        ),
        (
            "refreshed 9 days ago",
            Filter {
                refreshed: span(None, day(-9)),
                ..none()
            },
        ),
        (
            "created in a day",
            Filter {
                created: span(day(3), day(4)),
                ..none()
            },
        ),
        (
            "no access token (1 %)",
            Filter {
                has_access_token: Some(false),
                ..none()
            },
        ),
        (
            "deleted (2 %)",
            Filter {
                deleted_since: Some(Millis(0)),
                ..none()
            },
        ),
        (
            "dead and team-00",
            Filter {
                states: vec![StateName::Dead],
                tags: texts(&["team-00"]),
                ..none()
            },
        ),
        (
            "team-00, pro, enabled",
            Filter {
                tags: texts(&["team-00"]),
                plans: texts(&["pro"]),
                enabled: Some(true),
                ..none()
            },
        ),
        (
            "dead with next to nothing in common",
            Filter {
                states: vec![StateName::Dead],
                has_access_token: Some(false),
                ..none()
            },
        ),
    ];
    for (name, filter) in filters {
        for sort in ["-id", "email", "-at_expires_at", "created_at"] {
            add(
                &format!("{name}, sort {sort}"),
                filter.clone(),
                sort,
                0,
                false,
            );
        }
    }
    cases
}

async fn measure_all(db: &Db, rows: i64) {
    let mut worst = Duration::ZERO;
    for case in cases() {
        let mut query = Query {
            filter: &case.filter,
            sort: case.sort,
            after: None,
            skip: case.skip,
            size: 50,
            limits: Limits::default(),
        };
        if case.deep {
            let found = middle(db, case.sort, rows).await;
            query.after = found.next;
        }
        let mut times = Vec::new();
        let mut last: Option<Listed> = None;
        for _ in 0..ROUNDS {
            let begun = BootInstant::now();
            last = Some(credentials::list(&mut &*db, &query).await.unwrap());
            times.push(begun.elapsed());
        }
        let last = last.unwrap();
        worst = worst.max(report(&case.name, times, last.items.len(), last.incomplete));
    }
    for (name, filter) in [
        ("facets", Filter::default()),
        (
            "facets, team-00",
            Filter {
                tags: vec!["team-00".into()],
                ..Filter::default()
            },
        ),
        (
            "facets, dead",
            Filter {
                states: vec![StateName::Dead],
                ..Filter::default()
            },
        ),
        (
            "facets, disabled and pro",
            Filter {
                enabled: Some(false),
                plans: vec!["pro".into()],
                ..Filter::default()
            },
        ),
    ] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let begun = BootInstant::now();
            facets::facets(&mut &*db, &filter).await.unwrap();
            times.push(begun.elapsed());
        }
        worst = worst.max(report(name, times, 0, false));
    }
    worst = worst.max(detail(db, rows).await);
    println!("\nworst p95: {:.1} ms", worst.as_secs_f64() * 1000.0);
    let begun = BootInstant::now();
    statistics::census(&mut &*db, Millis(BASE), true)
        .await
        .unwrap();
    println!(
        "counting all for the dashboard, in the background: {:.0} ms",
        begun.elapsed().as_secs_f64() * 1000.0
    );
}

/// What the page of one credential reads, and what the dashboard reads besides its snapshot.
async fn detail(db: &Db, rows: i64) -> Duration {
    let (mut one, mut counts) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let n = (rows / 3 + i64::try_from(round).unwrap() * 7_919) % rows;
        let id = format!("0000000000000000{}", 1_000_000_000 + n);
        let id = id.parse().unwrap();
        let begun = BootInstant::now();
        credentials::by_id(&mut &*db, id).await.unwrap();
        attempts::history(&mut &*db, id, None, 50).await.unwrap();
        one.push(begun.elapsed());
        let begun = BootInstant::now();
        counts::states(&mut &*db).await.unwrap();
        counts.push(begun.elapsed());
    }
    report("one credential", one, 1, false).max(report("counts by state", counts, 0, false))
}

/// A page from the middle: the place is made up from an entry there.
async fn middle(db: &Db, sort: Sort, rows: i64) -> Listed {
    let id = format!("0000000000000000{}", 1_000_000_000 + rows / 2);
    let found = credentials::by_id(&mut &*db, id.parse().unwrap())
        .await
        .unwrap();
    let found = found.expect("an entry in the middle");
    let filter = Filter {
        created: Span {
            from: Some(found.created_at),
            before: Some(Millis(found.created_at.0 + 1)),
        },
        search: Some(found.profile.biz_id),
        ..Filter::default()
    };
    let query = Query {
        filter: &filter,
        sort,
        after: None,
        skip: 0,
        size: 50,
        limits: Limits::default(),
    };
    let mut listed = credentials::list(&mut &*db, &query).await.unwrap();
    listed.next = Some(place(&listed.items[0], sort.by));
    listed
}

fn place(one: &credentials::Credential, by: SortBy) -> rt_manage_shared::model::listing::Position {
    use rt_manage_shared::model::listing::{Position, SortKey};
    let text = |text: &str| SortKey::Text(text.to_owned());
    let opt = |text: &Option<String>| text.clone().map_or(SortKey::Null, SortKey::Text);
    let time = |at: Option<Millis>| at.map_or(SortKey::Null, |at| SortKey::Int(at.0));
    let key = match by {
        SortBy::Id => SortKey::Null,
        SortBy::BizId => text(&one.profile.biz_id),
        SortBy::Email => opt(&one.identity.email),
        SortBy::Name => opt(&one.identity.name),
        SortBy::Plan => opt(&one.identity.plan),
        SortBy::Tag => text(&one.profile.tag),
        SortBy::State => text(one.grant.state.name().as_str()),
        SortBy::Enabled => SortKey::Int(one.profile.enabled.into()),
        SortBy::ClientId => text(&one.profile.client_id),
        SortBy::Proxy => text(&one.profile.egress_label),
        SortBy::AtExpiresAt => time(one.grant.at_expires_at),
        SortBy::NextRefreshAt => time(one.grant.next_refresh_at),
        SortBy::RefreshedAt => time(one.grant.refreshed_at),
        SortBy::Failures => SortKey::Int(one.grant.failures.into()),
        SortBy::CreatedAt => time(Some(one.created_at)),
        SortBy::UpdatedAt => time(Some(one.updated_at)),
    };
    Position { key, id: one.id }
}

fn report(name: &str, mut times: Vec<Duration>, shown: usize, incomplete: bool) -> Duration {
    times.sort_unstable();
    let ms = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    let incomplete = if incomplete { "yes" } else { "" };
    println!(
        "| {name} | {:.1} | {:.1} | {shown} | {incomplete} |",
        ms(50),
        ms(95)
    );
    times[(times.len() - 1) * 95 / 100]
}
