//! `/api/docs`: Swagger UI over our own document. Its files are in the binary; nothing comes from elsewhere.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    extract::Path,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use utoipa_swagger_ui::Config;

use crate::{auth::Viewer, error::Problem, state::App};

/// Where Swagger UI is.
pub const PREFIX: &str = "/api/docs";

/// Scripts, styles and requests from here only, and images that stand in the styles; nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const INDEX: &str = include_str!("../../../assets/docs/index.html");
const START: &str = include_str!("../../../assets/docs/start.js");

/// Routes of the pages, which are no part of the API.
pub fn router() -> Router<App> {
    let index = format!("{PREFIX}/");
    Router::new()
        .route(PREFIX, get(without_slash))
        .route(&index, get(page))
        .route(&format!("{PREFIX}/{{file}}"), get(file))
}

async fn without_slash(_: Viewer) -> Redirect {
    Redirect::permanent(&format!("{PREFIX}/"))
}

async fn page(_: Viewer) -> Response {
    answer("text/html; charset=utf-8", Cow::Borrowed(INDEX.as_bytes()))
}

async fn file(_: Viewer, Path(name): Path<String>) -> Result<Response, Problem> {
    match name.as_str() {
        "start.js" => Ok(answer(
            "text/javascript; charset=utf-8",
            Cow::Borrowed(START.as_bytes()),
        )),
        "swagger-ui.css" | "swagger-ui-bundle.js" | "favicon-32x32.png" => bundled(&name),
        _ => Err(Problem::not_found("there is no such file")),
    }
}

fn bundled(name: &str) -> Result<Response, Problem> {
    let found = utoipa_swagger_ui::serve(name, Arc::new(Config::default()));
    let found = found.map_err(|error| {
        tracing::error!(%error, "a file of Swagger UI cannot be served");
        Problem::internal()
    })?;
    let file = found.ok_or_else(|| Problem::not_found("there is no such file"))?;
    let packed = file.gzpipped;
    let mut response = answer(&file.content_type, file.bytes);
    if packed {
        let gzip = HeaderValue::from_static("gzip");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, gzip);
    }
    Ok(response)
}

fn answer(content_type: &str, bytes: Cow<'static, [u8]>) -> Response {
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    (headers, bytes).into_response()
}
