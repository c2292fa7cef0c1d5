//! Secrets are read from where they should be, and never reach a message.

use proptest::prelude::*;

use super::{Folder, pairs, try_yaml};
use crate::config::{Config, ConfigError, LoadOptions, Loaded, Source, keys};

const CANARY: &str = "canary7f3a";

/// Everything that could be printed about a load.
fn printed(result: &Result<Loaded, ConfigError>) -> String {
    match result {
        Ok(loaded) => {
            let report: Vec<_> = loaded.report().iter().map(ToString::to_string).collect();
            format!(
                "{loaded:?}\n{}\n{}",
                report.join("\n"),
                loaded.warnings.join("\n")
            )
        }
        Err(error) => format!("{error}\n{error:?}"),
    }
}

#[test]
fn no_mistake_about_a_secret_shows_it() {
    let mut places = Vec::new();
    for key in keys().filter(|key| key.is_secret()) {
        places.push(key.path().split_once('.').expect("dotted"));
    }
    assert!(places.len() >= 7);
    for (section, name) in places {
        for yaml in [
            format!("{section}:\n  {name}: {CANARY}\n"),
            format!("{section}:\n  {name}: \"{CANARY}\n"),
            format!("{section}:\n  {name}: '{CANARY}' x\n"),
            format!("{section}:\n  {name}: {CANARY}: x\n"),
            format!("{section}:\n  {name}: {{ {CANARY}: x }}\n"),
            format!("{section}:\n  {name}:\n    {CANARY}: {CANARY}\n"),
            format!("{section}:\n  {name}: [{CANARY}]\n"),
            format!("{section}:\n  {name}: [{CANARY}\n"),
            format!("{section}:\n  {name}: @{CANARY}\n"),
            format!("{section}:\n  {name}: %{CANARY}\n"),
            format!("{section}:\n  {name}: *{CANARY}\n"),
            format!("{section}:\n  {name}: !{CANARY} x\n"),
            format!("{section}:\n  {name}: !!int {CANARY}\n"),
            format!("{section}:\n  {name}: !!binary {CANARY}!\n"),
            format!("{section}:\n  {name}: \"\\{CANARY}\"\n"),
            format!("{section}:\n  {name}: |\n    {CANARY}\n   x: y\n"),
            format!("{section}:\n  {name}: {CANARY}\n  {name}: {CANARY}\n"),
            format!("{section}:\n  {name}: {CANARY}\n\tx: y\n"),
            format!("{section}:\n  {name}:{CANARY}\n"),
            format!("{section}:\n  {name}:{CANARY}\n  x: y\n"),
            format!("{section}:\n  {{{name}:{CANARY}, x: y}}\n"),
            format!("{section}: {{{name}:{CANARY}}}\n"),
            format!("{section}: {name}={CANARY}\n"),
            format!("{section}: {CANARY}\n"),
            format!("{section}:\n  - {name}: {CANARY}\n"),
            format!("{section}:\n  {name}: {CANARY}\n---\n{section}:\n  {name}: {CANARY}\n"),
            format!("{section}: {{{name}: {CANARY}, port: x, prot: y}}\n"),
        ] {
            let shown = printed(&try_yaml(&yaml));
            assert!(!shown.contains(CANARY), "{yaml}\n{shown}");
        }
        let path = format!("{section}.{name}");
        let variable = keys()
            .find(|key| key.path() == path)
            .expect("known")
            .env_name();
        let folder = Folder::with("server: {port: x}");
        for mut options in [folder.options(), LoadOptions::default()] {
            options.env = pairs(&[(&variable, CANARY), ("RTM_SERVER__PROT", "1")]);
            options.flags = pairs(&[(&path, CANARY)]);
            // Somebody mistakes one variable for the other.
            options
                .env
                .extend(pairs(&[(&format!("{variable}_FILE"), CANARY)]));
            let shown = printed(&Config::load(&options));
            assert!(!shown.contains(CANARY), "{path}\n{shown}");
            assert!(!format!("{options:?}").contains(CANARY));
        }
    }
}

