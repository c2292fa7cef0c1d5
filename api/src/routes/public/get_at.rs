//! `{prefix}/get-at`: the access token as it stands. Refreshes only where a longer life is asked for than it has.

use std::time::Duration;

use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use rt_manage_shared::model::key::Scope;

use super::{
    body::{InQuery, Json, Name, Want, check_min_ttl, find},
    caller::Caller,
    document::Failures,
    envelope::{Code, Envelope, Failure},
    renewal::{again, renew, settle},
    tokens::{TokenData, Usable, why_not},
};
use crate::state::App;

/// Hands out the access token.
#[utoipa::path(post, path = "/get-at", tag = "public", operation_id = "getAccessToken", security(("apiSecret" = []), ("apiKey" = [])),
    request_body = Want, responses((status = 200, body = Envelope<TokenData>, headers(("ETag" = String))), Failures))]
pub(super) async fn post(
    State(app): State<App>,
    caller: Caller,
    Json(want): Json<Want>,
) -> Result<Response, Failure> {
    let (name, min_ttl) = want.name();
    let usable = usable(&app, &caller, name, min_ttl).await?;
    answer(&app, &caller, usable, None)
}

/// Hands out the access token, or tells that it is still the one that the caller knows.
#[utoipa::path(get, path = "/get-at", tag = "public", operation_id = "readAccessToken", security(("apiSecret" = []), ("apiKey" = [])),
    params(Want, ("If-None-Match" = Option<String>, Header, description = "the `ETag` of an answer before")),
    responses((status = 200, body = Envelope<TokenData>, headers(("ETag" = String))), (status = 304, description = "the same as before"), Failures))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    InQuery(want): InQuery<Want>,
) -> Result<Response, Failure> {
    let (name, min_ttl) = want.name();
    let usable = usable(&app, &caller, name, min_ttl).await?;
    answer(&app, &caller, usable, Some(&headers))
}

async fn usable(
    app: &App,
    caller: &Caller,
    name: Name,
    min_ttl: Option<u32>,
) -> Result<Usable, Failure> {
    caller.needs(Scope::GetAt)?;
    check_min_ttl(caller, min_ttl)?;
    let mut found = find(app, caller, &name.named(caller)?).await?;
    if !found.credential.profile.enabled {
        return Err(caller.failure(Code::Disabled, "该记录已禁用"));
    }
    let mut usable = Usable::of(&found, app.clock.now());
    let Some(min_ttl) = min_ttl else {
        return usable.ok_or_else(|| why_not(caller, &found));
    };
    if usable.as_ref().is_some_and(|usable| usable.lives(min_ttl)) {
        return settle(caller, usable, &found, min_ttl, None);
    }
    let limit = Duration::from_secs(app.config.server.refresh_wait_seconds);
    let renewal = renew(app, caller, &found, limit).await;
    match again(app, caller, found.credential.id).await {
        Ok(newest) => {
            usable = Usable::of(&newest, app.clock.now());
            found = newest;
        }
        // It was usable a moment ago, and what is new cannot be read.
        Err(failure) if failure.is_temporary() && usable.is_some() => {}
        Err(failure) => return Err(failure),
    }
    settle(caller, usable, &found, min_ttl, Some(renewal))
}

fn answer(
    app: &App,
    caller: &Caller,
    usable: Usable,
    headers: Option<&HeaderMap>,
) -> Result<Response, Failure> {
    let etag = usable.etag(caller);
    let same = headers
        .zip(etag.as_ref())
        .is_some_and(|(headers, etag)| matches(headers, etag.as_bytes()));
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let data = usable.hand_out(app, caller)?.data();
        Answer(Envelope::success(data, &caller.request_id)).into_response()
    };
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

/// Whether `If-None-Match` names this answer (RFC 9110 §13.1.2: compared as weak ones).
fn matches(headers: &HeaderMap, etag: &[u8]) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tags.any(|tag| {
        let tag = tag.trim_ascii();
        tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag
    })
}
