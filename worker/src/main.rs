//! `rt-manage-worker`: the refresh worker as a process of its own, fed over Redis.

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::Parser;
use rt_manage_shared::{
    config::{Config, LoadOptions},
    telemetry,
};

/// Refreshes what the API enqueues.
#[derive(Debug, Parser)]
#[command(name = "rt-manage-worker", version, about)]
struct Cli {
    /// Configuration file, the same as the API's; default: `RTM_CONFIG`, else config/config.yml where it exists.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = LoadOptions {
        file: Cli::parse().config,
        env: LoadOptions::process_env()?,
        flags: Vec::new(),
    };
    let loaded = Config::load(&options)?;
    telemetry::start(&loaded.config);
    if loaded.config.queue.url.is_none() {
        bail!(
            "queue.url is not set: without a Redis queue the API process hosts the worker itself, and a second one would \
             have nothing to consume. Start rt-manage-api alone"
        );
    }
    bail!("queue.url: this version runs embedded only; start rt-manage-api without the key")
}
