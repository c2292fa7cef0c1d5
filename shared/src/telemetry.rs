//! Logging, set up once for each process.
//!
//! What is never logged: tokens, secrets, passwords, request and answer bodies, proxy URLs with credentials.
//! Types that hold them have no readable `Debug`; see [`crate::vault::Secret`].

use std::io::IsTerminal as _;

use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::config::{Config, LogFormat, ServerMode};

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
