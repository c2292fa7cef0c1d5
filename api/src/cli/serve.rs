//! `serve`: puts the parts together, runs them, and takes them down in the right order.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use rt_manage_shared::{
    bootstrap::Role,
    config::{Config, Loaded},
    db::{Db, grants, predecessor},
    lifecycle::Lifecycle,
    process::{self, Base},
    queue::redis::RedisQueue,
    telemetry,
};
use rt_manage_worker::{Live, egress};
use tokio::net::TcpListener;

use super::queueing::{self, Queueing};
use crate::{
    auth::Sessions,
    events::Events,
    import::Uploads,
    jobs::{JobContext, Jobs, Runner},
    keys::Keys,
    refresh::Refresher,
    routes,
    scheduler::{Scheduler, SchedulerParts},
    state::App,
};

/// What counting the last hand-outs may take at the end; as many as a few seconds bring are written at once.
const LAST_COUNT: Duration = Duration::from_secs(5);

pub(super) async fn run(loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let config = Arc::new(loaded.config.clone());
    let lifecycle = Lifecycle::new();
    lifecycle.listen_for_signals()?;
    telemetry::start_metrics();
    egress::install_crypto_provider();
    let listener = listen(&config).await?;
    let queue = match &config.queue.url {
        Some(_) => Some(RedisQueue::open(&config.queue)?),
        None => None,
    };
    let base = process::open(&config, Role::Api, &lifecycle).await?;
    warn_of_predecessor(&base.db).await?;
    warn_of_placeholders(&config, &base.db).await?;
    let settings = Live::open(loaded, &base.db, &base.vault).await?;
    let Queueing {
        producer,
        notifier,
        refreshing,
    } = match &queue {
        None => queueing::embedded(&base, &settings, &lifecycle).await?,
        Some(queue) => queueing::over_redis(queue, &lifecycle),
    };
    let Base { db, clock, vault } = base;
    let until = refreshing.stop_token();
    lifecycle.spawn_part("settings", settings.clone().follow(until));
    let refresher = Refresher::start(
        &db,
        &clock,
        &notifier,
        &settings,
        producer.clone(),
        refreshing.stop_token(),
    );
    let parts = SchedulerParts {
        db: db.clone(),
        clock: clock.clone(),
        notifier: notifier.clone(),
        settings: settings.clone(),
        producer: producer.clone(),
        refresher: refresher.clone(),
    };
    let scheduler = Scheduler::new(parts, queue.is_none());
    let (draining, until) = (lifecycle.soft().clone(), refreshing.stop_token());
    lifecycle.spawn_part("scheduler", scheduler.run(draining, until));

    let keys = Keys::new(&config, &db, &clock);
    lifecycle.spawn_part("counts", keys.clone().run(lifecycle.soft().clone()));

    let jobs = Jobs::new(&db, &vault, &clock);
    let context = JobContext::new(&db, &vault, &clock, &notifier, &settings);
    let runner = Runner::new(context, jobs.clone());
    lifecycle.spawn_part("jobs", runner.run(lifecycle.soft().clone()));

    let app = App {
        jobs,
        uploads: Uploads::default(),
        keys: keys.clone(),
        events: Events::start(
            &db,
            &clock,
            &notifier,
            settings.current().heartbeat,
            lifecycle.soft().clone(),
        ),
        sessions: Sessions::open(&config, &db, &vault, &clock).await?,
        config: Arc::clone(&config),
        db: db.clone(),
        vault,
        clock,
        notifier,
        settings,
        refresher,
        queue: producer,
        worker: refreshing.worker(),
    };
    announce(&listener, &config);
    serve(listener, app, &lifecycle, &config).await;
    if tokio::time::timeout(LAST_COUNT, keys.flush())
        .await
        .is_err()
    {
        tracing::warn!("the last hand-outs were not counted: the database does not answer");
    }

    // An embedded worker goes on until the last waiting client has its answer.
    let drain = Duration::from_secs(config.worker.drain_seconds);
    let drained = refreshing.stop(drain, &lifecycle).await;
    Ok(process::end(&lifecycle, &db, drained, drain).await)
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

/// A predecessor's tables stand beside ours, or what was taken over from them waits for a word.
async fn warn_of_predecessor(db: &Db) -> anyhow::Result<()> {
    if db.has_table(predecessor::RECORDS).await? {
        tracing::warn!(
            "a predecessor's table `{}` is in this database: nothing of it is refreshed unless it was taken over; \
             `rt-manage-api migrate-from` with the old config.yml does that, and `migrate-from --confirm` begins with refreshing \
             once the old program has stopped",
            db.table(predecessor::RECORDS)
        );
    }
    let waiting = grants::count_awaiting_migration(&mut &*db).await?;
    if waiting > 0 {
        tracing::warn!(
            credentials = waiting,
            "credentials that were taken over from the predecessor are not refreshed yet: stop the old program, then \
             `rt-manage-api migrate-from --confirm`"
        );
    }
    Ok(())
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
    let own_password = rt_manage_shared::db::users::read(&mut &*db, &auth.username)
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
