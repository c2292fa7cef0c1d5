//! Metrics of this process in Prometheus' text format. They carry no secret and no credential's name: labels
//! are closed sets.

use std::{net::IpAddr, sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::{config::SecurityConfig, peer};

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Buckets for durations, in seconds: from a cached read to the longest wait for the upstream.
const SECONDS: &[f64] = &[
    0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
];

/// What the text is, for the header `Content-Type`.
pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How often recorded values are moved into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder; later calls change nothing.
pub fn start_metrics() {
    let Ok(builder) = PrometheusBuilder::new().set_buckets(SECONDS) else {
        return;
    };
    match builder.install_recorder() {
        Ok(handle) => {
            let _ = HANDLE.set(handle);
        }
        // Another part of this process, a test for example, was first.
        Err(error) => tracing::debug!(error = %error, "metrics recorder not installed"),
    }
}

/// The metrics as text.
pub fn metrics_text() -> String {
    HANDLE
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

/// Moves recorded values into their buckets, so that memory stays bounded when nobody scrapes.
pub fn upkeep() {
    if let Some(handle) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// Does the [`upkeep`] until `stop`.
pub async fn keep_metrics_small(stop: CancellationToken) {
    while !stop.is_cancelled() {
        upkeep();
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// This caller may not read the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("metrics are for loopback or for the metrics token{}", if self.near { "; set security.metrics_token to read them from other hosts" } else { "" })]
pub struct MetricsRefused {
    /// The caller is in a private network, and probably one of the operator's own.
    near: bool,
}

/// Who may read the metrics: with a configured token, whoever presents it and nobody else; without one, callers on this
/// host that speak for nobody else. `authorization` is the header of that name, `headers` are the names of all.
pub fn may_read_metrics<'a>(
    security: &SecurityConfig,
    peer: IpAddr,
    authorization: Option<&[u8]>,
    headers: impl IntoIterator<Item = &'a str>,
) -> Result<(), MetricsRefused> {
    let allowed = match &security.metrics_token {
        Some(token) => authorization
            .and_then(|value| value.strip_prefix(b"Bearer "))
            .is_some_and(|presented| token.is(presented)),
        None => peer.to_canonical().is_loopback() && !peer::speaks_for_others(headers),
    };
    if allowed {
        return Ok(());
    }
    Err(MetricsRefused {
        near: peer::is_private(peer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_for_loopback_or_for_the_token() {
        let (open, closed) = (
            SecurityConfig::default(),
            SecurityConfig {
                metrics_token: Some("t0ken".into()),
                ..SecurityConfig::default()
            },
        );
        let (here, near, far) = ("::ffff:127.0.0.1", "10.0.0.1", "8.8.8.8");
        let forwarded: &[&str] = &["host", "x-forwarded-for"];
        for (security, peer, authorization, headers, allowed) in [
            (&open, here, None, &["host"][..], true),
            (&open, "::1", Some("Bearer anything"), &[], true),
            (&open, here, None, forwarded, false),
            (&open, near, None, &[], false),
            (&open, far, None, &[], false),
            (&closed, here, None, &[], false),
            (&closed, here, Some("Bearer t0ke"), &[], false),
            (&closed, here, Some("t0ken"), &[], false),
            (&closed, far, Some("Bearer t0ken"), forwarded, true),
        ] {
            let authorization = authorization.map(str::as_bytes);
            let headers = headers.iter().copied();
            let result = may_read_metrics(security, peer.parse().unwrap(), authorization, headers);
            assert_eq!(result.is_ok(), allowed, "{peer} {authorization:?}");
        }
    }

    #[test]
    fn only_those_who_could_get_the_token_are_told_of_it() {
        let open = SecurityConfig::default();
        let told = |peer: &str| {
            let refused = may_read_metrics(&open, peer.parse().unwrap(), None, []).unwrap_err();
            refused.to_string().contains("security.metrics_token")
        };
        assert!(told("192.168.0.2") && !told("8.8.8.8"));
    }
}
