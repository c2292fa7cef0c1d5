//! Files that must load: the seed document's, word for word, and ours.

use super::load_yaml;
use crate::config::{Config, DatabaseKind, MASK, ServerMode, Source, keys};

/// The configuration of the seed document, word for word.
const SEED: &str = r#"server:
  host: "0.0.0.0"
  port: 8080
  mode: "release"  # debug, release, test

database:
  type: "sqlite"  # sqlite 或 mysql
  database: "./data/tokens.db"  # SQLite 数据库文件路径
  table_prefix: ""
  max_idle_conns: 10
  max_open_conns: 100
  conn_max_lifetime: 3600

auth:
  username: "admin"  # 管理后台登录用户名
  password: "admin123"  # 管理后台登录密码
  jwt_secret: "your-secret-key-change-this-in-production"  # JWT 签名密钥（生产环境必须修改）
  jwt_expire_hours: 240  # JWT 过期时间（小时）
  api_secret: "my-api-secret-2025"  # 对外 API 密钥
"#;

const OURS: &str = include_str!("../../../../config/config.yml");

#[test]
fn the_seeds_file_loads_unchanged_and_silently() {
    let loaded = load_yaml(SEED);
    assert_eq!(loaded.warnings, [] as [&str; 0]);
    let config = loaded.config;
    assert_eq!(
        (config.server.host.as_str(), config.server.port),
        ("0.0.0.0", 8080)
    );
    assert_eq!(config.server.mode, ServerMode::Release);
    assert_eq!(config.database.kind, DatabaseKind::Sqlite);
    assert_eq!(config.database.database, "./data/tokens.db");
    assert_eq!(config.database.table_name_prefix(), "");
    assert_eq!(
        (
            config.database.max_idle_conns,
            config.database.max_open_conns
        ),
        (10, 100)
    );
    assert_eq!(
        (
            config.database.conn_max_lifetime,
            config.auth.jwt_expire_hours
        ),
        (3600, 240)
    );
    assert!(config.auth.password_is_placeholder());
    assert!(config.auth.jwt_secret_is_placeholder());
    assert!(config.auth.api_secret_is_placeholder());
}

#[test]
fn the_defaults_are_the_seeds_values() {
    for line in load_yaml(SEED).report() {
        let key = keys().find(|key| key.path() == line.key).expect("known");
        assert_eq!(line.value, key.show(&Config::default()), "{}", line.key);
    }
}

#[test]
fn our_file_says_what_the_seeds_says() {
    let (seed, ours) = (load_yaml(SEED), load_yaml(OURS));
    assert_eq!(ours.warnings, [] as [&str; 0]);
    for (seed, ours) in seed.report().iter().zip(ours.report()) {
        assert_eq!((seed.key, &seed.value), (ours.key, &ours.value));
        let set = |source: &Source| *source != Source::Default;
        assert_eq!(set(&seed.source), set(&ours.source), "{}", seed.key);
    }
}

/// A line behind `#` is a setting when it goes on like YAML: with a word, or with the two spaces
/// of an indented line. Explanations go on with one space.
fn uncommented(yaml: &str) -> String {
    let line = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        match line.trim_start().strip_prefix('#') {
            Some(rest) if rest.starts_with("  ") || rest.starts_with(char::is_alphabetic) => {
                format!("{}{rest}\n", " ".repeat(indent))
            }
            _ => format!("{line}\n"),
        }
    };
    yaml.lines().map(line).collect()
}

#[test]
fn every_key_stands_in_our_file_with_its_default() {
    let loaded = load_yaml(&uncommented(OURS));
    // Keys without a default show an example instead.
    let examples = [
        "database.host",
        "database.port",
        "database.user",
        "database.tls_ca_file",
        "refresh.interval_days",
    ];
    for line in loaded.report() {
        assert_ne!(line.source, Source::Default, "{} is missing", line.key);
        let default = keys().find(|key| key.path() == line.key).expect("known");
        if line.value != MASK && !examples.contains(&line.key) {
            assert_eq!(line.value, default.show(&Config::default()), "{}", line.key);
        }
    }
}
