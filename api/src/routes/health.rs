//! Whether the process lives, whether it can work, and its metrics.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use rt_manage_shared::{
    readiness::{Found, Readiness, Weight},
    telemetry,
};
use serde_json::{Value, json};

use crate::{error::Problem, state::App};

/// `/health`, `/livez`, `/readyz`, `/metrics`.
pub fn router() -> Router<App> {
    Router::new()
        .route("/health", get(health))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
}

/// As the predecessor's clients know it: 200 while the process serves.
pub async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "message": "rt-manage is running"}))
}

/// Touches nothing: only a process that hangs fails to answer.
async fn livez() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn readyz(State(app): State<App>) -> Response {
    let found = match &app.worker {
        Some(worker) => Found {
            name: "worker",
            result: worker.not_ready_because().map_or(Ok(()), Err),
            weight: Weight::Needed,
        },
        // Workers that are processes of their own tell themselves whether they can work. Without the queue this one
        // still hands out access tokens: whoever balances load must not take all replicas away at once.
        None => Found {
            name: "queue",
            result: app.queue.check().await.map_err(|error| error.to_string()),
            weight: Weight::Missed,
        },
    };
    let journals = app.worker.as_ref().map(|worker| Found {
        name: "journals",
        result: worker.journal_findings().map_or(Ok(()), Err),
        weight: Weight::Missed,
    });
    let found = std::iter::once(found).chain(journals);
    let readiness =
        Readiness::ask(&app.db, &app.clock, app.settings.current().heartbeat, found).await;
    let status = if readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

/// For loopback, or with the configured token.
async fn metrics_text(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    let names = headers.keys().map(HeaderName::as_str);
    match telemetry::may_read_metrics(&app.config.security, peer.ip(), authorization, names) {
        Ok(()) => {
            let content_type = [(header::CONTENT_TYPE, telemetry::METRICS_TYPE)];
            (content_type, telemetry::metrics_text()).into_response()
        }
        Err(refused) => {
            Problem::forbidden("metrics_forbidden", refused.to_string()).into_response()
        }
    }
}
