//! The HTTP surface: one folder for each audience.

pub mod admin;
pub mod health;
pub mod public;

use std::future::ready;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse as _, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

use crate::{console::Site, state::App};

mod request_id;

pub use request_id::RequestId;

/// Largest request body: a megabyte, as the API promises; larger ones are answered with 413.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// All routes over this state.
pub fn router(app: App) -> Router {
    let public = app.config.auth.public_api_prefix.clone();
    let site = Site::of_this_process();
    let hardened = |name: header::HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    Router::new()
        .merge(health::router())
        .nest("/api/v1", admin::router())
        .merge(admin::docs::router())
        .nest(&public, public::router())
        .fallback(move |State(app): State<App>, request: Request| ready(site.answer(&app, &request)))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(hardened(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(hardened(header::X_FRAME_OPTIONS, "DENY"))
        .layer(hardened(header::REFERRER_POLICY, "no-referrer"))
        .layer(hardened(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ))
        // Answers carry tokens or depend on who asks.
        .layer(hardened(header::CACHE_CONTROL, "no-store"))
        .layer(middleware::from_fn(crate::error::name_request))
        .layer(middleware::from_fn(request_id::layer))
        .with_state(app)
}

/// A panic in a handler is a fault of ours; the client learns nothing of it. The panic hook has logged where.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    metrics::counter!("rtm_panics_total").increment(1);
    let body = serde_json::json!({"success": false, "msg": "服务器内部错误", "code": "internal_error", "data": null});
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
