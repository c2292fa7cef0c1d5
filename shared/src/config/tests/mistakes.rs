//! What each mistake is answered with.

use proptest::prelude::*;

use super::{Folder, pairs, problems, try_yaml};
use crate::config::{Config, LoadOptions, ProblemKind};

fn kinds(yaml: impl AsRef<[u8]>) -> Vec<ProblemKind> {
    let problems = try_yaml(yaml).expect_err("does not load").problems;
    problems.into_iter().map(|problem| problem.kind).collect()
}

fn env_problems(env: &[(&str, &str)]) -> String {
    let folder = Folder::with("");
    let mut options = folder.options();
    options.env = pairs(env);
    Config::load(&options)
        .expect_err("does not load")
        .to_string()
}

#[test]
fn all_problems_of_a_file_are_reported_with_their_places() {
    let found = problems(
        "server:\n  prot: 8080\n  api_secret: x\n  port: eighty\n\
         database:\n  tabel_prefix: rt\n  tabel_prefix: rt\n  max_open_conns: 0\n\
         databse:\n  type: sqlite\n\
         log: debug\n\
         [1, 2]: x\n",
    );
    for expected in [
        "test.yml:2:3: server.prot: unknown key; did you mean `port`?",
        "test.yml:3:3: server.api_secret: unknown key; it belongs to section `auth`",
        "test.yml:4:9: server.port: expected a whole number from 0 to 65535, got `eighty`",
        "test.yml:6:3: database.tabel_prefix: unknown key; did you mean `table_prefix`?",
        "test.yml:7:3: database.tabel_prefix: given twice; the first time on line 6",
        "test.yml:8:19: database.max_open_conns: must be from 1 to 4294967295, and is 0",
        "test.yml:9:1: databse: unknown section; did you mean `database`?",
        "test.yml:11:6: log: expected a section",
        "test.yml:12:1: a key must be a name",
    ] {
        assert!(found.contains(expected), "{expected}\nnot in\n{found}");
    }
    assert_eq!(found.lines().count(), 10, "{found}");
}

#[test]
fn duplicates_are_errors_even_when_equal() {
    assert_eq!(
        kinds("server: {port: 1, port: 1}"),
        [ProblemKind::Duplicate]
    );
    assert_eq!(
        kinds("server: {port: 1}\nserver: {host: x}\n"),
        [ProblemKind::Duplicate]
    );
}

#[test]
fn shapes_that_are_no_configuration() {
    assert_eq!(kinds("- a\n- b\n"), [ProblemKind::WrongType]);
    assert_eq!(kinds("just words"), [ProblemKind::WrongType]);
    assert_eq!(kinds("server: [1]"), [ProblemKind::WrongType]);
    assert_eq!(kinds("server: {port: {a: 1}}"), [ProblemKind::WrongType]);
    assert_eq!(kinds("server: {port: }"), [ProblemKind::WrongType]);
    assert_eq!(kinds("server.port: 80"), [ProblemKind::UnknownKey]);
    assert_eq!(kinds("a: 1\n---\nb: 1\n"), [ProblemKind::Syntax]);
    assert_eq!(kinds("server: {port: *nowhere}"), [ProblemKind::Syntax]);
    assert_eq!(kinds("server:\n\tport: 1"), [ProblemKind::Syntax]);
}

#[test]
fn files_that_are_no_text() {
    let missing = LoadOptions {
        file: Some("/no/such/file.yml".into()),
        ..LoadOptions::default()
    };
    let error = Config::load(&missing).expect_err("missing").to_string();
    assert!(
        error.contains("/no/such/file.yml: cannot be read"),
        "{error}"
    );
    let missing = LoadOptions {
        env: pairs(&[("RTM_CONFIG", "/no/such/file.yml")]),
        ..LoadOptions::default()
    };
    assert!(Config::load(&missing).is_err());

    let error = try_yaml(b"server:\n  host: \"\xff\"\n")
        .expect_err("not UTF-8")
        .to_string();
    assert!(error.contains("is not UTF-8 text (line 2)"), "{error}");
    let error = try_yaml(vec![b' '; 1024 * 1024 + 1])
        .expect_err("too large")
        .to_string();
    assert!(error.contains("is larger than 1 MiB"), "{error}");
    let folder = LoadOptions {
        file: Some("/".into()),
        ..LoadOptions::default()
    };
    assert!(Config::load(&folder).is_err());
}

