//! Whether the process lives, whether it can work, and its metrics.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use rt_manage_shared::{
    db::{DbError, coordination, system},
    openai::is_private_address,
};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use crate::{auth::placeholder::has_forwarding_header, error::Problem, state::App, telemetry};

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
    let database = app.db.check_schema().await;
    let switches = match &database {
        Ok(()) => system::switches(&mut &app.db).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let held = match &database {
        Ok(()) => coordination::held_egresses(&mut &app.db, app.clock.now())
            .await
            .unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let worker = app
        .worker
        .as_ref()
        .and_then(|worker| worker.not_ready_because());
    let ready = database.is_ok() && worker.is_none();
    let body = json!({
        "status": if ready { "ok" } else { "unavailable" },
        "checks": {
            "database": database.as_ref().err().map_or("ok".to_owned(), shown),
            "worker": worker.unwrap_or_else(|| "ok".to_owned()),
        },
        // Not faults of this process, but the answer to "why is nothing refreshed?".
        "refreshing": switches.iter().map(|switch| json!({"switch": switch.name, "reason": switch.reason})).collect::<Vec<_>>(),
        "egresses_on_hold": held.iter().map(|hold| json!({
            "egress": hold.label, "reason": hold.reason, "until": hold.hold_until.to_rfc3339(),
        })).collect::<Vec<_>>(),
    });
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body)).into_response()
}

/// What an unauthenticated caller may know of a database error: which kind, no addresses.
fn shown(error: &DbError) -> String {
    match error {
        DbError::Unavailable(_) => "unavailable".into(),
        DbError::Busy(_) => "busy".into(),
        DbError::NotWritable(_) => "cannot be written".into(),
        DbError::Schema(text) => text.clone(),
        _ => "error; see the log".into(),
    }
}

/// For loopback, or with the configured token.
async fn metrics_text(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let presented = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let token = app.config.security.metrics_token.as_ref();
    let by_token = match (token, presented) {
        (Some(token), Some(presented)) => {
            token.expose().as_bytes().ct_eq(presented.as_bytes()).into()
        }
        _ => false,
    };
    let local = peer.ip().to_canonical().is_loopback() && !has_forwarding_header(&headers);
    let by_address = local && token.is_none();
    if !by_token && !by_address {
        let hint = if is_private_address(peer.ip()) {
            "; set security.metrics_token to read them from other hosts"
        } else {
            ""
        };
        return Problem::forbidden(
            "metrics_forbidden",
            format!("metrics are for loopback or for the metrics token{hint}"),
        )
        .into_response();
    }
    let content_type = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (content_type, telemetry::metrics_text()).into_response()
}
