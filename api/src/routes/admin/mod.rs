//! The admin API, `/api/v1`: plain resources, problems (RFC 9457) as errors. One file for each resource;
//! handlers only translate between HTTP and the use cases.

mod attempts;
mod audit;
mod auth;
mod bulk;
mod client_ids;
mod credential_view;
mod credentials;
pub mod docs;
mod document;
mod egresses;
mod entries;
mod etag;
mod events;
mod exports;
mod facets;
mod handouts;
mod imports;
mod input;
mod job_items;
mod jobs;
mod keys;
mod lifecycle;
mod listing;
mod migration;
mod open_attempts;
mod orphans;
mod paging;
mod problems;
mod proxies;
mod queue;
mod refresh;
mod resolve;
mod reveal;
mod roles;
mod settings;
mod stats;
mod status;
mod switches;
mod system;
mod users;
mod workers;

#[cfg(test)]
pub(crate) mod tests;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode, Uri},
};

use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt as _},
    routes,
};

use super::{health, public};
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
        .routes(routes!(auth::sessions))
        .routes(routes!(auth::end_session))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::read, users::edit, users::delete))
        .routes(routes!(users::set_password))
        .routes(routes!(users::sessions, users::end_sessions))
        .routes(routes!(users::end_session))
        .routes(routes!(audit::list))
        .routes(routes!(audit::take_out))
        .routes(routes!(document::serve))
        .routes(routes!(credentials::list, credentials::create))
        .routes(routes!(facets::facets))
        .routes(routes!(bulk::start))
        .routes(routes!(
            credentials::read,
            credentials::edit,
            credentials::delete
        ))
        .routes(routes!(attempts::list))
        .routes(routes!(lifecycle::restore))
        .routes(routes!(lifecycle::purge))
        .routes(routes!(lifecycle::revoke))
        .routes(routes!(reveal::reveal))
        .routes(routes!(refresh::refresh))
        .routes(routes!(resolve::resolve))
        .routes(routes!(resolve::retry))
        .routes(routes!(orphans::list))
        .routes(routes!(orphans::discard))
        .routes(routes!(orphans::apply))
        .routes(routes!(imports::create).layer(DefaultBodyLimit::max(imports::MAX_IMPORT_BYTES)))
        .routes(routes!(imports::template))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show, jobs::cancel))
        .routes(routes!(jobs::retry))
        .routes(routes!(job_items::list))
        .routes(routes!(job_items::take_out))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::read, keys::edit, keys::revoke))
        .routes(routes!(handouts::of_credential))
        .routes(routes!(handouts::to_key))
        .routes(routes!(exports::export))
        .routes(routes!(migration::confirm))
        .routes(routes!(status::status))
        .routes(routes!(stats::stats))
        .routes(routes!(system::read))
        .routes(routes!(system::confirm_backup))
        .routes(routes!(workers::list))
        .routes(routes!(queue::queue))
        .routes(routes!(open_attempts::list))
        .routes(routes!(egresses::list))
        .routes(routes!(events::events))
        .routes(routes!(switches::pause))
        .routes(routes!(switches::resume))
        .routes(routes!(settings::read, settings::edit))
        .routes(routes!(settings::history))
        .routes(routes!(proxies::list, proxies::create))
        .routes(routes!(proxies::read, proxies::edit, proxies::delete))
        .routes(routes!(proxies::test))
        .routes(routes!(client_ids::list, client_ids::create))
        .routes(routes!(client_ids::rename, client_ids::delete))
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    let routes = OpenApiRouter::with_openapi(document::Frame::openapi())
        .merge(health::documented())
        .nest(PREFIX, documented())
        .nest(public::PREFIX, public::documented());
    let mut openapi = routes.into_openapi();
    roles::declare(&mut openapi);
    document::describe(&mut openapi);
    openapi
}

/// The OpenAPI document as it is served and committed.
pub fn openapi_text() -> serde_json::Result<String> {
    openapi().to_pretty_json().map(|text| text + "\n")
}

/// Routes below `/api/v1`.
pub fn router() -> Router<App> {
    Router::from(documented())
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
