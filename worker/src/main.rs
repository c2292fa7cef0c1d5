//! `rt-manage-worker`: the refresh worker as a process of its own, fed over Redis.

use std::{convert::Infallible, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use rt_manage_shared::{
    bootstrap::Role, config::Loaded, lifecycle::Lifecycle, process, queue::redis::RedisQueue,
    telemetry,
};
use rt_manage_worker::{
    Live, RunningWorker, WorkerParts,
    cli::{self, ConfigArgs},
    egress,
    probe::{self, Probe},
};
use tokio_util::sync::CancellationToken;

/// Refreshes what the API enqueues. It takes the same configuration file as the API.
#[derive(Debug, Parser)]
#[command(name = "rt-manage-worker", version, about)]
struct Cli {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the worker (the default).
    Serve,
}

fn main() -> anyhow::Result<ExitCode> {
    #[cfg(feature = "test-hooks")]
    let _hooks = rt_manage_shared::hooks::from_environment();
    let Cli { config, command } = Cli::parse();
    let loaded = match config.load()? {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    match command.unwrap_or(Command::Serve) {
        Command::Serve => cli::run(&loaded, serve(&loaded)),
    }
}

async fn serve(loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let config = &loaded.config;
    if config.queue.url.is_none() {
        anyhow::bail!(
            "queue.url is not set: without a Redis queue the API process hosts the worker itself, and a second one would \
             have nothing to consume. Start rt-manage-api alone"
        );
    }
    let lifecycle = Lifecycle::new();
    lifecycle.listen_for_signals()?;
    telemetry::start_metrics();
    egress::install_crypto_provider();
    let queue = RedisQueue::open(&config.queue)?;
    let listener = probe::listen(&config.worker).await?;
    let address = listener.local_addr()?;
    let base = tokio::select! {
        base = process::open(config, Role::Worker, &lifecycle) => base?,
        () = lifecycle.soft().cancelled() => {
            tracing::info!("stopped before the start was complete");
            return Ok(ExitCode::SUCCESS);
        }
    };

    // Announcements and probes go on until the last call is saved.
    let ended = CancellationToken::new();
    let settings = Live::open(loaded, &base.db, &base.vault).await?;
    lifecycle.spawn_part("settings", settings.clone().follow(ended.clone()));
    let parts = WorkerParts {
        db: base.db.clone(),
        vault: base.vault,
        clock: base.clock,
        notifier: queue.notifier(ended.clone()),
        settings,
        draining: lifecycle.soft().clone(),
    };
    let lanes = queue.clone();
    let running = RunningWorker::start(parts, lifecycle.clone(), |worker, stop| async move {
        worker.run_redis(&lanes, stop).await;
        Ok::<(), Infallible>(())
    })
    .await?;
    let worker = running.worker();
    let boot = worker.boot();
    let asked = queue.clone();
    let probe = Probe::new(worker, config.security.clone(), lifecycle.soft().clone()).with_queue(
        move || {
            let queue = asked.clone();
            async move { queue.check().await.map_err(|error| error.to_string()) }
        },
    );
    lifecycle.spawn_part("probe server", probe.serve(listener, ended.clone()));
    tracing::info!(listen = %address, version = env!("CARGO_PKG_VERSION"), boot = %boot, "worker is ready");

    lifecycle.soft().cancelled().await;
    let limit = Duration::from_secs(config.worker.drain_seconds);
    let drained = running.stop(limit, &lifecycle).await;
    ended.cancel();
    Ok(process::end(&lifecycle, &base.db, drained, limit).await)
}
