//! `serve`: puts the parts together, runs them, and takes them down in the right order.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use rt_manage_shared::{
    bootstrap,
    bootstrap::Role,
    clock::Clock,
    config::{Config, Loaded},
    db::{Db, attempts},
    lifecycle::Lifecycle,
    notify::Notifier,
    queue::{Producer, embedded},
};
use rt_manage_worker::{Worker, WorkerParts, WorkerSettings, egress};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::embedded::EmbeddedLock;
use crate::{
    auth::Sessions,
    refresh::Refresher,
    routes,
    scheduler::{Scheduler, SchedulerParts},
    state::App,
    telemetry,
};

/// Metrics are moved into their buckets this often.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

pub(super) async fn run(loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let config = Arc::new(loaded.config.clone());
    if config.queue.url.is_some() {
        anyhow::bail!("queue.url: this version runs embedded only; remove the key to start");
    }
    let lifecycle = Lifecycle::new();
    lifecycle.listen_for_signals()?;
    telemetry::start_metrics();
    egress::install_crypto_provider();
    let listener = listen(&config).await?;
    // The folder may not exist before the database is opened.
    let db = bootstrap::open_database(&config).await?;
    let _lock = EmbeddedLock::take(&config)?;
    db.migrate()
        .await
        .context("bringing the database schema up to date")?;
    let clock = Clock::new();
    clock.set_from_database(db.server_time().await?);
    let vault = bootstrap::open_vault(&config, &db, &clock, Role::Api).await?;
    let settings = Arc::new(WorkerSettings::resolve(&config)?);
    let notifier = Notifier::in_process();
    warn_of_placeholders(&config, &db).await?;

    let (producer, interactive, bulk) = embedded::create();
    let producer = Producer::Embedded(producer);
    // The embedded queue is empty after a start: whatever waits has to be pushed again.
    attempts::forget_pushes(&mut &db).await?;
    let worker = Worker::start(WorkerParts {
        db: db.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        notifier: notifier.clone(),
        settings: Arc::clone(&settings),
        draining: lifecycle.soft().clone(),
    })
    .await?;
    // The worker goes on until the last waiting client has its answer.
    let worker_stop = CancellationToken::new();
    let worker_done = {
        let (worker, stop) = (Arc::clone(&worker), worker_stop.clone());
        tokio::spawn(async move { worker.run_embedded(interactive, bulk, stop).await })
    };
    let supervisor = {
        let (worker, stop) = (Arc::clone(&worker), worker_stop.clone());
        tokio::spawn(async move { worker.supervise(stop).await })
    };

    let coalesce = Duration::from_secs(config.refresh.coalesce_seconds);
    let refresher = Refresher::start(
        &db,
        &clock,
        &notifier,
        &settings,
        producer.clone(),
        coalesce,
        worker_stop.clone(),
    );
    let parts = SchedulerParts {
        db: db.clone(),
        clock: clock.clone(),
        notifier: notifier.clone(),
        settings: Arc::clone(&settings),
        producer,
        refresher: refresher.clone(),
    };
    let scheduler = Scheduler::new(&config, parts, true);
    lifecycle.spawn_part("scheduler", scheduler.run(lifecycle.soft().clone()));
    lifecycle.spawn_part("metrics upkeep", upkeep(lifecycle.soft().clone()));

    let app = App {
        sessions: Sessions::open(&config, &db, &vault, &clock).await?,
        config: Arc::clone(&config),
        db: db.clone(),
        vault,
        clock,
        notifier,
        settings,
        refresher,
        worker: Some(Arc::clone(&worker)),
    };
    announce(&listener, &config);
    serve(listener, app, &lifecycle, &config).await;

    let drain = Duration::from_secs(config.worker.drain_seconds);
    worker_stop.cancel();
    let drained = tokio::select! {
        joined = tokio::time::timeout(drain, async { tokio::join!(worker_done, supervisor) }) => joined.is_ok(),
        () = lifecycle.hard().cancelled() => false,
    };
    if !lifecycle.drained(drain).await || !drained {
        tracing::error!(
            "not everything had ended within the drain limit; journals hold what was in flight"
        );
        return Ok(ExitCode::FAILURE);
    }
    worker.retire().await;
    db.close().await;
    tracing::info!("stopped");
    Ok(if lifecycle.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = (config.server.host.as_str(), config.server.port);
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "server.host, server.port: cannot listen on {}:{}",
            config.server.host, config.server.port
        )
    })
}

/// Serves until draining has begun and every accepted request is answered, at most the drain limit.
async fn serve(listener: TcpListener, app: App, lifecycle: &Lifecycle, config: &Config) {
    let service = routes::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let soft = lifecycle.soft().clone();
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(async move { soft.cancelled().await });
    let limit = Duration::from_secs(config.server.drain_seconds);
    let over = async {
        lifecycle.soft().cancelled().await;
        tokio::select! {
            () = tokio::time::sleep(limit) => tracing::warn!("some requests were not answered within server.drain_seconds"),
            () = lifecycle.hard().cancelled() => {}
        }
    };
    tokio::select! {
        result = server => {
            if let Err(error) = result {
                tracing::error!(error = %error, "the HTTP server ended");
                lifecycle.fail("http server");
            }
        }
        () = over => {}
    }
}

async fn upkeep(stop: CancellationToken) {
    while !stop.is_cancelled() {
        telemetry::upkeep();
        tokio::select! {
            () = tokio::time::sleep(METRICS_UPKEEP) => {}
            () = stop.cancelled() => {}
        }
    }
}

fn announce(listener: &TcpListener, config: &Config) {
    let address = listener.local_addr().map_or_else(
        |_| config.server.host.clone(),
        |address| address.to_string(),
    );
    tracing::info!(
        listen = %address,
        version = env!("CARGO_PKG_VERSION"),
        mode = ?config.server.mode,
        "rt-manage is ready: http://localhost:{}",
        listener.local_addr().map_or(config.server.port, |address| address.port())
    );
}

/// The secrets that ship in examples work, with limits; each of them is a warning at every start.
async fn warn_of_placeholders(config: &Config, db: &Db) -> anyhow::Result<()> {
    let auth = &config.auth;
    if auth.jwt_secret_is_placeholder() {
        tracing::warn!(
            "auth.jwt_secret is the example's: a random one, kept sealed in the database, is used instead"
        );
    }
    let own_password = rt_manage_shared::db::admins::read(&mut &*db, &auth.username)
        .await?
        .is_some();
    if auth.password_is_placeholder() && !own_password {
        tracing::warn!(
            "auth.password is the example's: it is accepted from this host and private networks only, and only to set a new one"
        );
    }
    if auth.api_secret_is_placeholder() {
        tracing::warn!(
            "auth.api_secret is the example's: it is accepted from this host and private networks only, never behind a proxy. \
             Rootless Docker, Docker Desktop and IPv6 without ip6tables hide a client's address: set your own there"
        );
    }
    Ok(())
}
