//! The public API: access tokens for programs with a key, with the predecessor's envelope and status codes.

mod attempts;
mod batch;
mod body;
mod caller;
mod document;
mod envelope;
mod get_at;
mod refresh;
mod renewal;
mod tokens;

use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::get,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use self::document::FailureSchema;
use self::envelope::{Code, Failure};
use crate::state::App;

use super::{RequestId, health};

/// Where the document shows the public API; `auth.public_api_prefix` may have it elsewhere.
pub(super) const PREFIX: &str = "/public-api";

/// Routes below the prefix, each with what the document says of it.
pub(super) fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(refresh::handle))
        .routes(routes!(get_at::post, get_at::get))
        .routes(routes!(batch::handle))
        .routes(routes!(attempts::handle))
}

/// Routes below `auth.public_api_prefix`.
pub fn router() -> Router<App> {
    Router::from(documented())
        .route("/health", get(health::health))
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown)
}

/// The header `Allow` is the router's.
async fn wrong_method(id: RequestId) -> Response {
    let msg = "不支持该请求方法，可用方法见响应头 Allow";
    Failure::new(Code::MethodNotAllowed, msg, &id).into_response()
}

async fn unknown(id: RequestId) -> Response {
    Failure::new(Code::UnknownRoute, "接口不存在", &id).into_response()
}
