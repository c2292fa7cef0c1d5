//! Each request has an id: the client's `X-Request-ID` where it is harmless, else one of ours. It is in the
//! answer's header, in error bodies, in the log, and in the attempt that the request started.

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::Response,
};
use rt_manage_shared::{clock::BootInstant, id};
use tracing::Instrument as _;

static HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken over from a client: a UUID with some prefix fits, an attempt to fill logs does not.
const MAX_LENGTH: usize = 64;

/// The id of the request at hand.
#[derive(Debug, Clone, Default)]
pub struct RequestId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Gives each request its id and logs how it was answered; never its body or its query.
pub(super) async fn layer(mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_harmless(text))
        .map_or_else(|| id::RequestId::generate().to_string(), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = BootInstant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("http", request_id = %id);
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    metrics::counter!("rtm_http_requests_total", "status" => status.to_string()).increment(1);
    metrics::histogram!("rtm_http_seconds").record(started.elapsed().as_secs_f64());
    span.in_scope(|| {
        tracing::debug!(http.method = %method, http.path = %path, http.status = status, ms = started.elapsed().as_millis(), "answered");
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER.clone(), value);
    }
    response
}

fn is_harmless(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=MAX_LENGTH).contains(&text.len()) && text.chars().all(allowed)
}
