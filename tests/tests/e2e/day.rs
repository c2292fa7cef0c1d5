//! A day of an operator, through the real programs, at the size that they are made for: a large file comes in while clients are
//! served, is looked through and tagged, a thousand are refreshed of which some fail, these are found, one gets a new refresh token,
//! all of it is taken out, an old database moves in, a key is made and revoked, and the audit log tells of each of these.
//!
//! The file has 100,000 rows where one process does everything over `SQLite`, and 2,000 elsewhere: what other deployments add is
//! tested by other modules. `RTM_TEST_DAY_ROWS` (a multiple of 100) sets another number. Each step prints what it took:
//! `cargo nextest run … -E 'test(an_operators_day)' --no-capture`.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use rt_manage_shared::{
    clock::BootInstant,
    db::{Execute as _, sql},
};
use rt_manage_tests::{
    standin::{Account, AccountSpec, Fault, Options, StandIn},
    support::{Admin, Answer, NewCredential, Public, SystemBuilder, until},
};
use serde_json::{Value, json};

use super::{
    cli::PASSWORD,
    imports::settled,
    jobs::{counts, get, items, job_until, start},
    keys::{Program, made, ok, refused},
    migration::{old_program, run},
    support::{at_full_size, highest_memory},
};

/// Rows of the file in the embedded form over `SQLite`: what an import is made for.
const ROWS: usize = 100_000;
/// Rows elsewhere: several parts of an import, and several chunks of each bulk operation.
const FEWER_ROWS: usize = 2_000;
/// Sets another number of rows.
const ROWS_VARIABLE: &str = "RTM_TEST_DAY_ROWS";
/// Credentials that the upstream knows, at most.
const FLEET: usize = 1_000;
/// How long answers may be later than they were asked for, so that a revocation counts everywhere.
const REVOKED_WITHIN: Duration = Duration::from_secs(1);
/// Totals are exact up to here.
const EXACT: usize = 10_000;
/// Stands in every token that the upstream does not know.
const CANARY: &str = "of-an-operators-day";

/// How many there are of what.
struct Plan {
    rows: usize,
    /// Of a hundred rows, so many at the beginning are of the fleet.
    fleet_of_hundred: usize,
}

/// What the rows behind those of the fleet are, of a hundred each: from here up to the next.
const OLD: usize = 10;
const SPARE: usize = 50;
const PLAIN: usize = 80;
const DEAD: usize = 90;
const INVALID: usize = 96;
const REPEATED: usize = 98;

impl Plan {
    fn of(builder: &SystemBuilder) -> Self {
        let usual = if at_full_size(builder) {
            ROWS
        } else {
            FEWER_ROWS
        };
        let told = std::env::var(ROWS_VARIABLE);
        let rows = told.map_or(usual, |text| text.parse().unwrap());
        assert!(
            rows >= 1_000 && rows.is_multiple_of(100),
            "{ROWS_VARIABLE} has to be a multiple of 100, and 1000 at least"
        );
        Self {
            rows,
            fleet_of_hundred: (FLEET / (rows / 100)).clamp(1, OLD),
        }
    }

    /// So many of each hundred rows.
    const fn per_cent(&self, share: usize) -> usize {
        self.rows / 100 * share
    }

    const fn fleet(&self) -> usize {
        self.per_cent(self.fleet_of_hundred)
    }

    const fn good(&self) -> usize {
        self.per_cent(INVALID)
    }

    /// Those with the tag that is replaced: the fleet, and many more.
    const fn old(&self) -> usize {
        self.fleet() + self.per_cent(SPARE - OLD)
    }

    /// Those of the fleet whose session has ended, by their number. Not among the first, which a bulk refresh tries alone.
    fn dead(&self) -> impl Iterator<Item = usize> {
        (self.fleet() / 2..self.fleet()).filter(|number| number % 20 == 7)
    }

    /// Those of the fleet that the upstream cannot serve for a moment. Far apart, or the circuit would open.
    fn transient(&self) -> impl Iterator<Item = usize> {
        (self.fleet() / 2..self.fleet()).filter(|number| number % 25 == 3)
    }

