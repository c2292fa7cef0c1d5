//! The real router over a real database file. Every answer of every test is searched for planted secrets.

mod admin_keys;
mod audit;
mod bulk;
mod credentials;
mod desk;
mod document;
mod events;
mod exports;
mod findings;
mod grant_effects;
mod http;
mod imports;
mod jobs;
mod keys;
mod lifecycle;
mod live;
mod login;
mod migration;
mod named;
mod orphans;
mod public_api;
mod public_wants;
mod refresh;
mod sessions;
mod settings;
mod switches;
mod system;
mod token_rules;
mod users;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode},
};
use rt_manage_shared::{
    bootstrap::{self, Role},
    clock::Clock,
    config::{Config, Loaded},
    notify::Notifier,
    queue::{Producer, embedded},
};
use rt_manage_worker::{Live, WorkerSettings};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    auth::Sessions, events::Events, import::Uploads, jobs::Jobs, keys::Keys, refresh::Refresher,
    routes, state::App,
};

/// Part of every planted secret; no answer may have it.
pub(crate) const CANARY: &str = "canary";
/// A password that is not the published one.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// A direct caller from a private network.
pub(crate) const NEAR: &str = "172.17.0.1";
/// A caller from the Internet.
pub(crate) const FAR: &str = "203.0.113.9";

/// The first refreshes of many are called canaries, too: those are our own words, and no secrets.
fn without_our_words(text: &str) -> String {
    let words = ["\"canary\":", "canary_failed", "action.canary"];
    let mut text = text.to_owned();
    for word in words {
        text = text.replace(word, "");
    }
    text
}

/// A refresh token that must never be seen again.
pub(crate) fn rt(name: &str) -> String {
    format!("rt.1.{CANARY}-{name}")
}

/// A server without its listener.
pub(crate) struct Server {
    pub(crate) app: App,
    /// Those of the start.
    pub(crate) settings: Arc<WorkerSettings>,
    router: Router,
    _folder: TempDir,
}

/// A request under construction.
#[derive(Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    peer: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.body["code"].as_str().unwrap_or_default(),
        )
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn call(method: &str, path: &str) -> Call {
    Call {
        method: method.parse().unwrap(),
        path: format!("/api/v1{path}"),
        peer: NEAR,
        headers: Vec::new(),
        body: String::new(),
    }
}

impl Call {
    pub(crate) fn from(self, peer: &'static str) -> Self {
        Self { peer, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
            .header("content-type", "application/json")
    }

    pub(crate) fn text(self, body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

impl Server {
    /// A server with the example's configuration, as `change` changes it.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut config = Config::default();
        config.database.database = path("tokens.db").display().to_string();
        config.security.key_file = path("keys");
        config.server.refresh_wait_seconds = 20;
        change(&mut config);
        Self::over(folder, Loaded::of(config)).await
    }

    /// A server whose configuration was loaded.
    pub(crate) async fn over(folder: TempDir, loaded: Loaded) -> Self {
        let app = start(&loaded).await;
        Self {
            settings: app.settings.current(),
            router: routes::router(app.clone()),
            app,
            _folder: folder,
        }
    }

    /// A server with a password of its own.
    pub(crate) async fn new() -> Self {
        Self::with(|config| config.auth.password = PASSWORD.into()).await
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        let mut request = Request::builder().method(call.method).uri(call.path);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::from(call.body)).unwrap();
        let peer: SocketAddr = format!("{}:4711", call.peer).parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(!without_our_words(&text).contains(CANARY), "{text}");
        assert!(!format!("{:?}", parts.headers).contains(CANARY));
        if !parts.status.is_success() {
            assert_eq!(
                parts.headers["content-type"], "application/problem+json",
                "{text}"
            );
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: if text.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&text).unwrap()
            },
        }
    }

    pub(crate) async fn log_in(&self, password: &str) -> Answer {
        let body = serde_json::json!({"username": "admin", "password": password});
        self.send(call("POST", "/auth/login").json(&body)).await
    }

    /// A session token of the administrator.
    pub(crate) async fn token(&self) -> String {
        let answer = self.log_in(PASSWORD).await;
        assert_eq!(answer.status, 200);
        answer.body["token"].as_str().unwrap().to_owned()
    }
}

async fn start(loaded: &Loaded) -> App {
    let config = Arc::new(loaded.config.clone());
    let db = bootstrap::open_database(&config).await.unwrap();
    db.migrate().await.unwrap();
    let (clock, notifier) = (Clock::new(), Notifier::in_process());
    let vault = bootstrap::open_vault(&config, &db, &clock, Role::Api)
        .await
        .unwrap();
    let settings = Live::open(loaded, &db, &vault).await.unwrap();
    let (producer, interactive, bulk) = embedded::create();
    // Nobody works on what is pushed: tests play the worker.
    std::mem::forget((interactive, bulk));
    let producer = Producer::Embedded(producer);
    let stop = CancellationToken::new();
    let queue = producer.clone();
    let refresher = Refresher::start(&db, &clock, &notifier, &settings, producer, stop);
    App {
        jobs: Jobs::new(&db, &vault, &clock),
        uploads: Uploads::default(),
        keys: Keys::new(&config, &db, &clock),
        events: Events::start(
            &db,
            &clock,
            &notifier,
            settings.current().heartbeat,
            CancellationToken::new(),
        ),
        sessions: Sessions::open(&config, &db, &vault, &clock).await.unwrap(),
        config,
        db,
        vault,
        clock,
        notifier,
        settings,
        refresher,
        queue,
        worker: None,
    }
}
