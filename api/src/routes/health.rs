//! Whether the process lives, whether it can work, and its metrics.

use std::{collections::BTreeMap, net::SocketAddr};

use axum::{
    Json, Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use rt_manage_shared::{
    readiness::{Found, Readiness, Weight},
    telemetry,
};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{error::Problem, state::App};

/// `/health`, `/livez`, `/readyz`, `/metrics`.
pub fn router() -> Router<App> {
    Router::from(documented())
}

/// The same, with what the document says of them.
pub fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(livez))
        .routes(routes!(readyz))
        .routes(routes!(metrics_text))
}

/// That the process lives.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what the handlers write")]
struct Alive {
    status: String,
    message: Option<String>,
}

/// Whether the process can work; docs/api.md names the further members. `checks` has `ok` or what is wrong for each part.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `Readiness` writes")]
struct Ready {
    /// `ok`, `degraded` or `unavailable`.
    status: String,
    checks: BTreeMap<String, String>,
}

/// As the predecessor's clients know it: 200 while the process serves.
#[utoipa::path(get, path = "/health", tag = "health", operation_id = "health", security(()), responses((status = 200, body = Alive)))]
pub async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "message": "rt-manage is running"}))
}

/// Touches nothing: only a process that hangs fails to answer.
#[utoipa::path(get, path = "/livez", tag = "health", operation_id = "livez", security(()), responses((status = 200, body = Alive)))]
async fn livez() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Whether the process can work, and why not.
#[utoipa::path(get, path = "/readyz", tag = "health", operation_id = "readyz", security(()),
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
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

/// Prometheus text, for loopback or with `security.metrics_token`.
#[utoipa::path(get, path = "/metrics", tag = "health", operation_id = "metrics", security(()),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 403, body = Value, content_type = "application/problem+json")))]
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
