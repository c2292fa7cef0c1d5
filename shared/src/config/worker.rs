//! Section `worker`: the processes that refresh.

use std::net::IpAddr;

use super::check::Findings;
use super::keys::{Key, key};

/// What one `kill -9` can put in doubt is what is in flight, so this is small.
const CONCURRENCY: u32 = 8;
/// Beyond this, more worker processes serve better than more calls in one.
pub const MAX_CONCURRENCY: u64 = 1024;
/// Often enough that a console notices a missing worker within seconds.
const HEARTBEAT_SECONDS: u64 = 5;
/// The answer deadline plus the time to save, with room; just under Kubernetes' usual patience.
const DRAIN_SECONDS: u64 = 60;
/// This host alone: what is told there is for its supervisor, and needs no password.
const LISTEN: &str = "127.0.0.1:8081";

/// Section `worker`.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Most calls in flight in one process.
    pub concurrency: u32,
    /// How often a worker says that it lives.
    pub heartbeat_seconds: u64,
    /// How long a shutdown waits for calls under way.
    pub drain_seconds: u64,
    /// Where a worker process answers probes, as `host:port`; port 0 takes any free one.
    pub listen: String,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            heartbeat_seconds: HEARTBEAT_SECONDS,
            drain_seconds: DRAIN_SECONDS,
            listen: LISTEN.to_owned(),
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(
        live worker.concurrency,
        "Most calls in flight in one process."
    ),
    key!(
        worker.heartbeat_seconds,
        "How often a worker says that it lives."
    ),
    key!(
        worker.drain_seconds,
        "How long a shutdown waits for calls under way."
    ),
    key!(
        worker.listen,
        "Where a worker process answers probes (host:port); where the port is taken, the next free one."
    ),
];

impl WorkerConfig {
    /// Host and port of `listen`; `None` where it is not of that form. An IPv6 address stands in brackets there, and
    /// without them here.
    pub fn listen_parts(&self) -> Option<(&str, u16)> {
        let (host, port) = self.listen.rsplit_once(':')?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits)?;
        if let Some(address) = host.strip_prefix('[') {
            let address = address.strip_suffix(']')?;
            let v6 = address.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6());
            return v6.then_some((address, port));
        }
        // Its parser takes an address without brackets for an error.
        let known = matches!(
            url::Host::parse(host),
            Ok(url::Host::Domain(_) | url::Host::Ipv4(_))
        );
        known.then_some((host, port))
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        findings.range("worker.concurrency", self.concurrency, 1, MAX_CONCURRENCY);
        findings.seconds("worker.heartbeat_seconds", self.heartbeat_seconds);
        findings.seconds("worker.drain_seconds", self.drain_seconds);
        if self.listen_parts().is_none() {
            findings.error(
                &["worker.listen"],
                "must be host:port, such as 127.0.0.1:8081, [::1]:8081 or localhost:0",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let yaml = "worker:\n  concurrency: 16\n  heartbeat_seconds: 4\n  drain_seconds: 90\n  listen: '[::]:9091'\n";
        let worker = load_yaml(yaml).config.worker;
        assert_eq!((worker.concurrency, worker.heartbeat_seconds), (16, 4));
        assert_eq!(worker.drain_seconds, 90);
        assert_eq!(worker.listen_parts(), Some(("::", 9091)));
    }

    #[test]
    fn hosts_and_ports_to_listen_on() {
        let parts = |listen: &str| {
            let worker = WorkerConfig {
                listen: listen.to_owned(),
                ..WorkerConfig::default()
            };
            let parts = worker.listen_parts();
            parts.map(|(host, port)| format!("{host} {port}"))
        };
        assert_eq!(parts("127.0.0.1:8081").as_deref(), Some("127.0.0.1 8081"));
        assert_eq!(
            parts("worker-1.internal:0").as_deref(),
            Some("worker-1.internal 0")
        );
        assert_eq!(parts("[::1]:65535").as_deref(), Some("::1 65535"));
        for wrong in [
            "",
            ":",
            ":80",
            "h",
            "h:",
            "8081",
            "::1:80",
            "[::1]",
            "[h]:80",
            "[127.0.0.1]:80",
            "h:+1",
            "h:65536",
            "http://h:80",
            "a b:80",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "concurrency: 0",
            "concurrency: 1025",
            "heartbeat_seconds: 0",
            "listen: ''",
            "listen: 8081",
            "listen: 'localhost'",
        ] {
            problems(&format!("worker:\n  {yaml}\n"));
        }
    }
}
