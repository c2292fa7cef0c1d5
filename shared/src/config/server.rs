//! Section `server`: the API process's HTTP server.

use std::net::IpAddr;

use super::check::{Findings, MAX_SECONDS};
use super::keys::{Key, key};
use super::value::Choice;

/// All interfaces: the seed's value, and what a container needs.
const HOST: &str = "0.0.0.0";
/// The seed's value.
const PORT: u16 = 8080;
/// Twice the upstream's answer deadline, and what most HTTP clients and proxies wait for.
const REFRESH_WAIT_SECONDS: u64 = 60;
/// The longest wait of a caller plus time to save what it waited for.
const DRAIN_SECONDS: u64 = 75;

/// Section `server`.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The address to listen on.
    pub host: String,
    /// The port to listen on; 0 takes any free one.
    pub port: u16,
    /// How talkative the process is. It never weakens a rule.
    pub mode: ServerMode,
    /// How long a caller of `refresh` is kept waiting for the outcome.
    pub refresh_wait_seconds: u64,
    /// How long a shutdown waits for requests and calls under way.
    pub drain_seconds: u64,
}

/// The seed's modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerMode {
    /// Logs more.
    Debug,
    /// For production.
    Release,
    /// For tests.
    Test,
}

impl Choice for ServerMode {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("debug", Self::Debug),
        ("release", Self::Release),
        ("test", Self::Test),
    ];
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: HOST.to_owned(),
            port: PORT,
            mode: ServerMode::Release,
            refresh_wait_seconds: REFRESH_WAIT_SECONDS,
            drain_seconds: DRAIN_SECONDS,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(server.host, "Address to listen on."),
    key!(server.port, "Port to listen on; 0 takes any free one."),
    key!(
        server.mode,
        "debug, release or test; debug logs more, and none weakens a rule."
    ),
    key!(
        server.refresh_wait_seconds,
        "How long a caller of refresh waits for the outcome before it is told 504."
    ),
    key!(
        server.drain_seconds,
        "How long a shutdown waits for requests and calls under way."
    ),
];

impl ServerConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        if self.host.parse::<IpAddr>().is_err() {
            let name = url::Host::parse(&self.host).is_ok_and(|host| {
                // A bracketed address is URL notation, and no socket takes it.
                matches!(host, url::Host::Domain(_))
            });
            if !name {
                findings.error(
                    &["server.host"],
                    "must be an address such as 0.0.0.0 or ::, or a host name, without a port",
                );
            }
        }
        findings.range(
            "server.refresh_wait_seconds",
            self.refresh_wait_seconds,
            1,
            MAX_SECONDS,
        );
        findings.range("server.drain_seconds", self.drain_seconds, 1, MAX_SECONDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let server = load_yaml(
            r#"
server:
  host: "::1"
  port: 9090
  mode: "debug"
  refresh_wait_seconds: 50
  drain_seconds: 90
"#,
        )
        .config
        .server;
        assert_eq!((server.host.as_str(), server.port), ("::1", 9090));
        assert_eq!(server.mode, ServerMode::Debug);
        assert_eq!(
            (server.refresh_wait_seconds, server.drain_seconds),
            (50, 90)
        );
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "host: ''",
            "host: 'http://x'",
            "host: 'localhost:80'",
            "host: '[::1]'",
            "port: 65536",
            "port: eighty",
            "mode: fast",
            "refresh_wait_seconds: 0",
            "drain_seconds: 99999999999",
        ] {
            problems(&format!("server:\n  {yaml}\n"));
        }
        load_yaml("server:\n  host: localhost\n  port: 0\n");
    }
}
