//! The HTTP surface: one folder for each audience.

pub mod admin;
pub mod health;
pub mod public;

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

use crate::{error::Problem, state::App};

mod request_id;

pub use request_id::RequestId;

/// Largest request body: a megabyte, as the API promises; larger ones are answered with 413.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// All routes over this state.
pub fn router(app: App) -> Router {
    let public = app.config.auth.public_api_prefix.clone();
    let hardened = |name: header::HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    Router::new()
        .route("/", get(home))
        .merge(health::router())
        .nest("/api/v1", admin::router())
        .merge(admin::docs::router())
        .nest(&public, public::router())
        .fallback(not_found)
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

async fn not_found() -> Problem {
    Problem::not_found("no such address; the API is described in the README")
}

/// Until the console is built, the first page says what this is and where the API is.
async fn home(axum::extract::State(app): axum::extract::State<App>) -> Html<String> {
    let prefix = &app.config.auth.public_api_prefix;
    let version = env!("CARGO_PKG_VERSION");
    Html(format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>rt-manage</title></head><body>\
         <h1>rt-manage {version} · OAI RT 管理系统</h1>\
         <p>It keeps OpenAI refresh tokens alive and hands out their access tokens. 保持 OpenAI Refresh Token 有效并分发 Access Token。</p>\
         <ul><li><code>POST {prefix}/get-at</code> 获取 AT（不刷新）</li>\
         <li><code>POST {prefix}/refresh</code> 刷新 RT 并获取 AT</li>\
         <li><code>POST /api/v1/auth/login</code> 管理接口登录 · admin log-in</li>\
         <li><code>GET /api/v1/credentials</code> 令牌列表 · credentials</li>\
         <li><a href=\"/health\">/health</a> · <a href=\"/readyz\">/readyz</a></li></ul></body></html>"
    ))
}
