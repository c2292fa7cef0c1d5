//! Which layer wins, and what the report says about it.

use super::{Folder, load_yaml, pairs};
use crate::config::{Config, LoadOptions, Source, keys};

#[test]
fn later_layers_win_and_are_reported() {
    let folder = Folder::with(
        "server:\n  host: 127.0.0.1\n  port: 1\n  drain_seconds: 80\nlog: {level: debug}\n",
    );
    let mut options = folder.options();
    options.env = pairs(&[
        ("RTM_SERVER__PORT", "2"),
        ("RTM_SERVER__DRAIN_SECONDS", "81"),
        ("PATH", "/bin"),
        ("HTTP_PROXY", "http://ignored"),
    ]);
    options.flags = pairs(&[("server.port", "3"), ("server.port", "4")]);
    let loaded = Config::load(&options).expect("loads");
    assert_eq!(loaded.config.server.host, "127.0.0.1");
    assert_eq!(loaded.config.server.port, 4);
    assert_eq!(loaded.config.server.drain_seconds, 81);
    assert_eq!(loaded.file, options.file);

    let report = loaded.report();
    assert_eq!(report.len(), keys().count());
    let line = |key: &str| {
        report
            .iter()
            .find(|line| line.key == key)
            .expect("reported")
    };
    assert_eq!(line("server.port").value, "4");
    assert_eq!(
        line("server.port").source,
        Source::Flag {
            name: "server.port".into()
        }
    );
    assert_eq!(
        line("server.drain_seconds").source,
        Source::Environment {
            name: "RTM_SERVER__DRAIN_SECONDS".into()
        }
    );
    assert_eq!(
        line("log.level").source,
        Source::File {
            path: options.file.expect("given"),
            line: 5,
            column: 14
        }
    );
    assert_eq!(line("worker.concurrency").source, Source::Default);
    assert_eq!(line("queue.url").value, "(unset)");
    assert_eq!(line("database.password").value, "(unset)");
    assert_eq!(line("auth.password").value, "********");
    assert_eq!(
        line("refresh.probe_delays_seconds").value,
        "[600, 3600, 21600]"
    );
    assert!(line("server.port").source.locks() && !line("server.host").source.locks());
}

#[test]
fn every_key_can_come_from_environment_and_flag() {
    // `database.type: mysql` cannot stand alone.
    let folder = Folder::with("database: {host: h, user: u, database: d}");
    for key in keys() {
        let text = match key.path() {
            "database.type" => "mysql".to_owned(),
            "database.host" | "database.user" => "h".to_owned(),
            "database.port" => "3306".to_owned(),
            "queue.url" => "redis://r".to_owned(),
            "openai.proxy" => "http://p".to_owned(),
            "refresh.interval_days" => "5".to_owned(),
            _ if key.is_secret() => "0123456789abcdef0123456789abcdef".to_owned(),
            _ => key.show(&Config::default()),
        };
        let flags = vec![(key.path().to_owned(), text.clone())];
        let env = vec![(key.env_name(), text)];
        for (options, source) in [
            (
                LoadOptions {
                    flags,
                    ..folder.options()
                },
                Source::Flag {
                    name: key.path().to_owned(),
                },
            ),
            (
                LoadOptions {
                    env,
                    ..folder.options()
                },
                Source::Environment {
                    name: key.env_name(),
                },
            ),
        ] {
            let loaded = Config::load(&options).unwrap_or_else(|e| panic!("{}: {e}", key.path()));
            assert_eq!(loaded.source(key.path()), source);
        }
    }
}

#[test]
fn the_variable_names_the_file_and_the_command_line_wins() {
    let folder = Folder::with("server: {port: 1}");
    let other = folder.write("other.yml", "server: {port: 2}");
    let mut options = LoadOptions {
        env: vec![("RTM_CONFIG".into(), other.display().to_string())],
        ..LoadOptions::default()
    };
    assert_eq!(Config::load(&options).expect("loads").config.server.port, 2);
    options.file = folder.options().file;
    assert_eq!(Config::load(&options).expect("loads").config.server.port, 1);
}

#[test]
fn lists_and_numbers_in_the_environment() {
    let folder = Folder::with("");
    let mut options = folder.options();
    options.env = pairs(&[
        ("RTM_REFRESH__PROBE_DELAYS_SECONDS", "[1, 2]"),
        ("RTM_REFRESH__AUTO", "false"),
        ("RTM_DATABASE__PORT", ""),
        ("RTM_AUTH__USERNAME", "007: [x]"),
    ]);
    let config = Config::load(&options).expect("loads").config;
    assert_eq!(config.refresh.probe_delays_seconds, [1, 2]);
    assert!(!config.refresh.auto);
    assert_eq!(config.database.port, None);
    // A text is taken letter by letter, whatever YAML would make of it.
    assert_eq!(config.auth.username, "007: [x]");
}

#[test]
fn an_old_name_in_a_later_layer_wins_over_a_new_one_before_it() {
    let folder = Folder::with("refresh: {interval_days: 3}");
    let mut options = folder.options();
    options.env = pairs(&[("RTM_OPENAI__REFRESH_INTERVAL", "5")]);
    let loaded = Config::load(&options).expect("loads");
    assert_eq!(loaded.config.refresh.interval_days, Some(5));
    let name = "RTM_OPENAI__REFRESH_INTERVAL".to_owned();
    assert_eq!(
        loaded.source("refresh.interval_days"),
        Source::Environment { name }
    );
}

#[test]
fn files_that_say_nothing_load_as_defaults() {
    for yaml in [
        "",
        "\n\n",
        "# nothing\n",
        "---\n",
        "{}",
        "~",
        "server:\nlog:\n  # level: x\n",
    ] {
        let loaded = load_yaml(yaml);
        assert!(
            loaded
                .report()
                .iter()
                .all(|line| line.source == Source::Default),
            "{yaml:?}"
        );
    }
}

#[test]
fn byte_order_mark_windows_lines_and_anchors() {
    let server = load_yaml("\u{feff}server:\r\n  port: 81 # x\r\n  host: ::1\r\n")
        .config
        .server;
    assert_eq!((server.port, server.host.as_str()), (81, "::1"));
    let config = load_yaml(
        "server: &s {drain_seconds: &d 77}\nworker:\n  <<: *s\n  heartbeat_seconds: 4\n\
         refresh: {repush_seconds: *d}\n",
    )
    .config;
    assert_eq!(config.worker.drain_seconds, 77);
    assert_eq!(config.refresh.repush_seconds, 77);
}