    fn file(&self, fleet: &[Account]) -> String {
        let mut text = "biz_id,refresh_token,access_token,tag,state,last_code\n".to_owned();
        let mut fleet = fleet.iter();
        for row in 0..self.rows {
            let biz_id = name(row);
            match row % 100 {
                at if at < self.fleet_of_hundred => {
                    let account = fleet.next().unwrap();
                    let (key, rt) = (&account.key, &account.refresh_token);
                    let at = account.access_token.as_deref().unwrap();
                    writeln!(text, "{key},{rt},{at},old,,")
                }
                at if at < OLD => writeln!(text, "{biz_id},{},,,,", token(row)),
                at if at < SPARE => writeln!(text, "{biz_id},{},,old,,", token(row)),
                at if at < PLAIN => writeln!(text, "{biz_id},{},,spare,,", token(row)),
                at if at < DEAD => writeln!(text, "{biz_id},{},,,,", token(row)),
                at if at < INVALID => {
                    writeln!(text, "{biz_id},{},,,dead,token_expired", token(row))
                }
                INVALID => writeln!(text, "{biz_id},no token at all,,,,"),
                at if at < REPEATED => writeln!(text, "{biz_id},M.C525_BAY.{CANARY}-{row},,,,"),
                // The token of one before under another name, and another token under the name of one before.
                REPEATED => writeln!(text, "{biz_id},{},,,,", token(row - 3)),
                _ => writeln!(text, "{},{},,,,", name(row - 4), token(row)),
            }
            .unwrap();
        }
        text
    }
}

fn name(row: usize) -> String {
    format!("user-{row:06}")
}

/// A refresh token that the upstream does not know, as long as a real one.
fn token(row: usize) -> String {
    format!("rt.1.{CANARY}-{row:06}-0123456789-0123456789-0123456789-0123456789")
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap()
}

/// Tells what each step took.
struct Watch(BootInstant);

impl Watch {
    #[allow(clippy::print_stdout, reason = "what the test is run by hand for")]
    fn lap(&mut self, step: &str) {
        println!("{:>8.2} s  {step}", self.0.elapsed().as_secs_f64());
        self.0 = BootInstant::now();
    }
}

/// A client that asks for an access token again and again.
struct Client {
    stop: Arc<AtomicBool>,
    answers: tokio::task::JoinHandle<Vec<Duration>>,
}

impl Client {
    fn start(public: Public, biz_id: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&stop);
        let answers = tokio::spawn(async move {
            let mut waits = Vec::new();
            while !ended.load(Ordering::Acquire) {
                let asked = BootInstant::now();
                let answer = public.get_at(biz_id).await;
                waits.push(asked.elapsed());
                assert_eq!(answer.status, 200, "{answer:?}");
                // A client that asks all the time, not one that takes all the time.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            waits
        });
        Self { stop, answers }
    }

    async fn stop(self) -> String {
        self.stop.store(true, Ordering::Release);
        let mut waits = self.answers.await.unwrap();
        waits.sort_unstable();
        let at = |share: usize| waits[(waits.len() - 1) * share / 100];
        format!(
            "get-at was answered {} times meanwhile: p50 {:?}, p99 {:?}, most {:?}",
            waits.len(),
            at(50),
            at(99),
            at(100)
        )
    }
}

/// Waits until a job has ended, for as long as it moves.
async fn worked_off(admin: &Admin, id: &str) -> Value {
    let mut seen = 0;
    loop {
        let goes_on = |job: &Value| job["finished_at"].is_string() || settled(job) > seen;
        let job = job_until(admin, id, "the job goes on", goes_on).await;
        if job["finished_at"].is_string() {
            assert_eq!(job["state"], "finished", "{job}");
            return job;
        }
        seen = settled(&job);
    }
}

