//! Metrics of this process in Prometheus' text format. They carry no secret and no credential's name: labels
//! are closed sets.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Buckets for durations, in seconds: from a cached read to the longest wait for the upstream.
const SECONDS: &[f64] = &[
    0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
];

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
