//! `serve`: puts the parts together, runs them, and takes them down in the right order.

use std::{net::SocketAddr, path::Path, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use rt_manage_shared::{
    bootstrap,
    bootstrap::Role,
    clock::Clock,
    config::{Config, Loaded},
    db::{
        Db, attempts,
        exclusive::{ExclusiveError, ExclusiveLock},
    },
    lifecycle::Lifecycle,
    notify::Notifier,
    queue::{Producer, embedded},
};
use rt_manage_worker::{WorkerParts, WorkerSettings, egress};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::embedded::EmbeddedWorker;
use crate::{
    auth::Sessions,
    refresh::Refresher,
    routes,
    scheduler::{Scheduler, SchedulerParts},
    state::App,
    telemetry,
};

/// The lock of the embedded mode is looked at this often: well within the time after which a claim is given up.
const LOCK_CHECK: Duration = Duration::from_secs(5);
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
    let lock = db
        .lock_exclusively(Path::new(&config.database.database))
        .await?;
    warn_of_predecessor(&db).await?;
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
    let parts = WorkerParts {
        db: db.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        notifier: notifier.clone(),
        settings: Arc::clone(&settings),
        draining: lifecycle.soft().clone(),
    };
    let embedded = EmbeddedWorker::start(parts, interactive, bulk, lifecycle.clone()).await?;

    let coalesce = Duration::from_secs(config.refresh.coalesce_seconds);
    let refresher = Refresher::start(
        &db,
        &clock,
        &notifier,
        &settings,
        producer.clone(),
        coalesce,
        embedded.stop_token(),
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
    lifecycle.spawn_part("exclusive lock", keep_lock(lock, lifecycle.soft().clone()));
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
        worker: Some(embedded.worker()),
    };
    announce(&listener, &config);
    serve(listener, app, &lifecycle, &config).await;

    // The worker goes on until the last waiting client has its answer.
    let drain = Duration::from_secs(config.worker.drain_seconds);
    let drained = embedded.stop(drain, &lifecycle).await;
    if !lifecycle.drained(drain).await || !drained {
        tracing::error!(
            "not everything had ended within the drain limit; journals hold what was in flight"
        );
        return Ok(ExitCode::FAILURE);
    }
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

/// Watches the lock until the process ends: without it a second process could begin to refresh. While the database
/// is away nothing is claimed anyway; a lock that somebody else has taken by then ends this process.
async fn keep_lock(mut lock: ExclusiveLock, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match lock.keep().await {
            Ok(()) => {}
            Err(error @ ExclusiveError::Taken(_)) => {
                tracing::error!(error = %error, "the lock of the embedded mode was lost");
                return;
            }
            Err(error) => {
                tracing::warn!(error = %error, "the lock of the embedded mode cannot be looked at");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOCK_CHECK) => {}
            () = stop.cancelled() => {}
        }
    }
    // Held on until the last call has ended.
    std::mem::forget(lock);
}

/// A predecessor's tables stand beside ours; nothing of them is read.
async fn warn_of_predecessor(db: &Db) -> anyhow::Result<()> {
    if db.has_table("rts").await? {
        tracing::warn!(
            "a predecessor's table `{}` is in this database: nothing of it was imported, and nothing of it is refreshed; \
             stop the old program before its tokens are used here, `migrate-from` of a later version takes them over",
            db.table("rts")
        );
    }
    Ok(())
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