/// How many credentials fit, as the list tells it.
async fn total(admin: &Admin, query: &str) -> (u64, bool) {
    let page = get(admin, &format!("/credentials?page_size=1&{query}")).await;
    let more = page["total_is_more"].as_bool().unwrap();
    (page["total"].as_u64().unwrap(), more)
}

/// What is told of so many.
fn told(count: usize) -> (u64, bool) {
    (number(count.min(EXACT)), count > EXACT)
}

/// All that fit, page after page.
async fn all(admin: &Admin, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("/credentials?page_size=500&sort=biz_id&{query}{next}");
        let page = get(admin, &path).await;
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(after) = page["next"].as_str() else {
            return found;
        };
        next = format!("&after={after}");
    }
}

fn names<'a>(found: &'a [Value], field: &str) -> HashSet<&'a str> {
    found
        .iter()
        .map(|one| one[field].as_str().unwrap())
        .collect()
}

async fn import(admin: &Admin, file: &str) -> Answer {
    let request = admin
        .request(Method::POST, "/imports?tag=unsorted")
        .header("content-type", "text/csv")
        .header("idempotency-key", "this-morning")
        .body(file.to_owned());
    let answer = admin.send(request).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer
}

async fn export(admin: &Admin, password: &str) -> reqwest::Response {
    let body =
        json!({"selection": {"filter": {}}, "format": "jsonl", "current_password": password});
    let request = admin.request(Method::POST, "/exports").json(&body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn an_operators_day() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url())
        .patient()
        .manual()
        // A busy machine begins calls late.
        .set("RTM_REFRESH__SEND_BUDGET_SECONDS", "10")
        .set("RTM_REFRESH__COALESCE_SECONDS", "0")
        .set("RTM_LOG__LEVEL", "info");
    let plan = Plan::of(&builder);
    let spec = AccountSpec {
        count: Some(plan.fleet()),
        key: Some("fleet-".to_owned()),
        access_token: true,
        ..AccountSpec::default()
    };
    let fleet = upstream.create_accounts(&spec).unwrap();
    let file = plan.file(&fleet);
    let system = builder.start().await;
    let (admin, public) = (system.admin().await, system.public());
    let control = upstream
        .create_account(AccountSpec::key("control"))
        .unwrap();
    let new = NewCredential {
        biz_id: "control",
        refresh_token: &control.refresh_token,
        ..NewCredential::default()
    };
    admin.create(new).await;
    assert_eq!(public.refresh("control").await.status, 200);

    let mut watch = Watch(BootInstant::now());
    let client = Client::start(system.public(), "control");
    let answer = import(&admin, &file).await;
    let job = answer.text("/id").to_owned();
    watch.lap(&format!(
        "import: a file of {} rows and {} KiB is read",
        plan.rows,
        file.len() / 1024
    ));
    // A client that did not hear the answer.
    assert_eq!(import(&admin, &file).await.text("/id"), job);
    watch.lap("import: the same request once more");
    let ended = worked_off(&admin, &job).await;
    watch.lap("import: the job has ended");
    let bad = plan.per_cent(2);
    assert_eq!(ended["total"], number(plan.rows));
    let expected = [0, 0, number(plan.good()), number(bad), number(bad), 0];
    assert_eq!(counts(&ended), expected, "{ended}");
    let failed = items(&admin, &job, "&state=failed").await;
    assert!(failed.iter().all(|item| item["code"] == "invalid"));
    let lines: Vec<_> = failed
        .iter()
        .map(|item| item["line"].as_u64().unwrap())
        .collect();
    // The first line is the header.
    let expected = (0..plan.rows).filter(|row| (INVALID..REPEATED).contains(&(row % 100)));
    let expected: Vec<_> = expected.map(|row| number(row + 2)).take(500).collect();
    assert_eq!(lines, expected);
    let results = admin
        .text(&format!("/jobs/{job}/results?state=failed,skipped"))
        .await;
    assert_eq!(results.lines().count(), 2 * bad + 1);
    let served = client.stop().await;
    watch.lap(&format!(
        "import: what was not taken in is taken out; {served}"
    ));

    let there = plan.good() + 1;
    for (query, count) in [
        ("", there),
        ("tag=old", plan.old()),
        ("tag=spare", plan.per_cent(PLAIN - SPARE)),
        ("tag=old&state=dead", 0),
        ("tag=unsorted&state=dead", plan.per_cent(INVALID - DEAD)),
        ("search=fleet-", plan.fleet()),
        ("search=user-0000", INVALID - plan.fleet_of_hundred),
        (
            "search=fleet-&state=idle&has_access_token=true",
            plan.fleet(),
        ),
        ("search=User-", 0),
    ] {
        assert_eq!(total(&admin, query).await, told(count), "{query}");
    }
    let dead = all(&admin, "state=dead").await;
    assert_eq!(names(&dead, "id").len(), plan.per_cent(INVALID - DEAD));
    assert!(dead.iter().all(|one| one["last_code"] == "token_expired"));
    watch.lap(&format!(
        "filter: nine filters with their totals, and all {} dead ones page by page",
        dead.len()
    ));
    let list = [
        "credentials",
        "list",
        "--search",
        "fleet-",
        "--all",
        "--json",
    ];
    let (code, out, err) = run(&builder, &list);
    assert_eq!((code, out.lines().count()), (0, plan.fleet()), "{err}");
    watch.lap("filter: the fleet, on the command line");

    let action = json!({"type": "tag", "tag": "team-a"});
    let selection = json!({"filter": {"tag": ["old"]}});
    let client = Client::start(system.public(), "control");
    let tagging = start(&admin, selection, action).await;
    let ended = worked_off(&admin, &tagging).await;
    let served = client.stop().await;
    assert_eq!(
        counts(&ended),
        [0, 0, number(plan.old()), 0, 0, 0],
        "{ended}"
    );
    assert_eq!(total(&admin, "tag=team-a").await, told(plan.old()));
    assert_eq!(total(&admin, "tag=old").await, (0, false));
    watch.lap(&format!("bulk tag: {}; {served}", plan.old()));

    let reach = json!({"kind": "tags", "values": ["team-a"]});
    let body = json!({"name": "team a", "scopes": ["get_at"], "reach": reach});
    let (key, secret) = made(&admin, body).await;
    let programs: Vec<_> = system
        .apis()
        .into_iter()
        .map(|api| Program::at(&system, api, &secret))
        .collect();
    for program in &programs {
        assert_eq!(program.code("fleet-001").await, ok(200));
        assert_eq!(program.code("control").await, refused(404, "not_found"));
    }
    watch.lap("a key for the tag is made and used");

    let key_of = |number: &usize| fleet[*number].key.as_str();
    let (dead, transient): (Vec<_>, Vec<_>) = (plan.dead().collect(), plan.transient().collect());
    for number in &dead {
        let key = key_of(number);
        upstream
            .end_session(key, 401, "refresh_token_invalidated")
            .unwrap();
    }
    for number in &transient {
        let fault = Fault::error(503, "overloaded").for_account(key_of(number));
        upstream.set_fault(fault.times(1));
    }
    let before = upstream.stats();
    let selection = json!({"filter": {"search": "fleet-"}});
    let refreshing = start(&admin, selection, json!({"type": "refresh"})).await;
    let ended = worked_off(&admin, &refreshing).await;
    let failures = dead.len() + transient.len();
    let good = plan.fleet() - failures;
    let expected = [0, 0, number(good), number(failures), 0, 0];
    assert_eq!(counts(&ended), expected, "{ended}");
    let after = upstream.stats();
    let calls = after.token_calls - before.token_calls;
    assert_eq!((calls, after.reused), (number(plan.fleet()), 0));
    watch.lap(&format!(
        "bulk refresh: {}, of which {failures} fail",
        plan.fleet()
    ));

    let failed = items(&admin, &refreshing, "&state=failed").await;
    let mut codes: HashMap<&str, HashSet<&str>> = HashMap::new();
    for item in &failed {
        let code = item["code"].as_str().unwrap();
        codes
            .entry(code)
            .or_default()
            .insert(item["label"].as_str().unwrap());
    }
    let expected = HashMap::from([
        (
            "refresh_token_invalidated",
            dead.iter().map(key_of).collect(),
        ),
        ("overloaded", transient.iter().map(key_of).collect()),
    ]);
    assert_eq!(codes, expected);
    let found = all(&admin, "tag=team-a&state=dead").await;
    assert_eq!(names(&found, "biz_id"), dead.iter().map(key_of).collect());
    let worst = get(
        &admin,
        "/credentials?search=fleet-&sort=-failures&page_size=500",
    )
    .await;
    let worst = worst["items"].as_array().unwrap();
    let failing = worst
        .iter()
        .filter(|one| one["failures"].as_u64().unwrap() > 0);
    assert_eq!(failing.count(), failures);
    let list = [
        "credentials",
        "list",
        "--tag",
        "team-a",
        "--state",
        "dead",
        "--all",
        "--json",
    ];
    let (code, out, err) = run(&builder, &list);
    assert_eq!((code, out.lines().count()), (0, dead.len()), "{err}");
    watch.lap("the failed are found: by the job, by state, by their failures, on the command line");

    let answer = admin
        .call(Method::POST, &format!("/jobs/{refreshing}/retry"), None)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let ended = worked_off(&admin, answer.text("/id")).await;
    let expected = [0, 0, number(transient.len()), number(dead.len()), 0, 0];
    assert_eq!(counts(&ended), expected, "{ended}");
    let calls = upstream.stats().token_calls - after.token_calls;
    assert_eq!(calls, number(transient.len()), "nobody calls for the dead");
    watch.lap("the failed are tried again");

    // The same person has logged in once more.
    let buried = &fleet[dead[0]];
    let again = upstream
        .create_account(AccountSpec {
            email: Some(buried.email.clone()),
            account_id: Some(buried.account_id.clone()),
            user_id: Some(buried.user_id.clone()),
            ..AccountSpec::key("again")
        })
        .unwrap();
    let one = found
        .iter()
        .find(|one| one["biz_id"] == json!(buried.key))
        .unwrap();
    let path = format!("/credentials/{}", one["id"].as_str().unwrap());
    let revision = one["revision"].as_i64().unwrap();
    let body = json!({"refresh_token": again.refresh_token});
    let edited = admin.change(&path, revision, body).await;
    assert_eq!((edited.status, edited.text("/state")), (200, "idle"));
    let answer = admin
        .call(Method::POST, &format!("{path}/refresh"), None)
        .await;
    assert_eq!(
        (answer.status, answer.text("/attempt/outcome")),
        (200, "rotated")
    );
    assert_eq!(answer.text("/credential/biz_id"), buried.key);
    let newest = public
        .get_at(&buried.key)
        .await
        .text("/data/access_token")
        .to_owned();
    assert_ne!(Some(&newest), buried.access_token.as_ref());
    watch.lap("one of the dead gets a new refresh token and is refreshed");

    let refused_export = export(&admin, "not my password").await;
    assert_eq!(refused_export.status(), 401);
    let exported = export(&admin, PASSWORD).await;
    assert_eq!(exported.status(), 200);
    let count = exported.headers()["x-exported-credentials"]
        .to_str()
        .unwrap();
    assert_eq!(count, there.to_string());
    let text = exported.text().await.unwrap();
    watch.lap(&format!("export: {} KiB", text.len() / 1024));
    let mut tokens = HashMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let token = row["refresh_token"].as_str().unwrap().to_owned();
        tokens.insert(row["biz_id"].as_str().unwrap().to_owned(), token);
        if row["biz_id"] == json!(buried.key) {
            assert_eq!(row["access_token"], json!(newest));
        }
    }
    assert_eq!((text.lines().count(), tokens.len()), (there, there));
    let mut moved = 0;
    for account in &fleet {
        // Those that have none were left as they were.
        let live = upstream.live_token(&account.key);
        let expected = live.unwrap_or_else(|| account.refresh_token.clone());
        if account.key != buried.key {
            assert_eq!(tokens[&account.key], expected, "{}", account.key);
            moved += usize::from(expected != account.refresh_token);
        }
    }
    assert_eq!(moved, good + transient.len());
    assert_eq!(tokens[&buried.key], upstream.live_token("again").unwrap());
    assert_eq!(tokens[&name(OLD)], token(OLD));
    watch.lap("export: every token of the fleet is the newest");

    let (old, config) = old_program(&builder).await;
    let moved = upstream.create_account(AccountSpec::key("moved")).unwrap();
    for (name, token) in [("moved", moved.refresh_token), ("here already", token(OLD))] {
        let insert = sql("INSERT INTO {rts} (biz_id, rt, client_id) VALUES (?, ?, ?)");
        let insert = insert.bind(name).bind(token).bind(moved.client_id.as_str());
        (&mut &old).execute(insert).await.unwrap();
    }
    old.close().await;
    let (code, out, err) = run(&builder, &["migrate-from", &config]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("records: 1 created, 1 duplicate"),
        "{out}{err}"
    );
    let held = public.refresh("moved").await;
    assert_eq!((held.status, held.code()), (409, "held"));
    let (code, out, err) = run(&builder, &["migrate-from", "--confirm"]);
    let expected = (0, "1 credentials are refreshed from now on\n");
    assert_eq!((code, out.as_str()), expected, "{err}");
    let moved = public.refresh("moved").await;
    assert_eq!(moved.status, 200, "{moved:?}");
    assert_eq!(upstream.account("moved").unwrap().calls, 1);
    watch.lap("an old database moves, and is confirmed");

    let answer = admin
        .call(Method::DELETE, &format!("/keys/{key}"), None)
        .await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let revoked = BootInstant::now();
    for program in &programs {
        until("the key is refused", || async {
            let asked = revoked.elapsed();
            let (status, code) = program.code("fleet-001").await;
            let is_refused = (status, code.as_str()) == (401, "unauthorized");
            assert!(
                is_refused || asked < REVOKED_WITHIN,
                "{status} {code} after {asked:?}"
            );
            is_refused
        })
        .await;
    }
    watch.lap("the key is revoked, and refused");

    let log = get(&admin, "/audit?limit=500").await;
    let log = log["items"].as_array().unwrap();
    let of = |action: &str| -> Vec<&Value> {
        log.iter()
            .filter(|entry| entry["action"] == action)
            .collect()
    };
    for (action, times) in [
        ("credentials.import", 1),
        ("credentials.bulk", 3),
        ("key.create", 1),
        ("job.retry", 1),
        ("credential.edit", 1),
        ("credential.refresh", 1),
        ("credentials.export", 1),
        ("migration.confirm", 1),
        ("key.revoke", 1),
    ] {
        assert_eq!(of(action).len(), times, "{action}: {log:?}");
    }
    assert_eq!(
        of("credentials.import")[0]["detail"]["rows"],
        number(plan.rows)
    );
    assert_eq!(of("credentials.import")[0]["target"], json!(job));
    assert_eq!(
        of("credentials.export")[0]["detail"]["count"],
        number(there)
    );
    assert_eq!(of("key.revoke")[0]["target"], json!(key));
    assert!(!of("credentials.migrate").is_empty(), "{log:?}");
    let stats = upstream.stats();
    assert_eq!((stats.reused, stats.max_concurrent_per_token), (0, 1));
    let written = system.log() + &json!(log).to_string();
    for secret in [
        CANARY,
        &control.refresh_token,
        &again.refresh_token,
        &newest,
        &secret[12..],
    ] {
        assert!(!written.contains(secret), "a secret is in the log");
    }
    watch.lap(&format!(
        "the audit log tells of each, and no log of a token; most memory of a process: {} MiB",
        highest_memory(&system)
    ));
}
