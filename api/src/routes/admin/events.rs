//! `GET /events`: what happens now.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response, Sse},
};

use super::document::Problems;
use crate::{auth::Viewer, error::Problem, events::Watching, state::App};

const LAST_EVENT_ID: &str = "last-event-id";
/// Asks proxies not to gather what is sent.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
/// When to try again where there are too many streams.
const RETRY_SECONDS: u64 = 5;

/// What happens now, as server-sent events: `ready`, `attempt`, `credential`, `switch`, `egress`, `worker`, `stats`, and `reset` where
/// some were missed and everything shown has to be read anew. It ends with the session, and when the process drains.
#[utoipa::path(get, path = "/events", tag = "live", operation_id = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "the id of the last event that was seen: what came since follows")),
    responses((status = 200, description = "events, until the session ends", body = String, content_type = "text/event-stream"), Problems))]
pub(super) async fn events(
    State(app): State<App>,
    _: Viewer,
    request: Parts,
) -> Result<Response, Problem> {
    let place = app.events.place().ok_or_else(|| {
        let detail = "too many clients of this process listen; poll instead";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail)
            .retry_after(RETRY_SECONDS)
    })?;
    let last = request.headers.get(LAST_EVENT_ID).cloned();
    let last = last.as_ref().and_then(|last| last.to_str().ok());
    let watching = Watching::begin(&app, request, last, place).await;
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (UNBUFFERED, HeaderValue::from_static("no")),
    ];
    Ok((headers, Sse::new(watching.stream())).into_response())
}
