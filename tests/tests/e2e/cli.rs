//! The command line of the admin API: beside a running system over its database, and over HTTP.

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::Method;
use rt_manage_shared::clock::BootInstant;
use rt_manage_tests::{
    standin::{AccountSpec, Options, StandIn},
    support::{Admin, NewCredential, System, SystemBuilder},
};
use rustix::process::Signal;
use serde_json::{Value, json};

pub(super) const PASSWORD: &str = "correct horse battery";

/// How a command ended, and what it printed.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }

    fn lines(&self) -> Vec<Vec<&str>> {
        let lines = self.out.lines();
        lines.map(|line| line.split('\t').collect()).collect()
    }

    fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

fn run(mut command: Command, arguments: &[&str], input: &str) -> Ran {
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that refuses at once does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran = Ran {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    // Nothing is drawn or coloured for programs.
    assert!(
        !ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'),
        "{ran:?}"
    );
    ran
}

/// Who a command is run as.
enum As<'a> {
    /// Beside the database.
    Local(&'a SystemBuilder),
    /// With a key.
    Key(&'a str, &'a str),
    /// With a password.
    Password(&'a str, &'a str),
}

impl As<'_> {
    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        run(self.command(), arguments, input)
    }

    fn command(&self) -> Command {
        match self {
            Self::Local(builder) => {
                let mut command = builder.command();
                command.env("RTM_LOG__LEVEL", "error");
                command
            }
            Self::Key(url, key) => remote(url, "RTM_KEY", key),
            Self::Password(url, password) => remote(url, "RTM_PASSWORD", password),
        }
    }
}

/// Far from the system: another folder, and nothing of its environment.
fn remote(url: &str, name: &str, secret: &str) -> Command {
    let elsewhere = SystemBuilder::new(
        rt_manage_tests::support::Backend::Sqlite,
        "http://localhost:1",
    );
    let mut command = elsewhere.command();
    for (name, _) in elsewhere.environment() {
        command.env_remove(name);
    }
    command
        .current_dir(std::env::temp_dir())
        .env("RTM_URL", url)
        .env("NO_PROXY", "*")
        .env(name, secret);
    command
}

async fn create(upstream: &StandIn, admin: &Admin, names: &[&str]) {
    for name in names {
        let account = upstream.create_account(AccountSpec::key(name)).unwrap();
        let new = NewCredential {
            biz_id: name,
            refresh_token: &account.refresh_token,
            ..NewCredential::default()
        };
        admin.create(new).await;
    }
}

