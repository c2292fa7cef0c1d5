//! The public API: `refresh` and `get-at`, with the predecessor's envelope and status codes.

mod body;
mod envelope;
mod get_at;
mod refresh;

use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use self::envelope::{Code, Failure};
use crate::state::App;

use super::{RequestId, health};

/// Routes below `auth.public_api_prefix`.
pub fn router() -> Router<App> {
    Router::new()
        .route("/refresh", post(refresh::handle).fallback(wrong_method))
        .route("/get-at", post(get_at::handle).fallback(wrong_method))
        .route("/health", get(health::health))
        .fallback(unknown)
}

async fn wrong_method(id: RequestId) -> Response {
    let mut response =
        Failure::new(Code::MethodNotAllowed, "只支持 POST 方法", &id).into_response();
    response.headers_mut().insert(
        axum::http::header::ALLOW,
        axum::http::HeaderValue::from_static("POST"),
    );
    response
}

async fn unknown(id: RequestId) -> Response {
    Failure::new(Code::UnknownRoute, "接口不存在", &id).into_response()
}
