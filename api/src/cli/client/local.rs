//! Calls of the same routes inside this process, over the database that the configuration names. Nothing listens; whoever can
//! open the database and has the sealing keys is allowed, as the command line. A server may run beside it.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use rt_manage_shared::{
    bootstrap::{self, BootstrapError, Role},
    clock::Clock,
    config::{DatabaseKind, Loaded},
    db::Db,
    lifecycle::Lifecycle,
    notify::Notifier,
    queue::Producer,
};
use rt_manage_worker::{Live, egress};
use tower::ServiceExt as _;
use url::Url;

use super::{
    Exit, Failure,
    call::{Answer, Call, Source},
};
use crate::{
    auth::{Sessions, mark_as_ours},
    events::Events,
    import::Uploads,
    jobs::{JobContext, Jobs, Runner},
    keys::Keys,
    refresh::Refresher,
    routes,
    state::App,
};

/// Where the calls seem to go; nothing is there.
const BASE: &str = "http://localhost/";

/// What the last step of a job may take at the end: a transaction of some hundred rows.
const LAST_STEP: Duration = Duration::from_secs(10);

/// Whether a command makes the database where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Missing {
    /// It brings something in: a first start.
    Make,
    /// It looks for what is there: most likely the wrong folder.
    Refuse,
}

/// The routes over the opened database.
pub(super) struct Local {
    router: Router,
    base: Url,
    app: App,
    lifecycle: Lifecycle,
    carries_on: AtomicBool,
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}

impl Local {
    pub(super) async fn open(loaded: &Loaded, missing: Missing) -> Result<Self, Failure> {
        let lifecycle = Lifecycle::new();
        let app = app(loaded, missing, &lifecycle).await?;
        let base = BASE.parse().map_err(|error| other("the address", &error))?;
        Ok(Self {
            router: routes::router(app.clone()),
            base,
            app,
            lifecycle,
            carries_on: AtomicBool::new(false),
        })
    }

    pub(super) async fn send(&self, call: Call) -> Result<Answer, Failure> {
        let url = call.at(&self.base);
        let mut request = Request::new(Body::from(call.body));
        *request.method_mut() = call.method;
        *request.headers_mut() = call.headers;
        let target = url.query().map(|query| format!("?{query}"));
        let target = format!("{}{}", url.path(), target.unwrap_or_default());
        *request.uri_mut() = target
            .parse()
            .map_err(|error| other("the address", &error))?;
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        request.extensions_mut().insert(ConnectInfo(here));
        mark_as_ours(&mut request);
        let response = self.router.clone().oneshot(request).await;
        let (parts, body) = match response {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: Source::Local(body.into_data_stream()),
        })
    }

    /// Works on jobs as a server does, until the end of the command: none need be running. Whoever comes first has a job.
    pub(super) fn carry_jobs_on(&self) {
        if self.carries_on.swap(true, Ordering::Relaxed) {
            return;
        }
        let app = &self.app;
        let context = JobContext::new(
            &app.db,
            &app.vault,
            &app.clock,
            &app.notifier,
            &app.settings,
        );
        let runner = Runner::new(context, app.jobs.clone());
        let stop = self.lifecycle.soft().clone();
        self.lifecycle.spawn_part("jobs", runner.run(stop));
    }

    /// Ends what runs in the background, jobs in order, so that another process goes on with them, and closes the database.
    pub(super) async fn close(self) {
        self.lifecycle.stop();
        if !self.lifecycle.drained(LAST_STEP).await {
            tracing::warn!(
                "the last step of a job had not ended in time; another process does it again"
            );
        }
        self.app.db.close().await;
    }
}

async fn app(loaded: &Loaded, missing: Missing, lifecycle: &Lifecycle) -> Result<App, Failure> {
    egress::install_crypto_provider();
    let config = Arc::new(loaded.config.clone());
    let db = database(&config, missing).await?;
    let clock = Clock::new();
    let now = db
        .server_time()
        .await
        .map_err(|error| unavailable(&error.into()))?;
    clock.set_from_database(now);
    let vault = bootstrap::open_vault(&config, &db, &clock, Role::Api)
        .await
        .map_err(|error| unavailable(&error))?;
    let settings = Live::open(loaded, &db, &vault)
        .await
        .map_err(|error| other("the settings", &error))?;
    // Also over Redis: what is asked for stands in the database, where the dispatcher of a running server finds it.
    let (queue, notifier) = (Producer::Elsewhere, Notifier::in_process());
    let stop = lifecycle.soft().clone();
    let refresher = Refresher::start(
        &db,
        &clock,
        &notifier,
        &settings,
        queue.clone(),
        stop.clone(),
    );
    let sessions = Sessions::open(&config, &db, &vault, &clock)
        .await
        .map_err(|error| other("sessions", &error))?;
    lifecycle.spawn_part("settings", settings.clone().follow(stop.clone()));
    Ok(App {
        keys: Keys::new(&config, &db, &clock),
        jobs: Jobs::new(&db, &vault, &clock),
        uploads: Uploads::default(),
        events: Events::start(&db, &clock, &notifier, settings.current().heartbeat, stop),
        sessions,
        config,
        db,
        vault,
        clock,
        notifier,
        settings,
        refresher,
        queue,
        worker: None,
    })
}

async fn database(
    config: &rt_manage_shared::config::Config,
    missing: Missing,
) -> Result<Db, Failure> {
    let file = Path::new(&config.database.database);
    if missing == Missing::Refuse && config.database.kind == DatabaseKind::Sqlite && !file.exists()
    {
        let message = format!("there is no database at {}", file.display());
        return Err(Failure::new(Exit::Later, message).hint(
            "Run this where the server runs, with its configuration (--config), or name a server with --url.",
        ));
    }
    let db = bootstrap::open_database(config)
        .await
        .map_err(|error| unavailable(&error))?;
    let ready = match missing {
        Missing::Make => db.migrate().await,
        // A server of an older version may be running: its schema is not changed in passing.
        Missing::Refuse => db.check_schema().await,
    };
    ready.map_err(|error| unavailable(&error.into()))?;
    Ok(db)
}

fn unavailable(error: &BootstrapError) -> Failure {
    let exit = match error {
        BootstrapError::Database(error) | BootstrapError::Migrate(error)
            if error.is_temporary() =>
        {
            Exit::Later
        }
        _ => Exit::Failed,
    };
    Failure::new(exit, error.to_string())
}

fn other(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, format!("{what}: {error}"))
}
