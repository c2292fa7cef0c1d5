//! The HTTP server of a worker process: whether it lives, whether it can work, and its metrics.

use std::{
    fmt, future::Future, io::ErrorKind, net::SocketAddr, pin::Pin, sync::Arc, time::Duration,
};

use axum::{
    Json, Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use rt_manage_shared::{
    config::{SecurityConfig, WorkerConfig},
    readiness::{Found, Readiness, Weight},
    telemetry,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Worker;

/// Further ports that are tried where the configured one is taken: more workers than this on one host are a mistake.
const FURTHER_PORTS: u16 = 100;
/// How long a look at the queue may take: callers of probes have little patience.
const QUEUE_ANSWER: Duration = Duration::from_secs(2);
/// How long answers under way may take when the process ends.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

type Answer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type QueueCheck = Arc<dyn Fn() -> Answer + Send + Sync>;

/// What the server answers from; cheap to clone.
#[derive(Clone)]
pub struct Probe {
    worker: Arc<Worker>,
    security: SecurityConfig,
    stopping: CancellationToken,
    queue: Option<QueueCheck>,
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").finish_non_exhaustive()
    }
}

/// Nothing could be listened on.
#[derive(Debug, thiserror::Error)]
#[error("worker.listen: cannot listen on {address}: {error}")]
pub struct ListenError {
    address: String,
    error: std::io::Error,
}

/// Listens where the configuration says; where the port is taken, on the next one that is free.
pub async fn listen(config: &WorkerConfig) -> Result<TcpListener, ListenError> {
    let failed = |error: std::io::Error| ListenError {
        address: config.listen.clone(),
        error,
    };
    let (host, first) = config
        .listen_parts()
        .ok_or_else(|| failed(ErrorKind::InvalidInput.into()))?;
    let last = match first {
        0 => 0,
        _ => first.saturating_add(FURTHER_PORTS),
    };
    let mut port = first;
    loop {
        match TcpListener::bind((host, port)).await {
            Ok(listener) => {
                if port != first {
                    tracing::info!(
                        port,
                        "worker.listen: port {first} is taken, port {port} is used"
                    );
                }
                return Ok(listener);
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse && port < last => port += 1,
            Err(error) => return Err(failed(error)),
        }
    }
}

impl Probe {
    /// Answers for a worker; from `stopping` on, it is not ready.
    pub fn new(worker: Arc<Worker>, security: SecurityConfig, stopping: CancellationToken) -> Self {
        Self {
            worker,
            security,
            stopping,
            queue: None,
        }
    }

    /// Asks the queue, too: `check` tells what is wrong with it.
    #[must_use]
    pub fn with_queue<F>(mut self, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.queue = Some(Arc::new(move || Box::pin(check())));
        self
    }

    /// Answers until `stop`.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(self)
            .into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, router)
            .with_graceful_shutdown(stop.clone().cancelled_owned())
            .into_future();
        let over = async {
            stop.cancelled().await;
            tokio::time::sleep(LAST_ANSWERS).await;
        };
        tokio::select! {
            result = server => {
                if let Err(error) = result {
                    tracing::error!(error = %error, "the probe server ended");
                }
            }
            () = over => {}
        }
    }

    async fn readiness(&self) -> Readiness {
        let worker = if self.stopping.is_cancelled() {
            Err("stopping".to_owned())
        } else {
            self.worker.not_ready_because().map_or(Ok(()), Err)
        };
        let needed = |name, result| Found {
            name,
            result,
            weight: Weight::Needed,
        };
        // Refreshing goes on beside damage: nobody shall take the process out of service for it.
        let journals = Found {
            name: "journals",
            result: self.worker.journal_findings().map_or(Ok(()), Err),
            weight: Weight::Missed,
        };
        let mut found = vec![needed("worker", worker), journals];
        if let Some(check) = &self.queue {
            let answer = tokio::time::timeout(QUEUE_ANSWER, check()).await;
            let silent = || Err("the queue does not answer".to_owned());
            found.push(needed("queue", answer.unwrap_or_else(|_| silent())));
        }
        let Worker {
            db,
            clock,
            settings,
            ..
        } = &*self.worker;
        Readiness::ask(db, clock, settings.current().heartbeat, found).await
    }
}

/// Touches nothing: only a process that hangs fails to answer.
async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(State(probe): State<Probe>) -> Response {
    let readiness = probe.readiness().await;
    let status = if readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

/// For loopback, or with the configured token.
async fn metrics(
    State(probe): State<Probe>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    let names = headers.keys().map(HeaderName::as_str);
    match telemetry::may_read_metrics(&probe.security, peer.ip(), authorization, names) {
        Ok(()) => {
            let content_type = [(header::CONTENT_TYPE, telemetry::METRICS_TYPE)];
            (content_type, telemetry::metrics_text()).into_response()
        }
        Err(refused) => (StatusCode::FORBIDDEN, refused.to_string()).into_response(),
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
