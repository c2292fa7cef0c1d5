//! Logging and metrics, set up once for each process.
//!
//! What is never logged: tokens, secrets, passwords, request and answer bodies, proxy URLs with credentials.
//! Types that hold them have no readable `Debug`; see [`crate::vault::Secret`].

mod metrics;

use std::{fmt, io::IsTerminal as _};

use jiff::Zoned;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    fmt::{format::Writer, time::FormatTime},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::config::{Config, LogFormat, ServerMode};

pub use self::metrics::{
    METRICS_TYPE, MetricsRefused, keep_metrics_small, may_read_metrics, metrics_text,
    start_metrics, upkeep,
};

/// Libraries whose debug output could show what they carry, or only repeats ours.
const QUIET: &[&str] = &[
    "hyper=info",
    "hyper_util=info",
    "reqwest=info",
    "rustls=info",
    "sqlx=warn",
    "apalis=warn",
    "apalis_core=warn",
    "h2=info",
];

/// The level that an operator has not changed; `server.mode: debug` then logs more.
const DEFAULT_LEVEL: &str = "info";

/// Starts logging to standard error. Later calls change nothing.
pub fn start(config: &Config) {
    let more = config.server.mode == ServerMode::Debug && config.log.level == DEFAULT_LEVEL;
    let level = if more {
        "debug"
    } else {
        config.log.level.as_str()
    };
    let mut filter = EnvFilter::builder().parse_lossy(level);
    for directive in QUIET {
        // An operator who names a library gets what was asked for.
        let name = directive.split('=').next().unwrap_or_default();
        if !level.contains(name)
            && let Ok(directive) = directive.parse()
        {
            filter = filter.add_directive(directive);
        }
    }
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_timer(LocalTime)
        .with_target(false);
    let layer = match config.log.format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // An error means that logging was started before, as tests do.
    let _ = tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .try_init();
}

/// This host's time in the zone that `TZ` names, or else the host's own, with its offset: logs are read beside those of
/// other programs. Not the [clock](crate::clock::Clock), which shows the database's time.
struct LocalTime;

impl FormatTime for LocalTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", shown(&Zoned::now()))
    }
}

fn shown(time: &Zoned) -> impl fmt::Display {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_times_are_local_and_name_their_offset() {
        let time: Zoned = "2026-11-23T05:14:46.5+08:00[Asia/Shanghai]"
            .parse()
            .unwrap();
        assert_eq!(shown(&time).to_string(), "2026-11-23T05:14:46.500000+08:00");
    }
}
