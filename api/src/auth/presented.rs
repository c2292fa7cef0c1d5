//! What a request presents: a session's token, or an API key.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts,
};
use rt_manage_shared::{model::key::KeyHash, vault::Secret};

use super::cookie::read_cookie;
use crate::error::Problem;

/// The header of keys. Browsers send it from other sites only where we allow it, which we do not.
const API_SECRET: HeaderName = HeaderName::from_static("x-api-secret");

/// What a request presents.
pub(super) enum Presented {
    /// A session's token.
    Session(Secret),
    /// A key.
    Key(Secret),
}

/// A key, else a bearer token, else the cookie. Browsers send cookies by themselves, so a request that changes something has to
/// come from our own pages.
pub(super) fn presented(parts: &Parts) -> Result<Presented, Problem> {
    match &*keys(&parts.headers) {
        [] => session(parts).map(Presented::Session),
        [key] => Ok(Presented::Key(key.clone())),
        // As for the public API: whoever stands between would have to agree with us about which one counts.
        _ => Err(unauthorized("a request presents one key, once")),
    }
}

/// All that is in `X-API-Secret`, and bearer tokens that begin like keys.
fn keys(headers: &HeaderMap) -> Vec<Secret> {
    let own = headers.get_all(API_SECRET).iter();
    let bearer = headers.get_all(header::AUTHORIZATION).iter();
    let bearer = bearer.filter_map(bearer_token);
    let bearer = bearer.filter(|token| KeyHash::is_meant_by(token));
    // What is no text is no key either.
    let text = |bytes| Secret::new(std::str::from_utf8(bytes).unwrap_or_default());
    own.map(HeaderValue::as_bytes)
        .chain(bearer)
        .map(text)
        .collect()
}

fn session(parts: &Parts) -> Result<Secret, Problem> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let token = bearer_token(value).and_then(|token| std::str::from_utf8(token).ok());
        return token.map(Secret::new).ok_or_else(log_in_first);
    }
    let token = read_cookie(&parts.headers).ok_or_else(log_in_first)?;
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe && !is_same_origin(&parts.headers) {
        return Err(Problem::forbidden(
            "origin_mismatch",
            "a request with the session cookie must come from this server's own pages; scripts send a bearer token",
        ));
    }
    Ok(token)
}

/// The token of an `Authorization` header; `None`: another scheme.
pub(crate) fn bearer_token(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    let bearer = scheme.eq_ignore_ascii_case(b"bearer ");
    bearer.then(|| token.trim_ascii())
}

/// Whether a browser sent this request for one of our own pages. `Sec-Fetch-Site` is the browser's own word;
/// where it is missing (plain HTTP), `Origin` has to name the host that was asked.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text("origin").and_then(|origin| origin.parse::<Uri>().ok());
    let authority = origin.as_ref().and_then(Uri::authority);
    match (authority, text("host")) {
        (Some(authority), Some(host)) => authority.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// 401.
pub(super) fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// 401 of a request without a session that is good.
pub(super) fn log_in_first() -> Problem {
    unauthorized("log in first: POST /api/v1/auth/login")
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn same_origin() {
        let check = |pairs: &[(&'static str, &'static str)]| {
            let pair = |&(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            };
            is_same_origin(&pairs.iter().map(pair).collect())
        };
        let host = ("host", "rtm.example:8080");
        assert!(check(&[host, ("origin", "http://rtm.example:8080")]));
        assert!(check(&[host, ("origin", "http://RTM.example:8080")]));
        assert!(check(&[host, ("sec-fetch-site", "same-origin")]));
        for bad in [
            vec![host],
            vec![host, ("origin", "null")],
            vec![host, ("origin", "http://rtm.example")],
            vec![host, ("origin", "http://rtm.example:8080.evil.example")],
            vec![host, ("origin", "http://evil.example")],
            vec![host, ("origin", "http://evil.example/rtm.example:8080")],
            vec![
                host,
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://rtm.example:8080"),
            ],
            vec![host, ("sec-fetch-site", "same-site")],
            vec![host, ("sec-fetch-site", "none")],
            vec![("origin", "http://rtm.example:8080")],
        ] {
            assert!(!check(&bad), "{bad:?}");
        }
    }
}