#[test]
fn an_alias_bomb_and_a_deep_nest_end_quickly() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (this, before) in ('b'..='h').zip('a'..='g') {
        let nine = vec![format!("*{before}"); 9].join(", ");
        bomb = format!("{bomb}{this}: &{this} [{nine}]\n");
    }
    assert_eq!(kinds(bomb), [ProblemKind::Syntax]);
    assert_eq!(kinds("[".repeat(5000)), [ProblemKind::Syntax]);
    assert_eq!(
        kinds(format!("{}{}", "[".repeat(100), "]".repeat(100))),
        [ProblemKind::Syntax]
    );
    assert_eq!(kinds("- ".repeat(10_000)), [ProblemKind::Syntax]);
}

#[test]
fn variables_that_set_nothing() {
    let found = env_problems(&[
        ("RTM_SERVER__PROT", "1"),
        ("RTM_SERVER__HOST_FILE", "/x"),
        ("RTM_SERVER__PORT", "eighty"),
        ("RTM_WORKER__CONCURRENCY", "0"),
        ("RTM_REFRESH__PROBE_DELAYS_SECONDS", "600"),
        ("RTM_CONSOLE__DIST", "x"),
        ("RTM_TEST__X", "x"),
    ]);
    for expected in [
        "environment variable RTM_SERVER__PROT: sets no known key; did you mean RTM_SERVER__PORT?",
        "environment variable RTM_SERVER__HOST_FILE: sets no known key",
        "environment variable RTM_SERVER__PORT: server.port: expected a whole number",
        "environment variable RTM_WORKER__CONCURRENCY: worker.concurrency: must be from 1 to 1024",
        "environment variable RTM_REFRESH__PROBE_DELAYS_SECONDS: refresh.probe_delays_seconds: \
         expected a list of whole numbers such as [1, 2], got `600`",
    ] {
        assert!(found.contains(expected), "{expected}\nnot in\n{found}");
    }
    assert_eq!(found.lines().count(), 6, "{found}");
}

#[test]
fn a_variable_with_one_underscore_is_a_warning() {
    let folder = Folder::with("");
    let mut options = folder.options();
    options.env = pairs(&[("RTM_SERVER_PORT", "1"), ("RTM_SOMETHING", "x")]);
    let warnings = Config::load(&options).expect("loads").warnings;
    assert_eq!(
        warnings,
        ["environment variable RTM_SERVER_PORT: has no effect; did you mean RTM_SERVER__PORT?"]
    );
}

#[test]
fn flags_that_set_nothing() {
    let folder = Folder::with("");
    let mut options = folder.options();
    options.flags = pairs(&[("server.prot", "1"), ("port", "1"), ("server.port", "x")]);
    let found = Config::load(&options)
        .expect_err("does not load")
        .to_string();
    for expected in [
        "command line, server.prot: server.prot: unknown key; did you mean `port`?",
        "command line, port: port: unknown key; it belongs into section `server` or `database`",
        "command line, server.port: server.port: expected a whole number",
    ] {
        assert!(found.contains(expected), "{expected}\nnot in\n{found}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_loader_panic(text in "\\PC*") {
        let _ = try_yaml(&text);
    }

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = try_yaml(&bytes);
    }

    #[test]
    fn nothing_that_looks_like_yaml_makes_the_loader_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "server", "auth", "password", "port", "openai", "refresh_interval", "refresh",
                "probe_delays_seconds", ":", ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", ",",
                "&a ", "*a", "<<: ", "|\n  ", ">", "\"", "'", "#", "!!int ", "!!binary ", "1", "~",
                "-1", ".nan", "0x1F", "?", "---\n", "%", "\t", "é", "\u{feff}", "\r\n",
            ]),
            0..60,
        )
    ) {
        let _ = try_yaml(pieces.concat());
    }

    #[test]
    fn no_environment_makes_the_loader_panic(
        env in prop::collection::vec(("RTM_[A-Z]{0,6}_{0,2}[A-Z_]{0,12}", "\\PC{0,20}"), 0..8)
    ) {
        let folder = Folder::with("");
        let _ = Config::load(&LoadOptions { env, ..folder.options() });
    }
}
