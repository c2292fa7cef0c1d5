//! The admin API, `/api/v1`: plain resources, problems (RFC 9457) as errors. One file for each resource;
//! handlers only translate between HTTP and the use cases.

mod attempts;
mod auth;
mod credential_view;
mod credentials;
mod document;
mod handouts;
mod input;
mod keys;
mod orphans;
mod paging;
mod problems;
mod refresh;
mod resolve;
mod status;
mod switches;

#[cfg(test)]
pub(crate) mod tests;

use axum::{
    Router,
    http::{Method, StatusCode, Uri},
    routing::{delete, get, post},
};

use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::public;
use crate::{error::Problem, state::App};

/// Where the admin API is.
const PREFIX: &str = "/api/v1";

/// Routes below `/api/v1`, each with what the document says of it.
fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(auth::log_in))
        .routes(routes!(auth::log_out))
        .routes(routes!(auth::current))
        .routes(routes!(auth::change_password))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::read, keys::edit, keys::revoke))
        .routes(routes!(handouts::of_credential))
        .routes(routes!(handouts::to_key))
}

/// The `OpenAPI` document of the admin and the public API.
pub fn openapi() -> OpenApi {
    let routes = OpenApiRouter::with_openapi(document::Frame::openapi())
        .nest(PREFIX, documented())
        .nest(public::PREFIX, public::documented());
    routes.into_openapi()
}

/// Routes below `/api/v1`.
pub fn router() -> Router<App> {
    Router::from(documented())
        .route(
            "/credentials",
            get(credentials::list).post(credentials::create),
        )
        .route(
            "/credentials/{id}",
            get(credentials::read)
                .patch(credentials::edit)
                .delete(credentials::delete),
        )
        .route("/credentials/{id}/attempts", get(attempts::list))
        .route("/credentials/{id}/refresh", post(refresh::refresh))
        .route("/credentials/{id}/resolve", post(resolve::resolve))
        .route("/credentials/{id}/retry", post(resolve::retry))
        .route("/orphans", get(orphans::list))
        .route("/orphans/{attempt}", delete(orphans::discard))
        .route("/orphans/{attempt}/apply", post(orphans::apply))
        .route("/pause", post(switches::pause))
        .route("/resume", post(switches::resume))
        .route("/status", get(status::status))
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown)
}

async fn unknown(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown_route",
        format!("there is nothing at {}", uri.path()),
    )
}

async fn wrong_method(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{method} is not possible here; the header Allow lists what is"),
    )
}