#[test]
fn numbers_and_words_are_texts_where_a_secret_is_wanted() {
    for (yaml, text) in [
        ("123456", "123456"),
        ("0123", "0123"),
        ("1e5", "1e5"),
        ("true", "true"),
        ("No", "No"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("2025-01-01", "2025-01-01"),
        (".inf", ".inf"),
        ("123456  # comment", "123456"),
        ("\"null\"", "null"),
        ("!!str 12", "12"),
        ("\"a\\tb\"", "a\tb"),
        ("|-\n    long", "long"),
    ] {
        let loaded = try_yaml(format!("auth:\n  password: {yaml}\n")).expect("loads");
        assert_eq!(loaded.config.auth.password.expose(), text, "{yaml}");
    }
}

#[test]
fn a_secret_from_a_file_loses_one_newline() {
    let folder = Folder::with("");
    for (content, text) in [
        ("s3cret", "s3cret"),
        ("s3cret\n", "s3cret"),
        ("s3cret\r\n", "s3cret"),
        (" x \n\n", " x \n"),
    ] {
        let path = folder.write("secret", content).display().to_string();
        let mut options = folder.options();
        options.env = pairs(&[("RTM_AUTH__PASSWORD_FILE", &path)]);
        let loaded = Config::load(&options).expect("loads");
        assert_eq!(loaded.config.auth.password.expose(), text);
        let name = "RTM_AUTH__PASSWORD_FILE".to_owned();
        assert_eq!(loaded.source("auth.password"), Source::Environment { name });
    }
}

#[test]
fn master_keys_have_their_short_names() {
    let folder = Folder::with("");
    let path = folder.write("keys", "k1:x\n").display().to_string();
    for (name, value) in [
        ("RTM_MASTER_KEYS", "k1:x"),
        ("RTM_MASTER_KEYS_FILE", path.as_str()),
        ("RTM_SECURITY__MASTER_KEYS", "k1:x"),
        ("RTM_SECURITY__MASTER_KEYS_FILE", path.as_str()),
    ] {
        let options = LoadOptions {
            env: pairs(&[(name, value)]),
            ..folder.options()
        };
        let loaded = Config::load(&options).expect("loads");
        let keys = loaded.config.security.master_keys.as_ref().expect("set");
        assert_eq!(keys.expose(), "k1:x");
        assert_eq!(
            loaded.source("security.master_keys"),
            Source::Environment { name: name.into() }
        );
    }
}

#[test]
fn a_secret_given_twice_or_not_readable_is_an_error() {
    let folder = Folder::with("");
    let path = folder.write("secret", "x").display().to_string();
    for env in [
        [
            ("RTM_AUTH__PASSWORD", "x"),
            ("RTM_AUTH__PASSWORD_FILE", path.as_str()),
        ],
        [("RTM_MASTER_KEYS", "x"), ("RTM_SECURITY__MASTER_KEYS", "x")],
        [("RTM_AUTH__PASSWORD_FILE", "/no/such"), ("HOME", "/")],
        [("RTM_AUTH__PASSWORD_FILE", ""), ("HOME", "/")],
    ] {
        let options = LoadOptions {
            env: pairs(&env),
            ..folder.options()
        };
        let found = Config::load(&options)
            .expect_err("does not load")
            .to_string();
        assert!(found.contains("environment variable RTM_"), "{found}");
    }
}

#[test]
fn a_secret_on_the_command_line_is_a_warning() {
    let folder = Folder::with("");
    let flags = pairs(&[("auth.password", "x")]);
    let loaded = Config::load(&LoadOptions {
        flags,
        ..folder.options()
    })
    .expect("loads");
    assert!(loaded.warnings[0].starts_with("auth.password: a secret on the command line"));
}

proptest! {
    /// Whatever stands around a secret on its line, it stays out of every message.
    #[test]
    fn no_punctuation_brings_a_secret_out(
        before in "[-?:,\\[\\]{}#&*!|>'\"%@`~<= \\\\\ta1]{0,6}",
        after in "[-?:,\\[\\]{}#&*!|>'\"%@`~<= \\\\\ta1]{0,6}",
    ) {
        let yaml = format!(
            "auth:\n  password: {before}{CANARY}{after}\n  jwt_secret: {CANARY}{before}\n  x: y\n"
        );
        let shown = printed(&try_yaml(&yaml));
        prop_assert!(!shown.contains(CANARY), "{}\n{}", yaml, shown);
    }
}
