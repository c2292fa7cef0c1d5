//! Tests of the section `database`.

use super::*;
use crate::config::tests::{load_yaml, problems};

#[test]
fn documented_yaml() {
    let loaded = load_yaml(
        r#"
database:
  type: "mysql"
  host: "db.internal"
  port: 3307
  user: "rt"
  password: 0123456
  tls: verify_full
  tls_ca_file: ./ca.pem
  database: "tokens"
  table_prefix: "rt"
  max_idle_conns: 5
  max_open_conns: 50
  conn_max_lifetime: 600
"#,
    );
    let database = loaded.config.database;
    assert_eq!(database.kind, DatabaseKind::Mysql);
    assert_eq!(
        (database.host.as_str(), database.effective_port()),
        ("db.internal", 3307)
    );
    assert_eq!(
        (database.user.as_str(), database.database.as_str()),
        ("rt", "tokens")
    );
    // A numeric password keeps its leading zero, quotes or not.
    assert_eq!(database.password.expose(), "0123456");
    assert_eq!(database.table_name_prefix(), "rt_");
    assert_eq!((database.max_idle_conns, database.max_open_conns), (5, 50));
    assert_eq!(database.conn_max_lifetime, 600);
    assert_eq!(database.tls, DatabaseTls::VerifyFull);
    assert_eq!(database.tls_ca_file, Some("./ca.pem".into()));
    assert!(!database.allow_weak_durability);
    assert_eq!(loaded.warnings, [] as [&str; 0]);
}

#[test]
fn usual_ports_and_no_prefix() {
    let yaml = "database: {type: postgresql, host: '::1', user: rt, database: tokens}";
    let database = load_yaml(yaml).config.database;
    assert_eq!(
        (database.kind, database.effective_port()),
        (DatabaseKind::Postgres, 5432)
    );
    assert_eq!(database.table_name_prefix(), "");
    assert_eq!(database.tls, DatabaseTls::Prefer);
}

#[test]
fn a_server_needs_a_host_and_a_name() {
    let found = problems("database:\n  type: mysql\n");
    assert!(
        found.contains("database.host: must not be empty"),
        "{found}"
    );
    assert!(
        found.contains("database.database: must be the name"),
        "{found}"
    );
}

#[test]
fn a_socket_is_a_host_and_weakness_is_a_warning() {
    let yaml = "database: {type: mysql, host: '/run/a:b.sock', user: u, database: x, tls_ca_file: c, allow_weak_durability: true}";
    let warnings = load_yaml(yaml).warnings.join("\n");
    assert!(
        warnings.contains("database.allow_weak_durability: is true"),
        "{warnings}"
    );
    assert!(
        warnings.contains("database.tls_ca_file: has no effect"),
        "{warnings}"
    );
}

#[test]
fn what_sqlite_does_not_use_is_a_warning() {
    let warnings = load_yaml("database: {host: x, password: canary}")
        .warnings
        .join("\n");
    assert!(
        warnings.contains("database.host: has no effect"),
        "{warnings}"
    );
    assert!(
        warnings.contains("database.password: has no effect"),
        "{warnings}"
    );
    assert!(!warnings.contains("canary"));
}

#[test]
fn impossible_values() {
    for yaml in [
        "type: oracle",
        "database: ''",
        "database: ':memory:'",
        "table_prefix: 'a-b'",
        "table_prefix: '1a'",
        "table_prefix: 'abcdefghijklmnopqrstuvwxyz0123456'",
        "max_open_conns: 0",
        "conn_max_lifetime: 1h",
        "{type: mysql, host: 'db:3306', user: u, database: x}",
        "{type: mysql, host: db, user: u, database: x, port: 0}",
        "{type: mysql, host: db, database: x}",
        "{type: mysql, host: db, user: u, database: x, tls: yes}",
        "{type: mysql, host: db, user: u, database: x, tls: verify_full}",
        "{type: mysql, host: /run/s, user: u, database: x, tls: verify_full, tls_ca_file: c}",
    ] {
        problems(&format!("database:\n  {yaml}\n"));
    }
}
