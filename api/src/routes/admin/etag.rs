//! Entity tags of what has a revision, and the precondition that nobody changed it in the meantime (RFC 9110, section 13).

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, StatusCode, header, request::Parts},
};

use crate::error::Problem;

/// The entity tag of a revision.
pub(super) fn etag(revision: i64) -> [(HeaderName, String); 1] {
    [(header::ETAG, format!("\"{revision}\""))]
}

/// The revision that a change was made from, out of `If-Match`.
pub(super) struct IfMatch(pub(super) i64);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "precondition_required",
                "send If-Match with the ETag of what you have read, so that nobody else's change is overwritten",
            ));
        };
        let tag = value.to_str().ok().map(str::trim);
        let quoted = tag.and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
        // Another tag than one of ours matches nothing.
        let revision = quoted.and_then(|text| text.parse().ok());
        revision.map(Self).ok_or_else(|| changed(None))
    }
}

/// Somebody else has changed it.
pub(super) fn changed(now: Option<i64>) -> Problem {
    let problem = Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "precondition_failed",
        "it was changed in the meantime: read it again and repeat the change",
    );
    match now {
        Some(now) => {
            let [(name, tag)] = etag(now);
            match axum::http::HeaderValue::try_from(tag) {
                Ok(tag) => problem.with_header(name, tag),
                Err(_) => problem,
            }
        }
        None => problem,
    }
}