async fn key(admin: &Admin, scope: &str) -> String {
    let body = json!({"name": scope, "scopes": [scope]});
    let made = admin.call(Method::POST, "/keys", Some(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.text("/secret").to_owned()
}

async fn system() -> (StandIn, System, SystemBuilder, Admin) {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let system = builder.start().await;
    let admin = system.admin().await;
    (upstream, system, builder, admin)
}

#[tokio::test]
async fn commands_say_the_same_beside_the_database_and_over_http() {
    let (upstream, system, builder, admin) = system().await;
    create(&upstream, &admin, &["a", "b", "c"]).await;
    let (view, url) = (key(&admin, "view").await, system.url().to_owned());
    let everybody = [
        As::Local(&builder),
        As::Key(&url, &view),
        As::Password(&url, PASSWORD),
    ];
    let mut seen = Vec::new();
    for one in &everybody {
        let list = one.run(&["credentials", "list", "--sort", "biz_id"]).done();
        let names: Vec<_> = list.lines().iter().map(|line| line[0].to_owned()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let part = one
            .run(&["credentials", "list", "--limit", "2", "--json"])
            .done()
            .json();
        let next = part["next"].as_str().unwrap();
        let rest = one
            .run(&["credentials", "list", "--after", next, "--json"])
            .done()
            .json();
        assert_eq!(rest["items"][0]["biz_id"], "a");
        let all = one.run(&["credentials", "list", "--all", "--json"]).done();
        assert_eq!(all.out.lines().count(), 3);
        let none = one
            .run(&["credentials", "list", "--state", "dead", "--enabled=false"])
            .done();
        assert_eq!(none.out, "");
        let show = one
            .run(&["credentials", "show", "b", "--json"])
            .done()
            .json();
        let id = show["id"].as_str().unwrap().to_owned();
        let by_id = one.run(&["credentials", "show", &id]).done();
        assert!(by_id.lines().contains(&vec!["biz_id", "b"]), "{by_id:?}");
        let setting = one
            .run(&["settings", "get", "refresh.interval_days"])
            .done();
        seen.push((list.out, show, by_id.out, setting.out));
        let missing = one.run(&["credentials", "show", "nobody"]);
        assert_eq!((missing.code, missing.out.as_str()), (3, ""));
        assert!(
            missing.err.starts_with("error: no credential has"),
            "{missing:?}"
        );
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    // What is left of the log-ins is the one of this test.
    let sessions = admin.call(Method::GET, "/auth/sessions", None).await;
    assert_eq!(sessions.body["items"].as_array().unwrap().len(), 1);
    // A key that may look is told what it lacks.
    let looker = As::Key(&url, &view);
    let refused = looker.run(&["credentials", "refresh", "a"]);
    assert_eq!(refused.code, 5);
    assert!(refused.err.contains("--scope manage"), "{refused:?}");
    let refused = looker.run(&["keys", "list", "--json"]);
    assert_eq!(refused.code, 5);
    let told: Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(told["error"]["problem"]["code"], "key_not_allowed");
}

#[tokio::test]
async fn the_running_system_refreshes_what_the_command_line_asks_for() {
    let (upstream, mut system, builder, admin) = system().await;
    create(&upstream, &admin, &["a", "b"]).await;
    let manage = key(&admin, "manage").await;
    let url = system.url().to_owned();
    let local = As::Local(&builder);
    let refreshed = local
        .run(&["credentials", "refresh", "a", "--json"])
        .done()
        .json();
    assert_eq!(refreshed["attempt"]["outcome"], "rotated");
    let refreshed = As::Key(&url, &manage)
        .run(&["credentials", "refresh", "b"])
        .done();
    assert!(refreshed.out.starts_with("b: rotated; "), "{refreshed:?}");
    for name in ["a", "b"] {
        assert_eq!(system.public().get_at(name).await.status, 200);
    }
    // Who it was.
    let log = admin
        .call(Method::GET, "/audit?action=credential.refresh", None)
        .await;
    let items = log.body["items"].as_array().unwrap();
    let kinds: Vec<_> = items.iter().map(|item| &item["actor_kind"]).collect();
    assert_eq!(kinds, ["key", "command_line"]);
    // Nobody makes the call: it says so, asks for nothing, and waits for nobody.
    system.signal(Signal::TERM);
    system.ended().await;
    let since = BootInstant::now();
    let nobody = local.run(&["credentials", "refresh", "a"]);
    assert_eq!(nobody.code, 4, "{nobody:?}");
    assert!(nobody.err.contains("rt-manage-api serve"), "{nobody:?}");
    assert!(since.elapsed() < Duration::from_secs(20));
    let show = local
        .run(&["credentials", "show", "a", "--json"])
        .done()
        .json();
    assert_eq!(show["state"], "idle");
}

#[tokio::test]
async fn files_are_imported_as_jobs_wherever_the_command_runs() {
    let (upstream, system, builder, admin) = system().await;
    let (manage, url) = (key(&admin, "manage").await, system.url().to_owned());
    let local = As::Local(&builder);
    for (number, one) in [&local, &As::Key(&url, &manage)].into_iter().enumerate() {
        let names = ["a", "b", "c"].map(|name| format!("{name}{number}"));
        let mut rows = String::from("biz_id,refresh_token\n");
        for name in &names {
            let account = upstream
                .create_account(AccountSpec::key(name.as_str()))
                .unwrap();
            rows.extend([name.as_str(), ",", &account.refresh_token, "\n"]);
        }
        let dry = one
            .run_with(
                &["credentials", "import", "-", "--dry-run", "--json"],
                &rows,
            )
            .done();
        assert_eq!(dry.json()["counts"]["done"], 3, "{dry:?}");
        let show = one.run(&["credentials", "show", &names[0]]);
        assert_eq!(show.code, 3, "nothing was brought in: {show:?}");
        let done = one.run_with(&["import", "-", "--tag", "new"], &rows).done();
        assert!(done.out.contains("3 done, 0 failed"), "{done:?}");
        let list = one
            .run(&["credentials", "list", "--tag", "new", "--search", &names[1]])
            .done();
        assert_eq!(list.lines().len(), 1, "{list:?}");
        // What did not go well is told by its line, and makes the command fail.
        rows += "bad,not a token\n";
        let part = one.run_with(&["import", "-"], &rows);
        assert_eq!(part.code, 1, "{part:?}");
        let told = part.lines().into_iter().find(|line| line[0] == "5");
        assert_eq!(
            told.map(|line| line[2].to_owned()),
            Some("failed".into()),
            "{part:?}"
        );
        let jobs = one
            .run(&["jobs", "list", "--kind", "import", "--json"])
            .done()
            .json();
        let id = jobs["items"][0]["id"].as_str().unwrap().to_owned();
        let results = one
            .run(&["jobs", "results", &id, "--state", "failed"])
            .done();
        assert_eq!(results.out.lines().count(), 2, "{results:?}");
        let watched = one.run(&["jobs", "watch", &id, "--json"]);
        assert_eq!(
            (watched.code, &watched.json()["state"]),
            (1, &json!("finished"))
        );
        let detached = one
            .run(&["credentials", "refresh", &names[0], &names[1], "--detach"])
            .done();
        let id = detached.out.trim_end().to_owned();
        one.run(&["jobs", "watch", &id]).done();
        let refreshed = one
            .run(&["credentials", "refresh", "--search", &names[2]])
            .done();
        assert!(refreshed.out.contains("1 done, 0 failed"), "{refreshed:?}");
        for name in &names {
            assert_eq!(system.public().get_at(name).await.status, 200);
        }
        let ended = one.run(&["jobs", "cancel", &id]);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.err.contains("job_ended"), "{ended:?}");
        let none = one.run(&["jobs", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]);
        assert_eq!(none.code, 3, "{none:?}");
    }
}

#[tokio::test]
async fn exports_are_for_their_owner_only_and_ask_for_no_password_twice() {
    let (upstream, system, builder, admin) = system().await;
    create(&upstream, &admin, &["a", "b"]).await;
    let (manage, url) = (key(&admin, "manage").await, system.url().to_owned());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let everybody = [As::Local(&builder), As::Password(&url, PASSWORD)];
    for (number, one) in everybody.iter().enumerate() {
        let file = path(&format!("{number}.jsonl"));
        let export = [
            "credentials",
            "export",
            "--all",
            "--format",
            "jsonl",
            "-o",
            &file,
        ];
        let done = one.run(&export).done();
        assert!(done.out.contains("2 credentials"), "{done:?}");
        let text = std::fs::read_to_string(&file).unwrap();
        let token = upstream.live_token("a").unwrap();
        assert!(text.lines().count() == 2 && text.contains(&token));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = one.run(&export);
        assert_eq!(again.code, 1);
        assert!(again.err.contains("--force"), "{again:?}");
        let forced: Vec<_> = export.iter().chain(&["--force"]).copied().collect();
        one.run(&forced).done();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let piped = one
            .run(&["credentials", "export", "b", "--format", "csv", "-o", "-"])
            .done();
        assert!(piped.out.contains(&upstream.live_token("b").unwrap()));
        // What was taken out comes in again, and is there already.
        let back = one.run(&["import", &file]).done();
        assert!(back.out.contains("2 skipped"), "{back:?}");
    }
    let refused = As::Key(&url, &manage).run(&[
        "credentials",
        "export",
        "--all",
        "--format",
        "csv",
        "-o",
        &path("key.csv"),
    ]);
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.err.contains("--user") && !folder.path().join("key.csv").exists());
    let none = As::Local(&builder).run(&[
        "credentials",
        "export",
        "--state",
        "dead",
        "--format",
        "csv",
        "-o",
        &path("none.csv"),
    ]);
    assert_eq!(none.code, 3, "{none:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    let log = admin
        .call(Method::GET, "/audit?actor=command%20line", None)
        .await;
    let actions = log.body["items"].to_string();
    assert!(actions.contains("export"), "{actions}");
}

#[tokio::test]
async fn an_import_needs_no_server() {
    let upstream = StandIn::start(Options::default()).unwrap();
    let builder = crate::system(&upstream.token_url()).manual();
    let local = As::Local(&builder);
    let file = builder.folder().join("tokens.txt");
    std::fs::write(&file, "rt.1.of-nobody-at-all\n").unwrap();
    let done = local.run(&["import", file.to_str().unwrap()]).done();
    assert!(done.out.contains("1 done, 0 failed"), "{done:?}");
    // Nobody would make the calls of this one.
    let nobody = local.run(&["credentials", "refresh", "--all"]);
    assert_eq!(nobody.code, 4, "{nobody:?}");
    let jobs = local.run(&["jobs", "list"]).done();
    assert_eq!(jobs.lines().len(), 1, "{jobs:?}");
}

#[tokio::test]
async fn settings_are_saved_beside_a_server_that_follows() {
    let (_upstream, system, builder, admin) = system().await;
    let (url, local) = (system.url().to_owned(), As::Local(&builder));
    let set = [
        "settings",
        "set",
        "refresh.interval_days=9",
        "refresh.probe_delays_seconds=700,4000",
    ];
    let saved = local.run(&set).done();
    assert_eq!(saved.lines()[0][..2], ["refresh.interval_days", "9"]);
    assert_eq!(
        saved.lines()[1][..2],
        ["refresh.probe_delays_seconds", "700,4000"]
    );
    let person = As::Password(&url, PASSWORD);
    let seen = person
        .run(&["settings", "get", "refresh.interval_days"])
        .done();
    assert_eq!(seen.out, "9\n");
    let unset = person
        .run(&["settings", "set", "--unset", "refresh.interval_days"])
        .done();
    assert_ne!(unset.lines()[0][1], "9");
    let history = admin.call(Method::GET, "/settings/history", None).await;
    let by = |at: &str| history.text(at).to_owned();
    assert_eq!(
        (by("/items/0/saved_by"), by("/items/1/saved_by")),
        ("admin".into(), "command line".into())
    );
    // What cannot be is said by key, and nothing is saved.
    for (arguments, told) in [
        (
            &["set", "refresh.interval=9"][..],
            "did you mean refresh.interval_days?",
        ),
        (
            &["set", "refresh.lead_seconds=soon"],
            "refresh.lead_seconds",
        ),
        (&["set", "refresh.auto=true"], "environment"),
        (&["set", "refresh.interval_days"], "KEY=VALUE"),
        (&["set"], "KEY=VALUE"),
        (&["get", "server.port"], "not a setting"),
    ] {
        let arguments: Vec<_> = std::iter::once(&"settings")
            .chain(arguments)
            .copied()
            .collect();
        let refused = local.run(&arguments);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains(told), "{told}: {refused:?}");
    }
    let after = admin.call(Method::GET, "/settings/history", None).await;
    assert_eq!(after.body["items"].as_array().unwrap().len(), 2);
    // Settings are for people.
    let manage = key(&admin, "manage").await;
    let refused = As::Key(&url, &manage).run(&["settings", "set", "refresh.interval_days=3"]);
    assert_eq!(refused.code, 5, "{refused:?}");
}

#[tokio::test]
async fn keys_are_made_and_revoked_and_secrets_are_in_no_other_place() {
    let (_upstream, system, builder, _admin) = system().await;
    let (url, local) = (system.url().to_owned(), As::Local(&builder));
    let made = local
        .run(&[
            "keys",
            "create",
            "robot",
            "--scope",
            "view,get_at",
            "--rate-limit",
            "1000",
        ])
        .done();
    let secret = made.out.trim_end().to_owned();
    assert!(secret.starts_with("rtm_") && secret.len() == 47, "{made:?}");
    let robot = As::Key(&url, &secret);
    robot.run(&["credentials", "list"]).done();
    let list = local.run(&["keys", "list"]).done();
    assert_eq!(list.lines()[0][1], "robot");
    assert!(!list.out.contains(&secret));
    let refused = local.run(&["keys", "create", "x", "--scope", "view", "--tag", "a"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("reach"), "{refused:?}");
    let person = As::Password(&url, PASSWORD);
    person.run(&["keys", "revoke", "robot"]).done();
    assert_eq!(person.run(&["keys", "revoke", "robot"]).code, 3);
    let since = BootInstant::now();
    while robot.run(&["credentials", "list"]).code == 0 {
        assert!(since.elapsed() < Duration::from_secs(10));
    }
    let refused = robot.run(&["credentials", "list"]);
    assert_eq!(refused.code, 5);
    for text in [&refused.err, &refused.out, &system.log()] {
        assert!(!text.contains(&secret) && !text.contains(PASSWORD));
    }
    // The secret in a file; and no option takes one itself.
    let file = builder.folder().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let mut command = remote(&url, "RTM_USER", "admin");
    command.env_remove("RTM_PASSWORD");
    let file = file.to_str().unwrap();
    run(command, &["keys", "list", "--password-file", file], "").done();
    for option in ["--password", "--key", "--secret", "--token"] {
        let refused = local.run(&["keys", "list", option, "canary"]);
        assert_eq!(refused.code, 2, "{refused:?}");
    }
}

#[tokio::test]
async fn exit_codes_tell_what_went_wrong() {
    let (_upstream, system, builder, _admin) = system().await;
    let url = system.url().to_owned();
    let wrong = As::Password(&url, "wrong password").run(&["credentials", "list"]);
    assert_eq!(wrong.code, 5);
    assert!(wrong.err.contains("reset-password"), "{wrong:?}");
    let nobody = run(
        remote(&url, "RTM_USER", "admin"),
        &["credentials", "list"],
        "",
    );
    assert_eq!(nobody.code, 5);
    assert!(nobody.err.contains("RTM_KEY"), "{nobody:?}");
    let nothing_there = As::Key("http://127.0.0.1:9", "rtm_x").run(&["jobs", "list", "--json"]);
    assert_eq!(nothing_there.code, 4);
    assert!(
        nothing_there.err.contains("cannot be reached"),
        "{nothing_there:?}"
    );
    let local = As::Local(&builder);
    for arguments in [
        &["credentials", "refresh"][..],
        &["credentials", "refresh", "a", "--state", "dead"],
        &["credentials", "list", "--sort", "beauty"],
        &["credentials", "list", "--expires-before", "soon"],
        &["credentials", "list", "--url", "https://user:canary@host"],
        &["credentials", "export", "--all", "--format", "csv"],
        &["nonsense"],
    ] {
        let refused = local.run(arguments);
        assert_eq!(refused.code, 2, "{arguments:?}: {refused:?}");
        assert!(refused.out.is_empty() && !refused.err.is_empty());
    }
    // Nothing is made where nothing is.
    let folder = tempfile::tempdir().unwrap();
    let mut command = remote(&url, "RTM_LOG__LEVEL", "error");
    command.env_remove("RTM_URL").current_dir(folder.path());
    let lost = run(command, &["credentials", "list"], "");
    assert_eq!(lost.code, 4, "{lost:?}");
    assert!(lost.err.contains("there is no database"), "{lost:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn containers_and_shells_are_served() {
    let (_upstream, system, builder, _admin) = system().await;
    let url = system.url().to_owned();
    let local = As::Local(&builder);
    local.run(&["healthcheck", "--url", &url]).done();
    local.run(&["healthcheck", "--url", &url, "--ready"]).done();
    let nobody = local.run(&["healthcheck", "--url", "http://127.0.0.1:9"]);
    assert_eq!(nobody.code, 1, "{nobody:?}");
    assert!(nobody.err.contains("does not answer"), "{nobody:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = local.run(&["completions", shell]).done();
        for word in ["rt-manage-api", "credentials", "refresh", "password-file"] {
            assert!(script.out.contains(word), "{shell}: {word}");
        }
    }
    let mut bash = Command::new("bash");
    bash.arg("-n");
    let script = local.run(&["completions", "bash"]).done();
    run(bash, &[], &script.out).done();
}
