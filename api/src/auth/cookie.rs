//! The session cookie of the console.
//!
//! Over HTTPS it has the prefix `__Host-`, which browsers accept only from the host itself, for all paths and
//! with `Secure` (RFC 6265bis §4.1.3.2). Over plain HTTP browsers refuse that prefix, so there it has none.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::CookieJar;
use rt_manage_shared::vault::Secret;

const PLAIN: &str = "rtm_session";
const HOST: &str = "__Host-rtm_session";

/// The session token among a request's cookies.
pub(super) fn read_cookie(headers: &HeaderMap) -> Option<Secret> {
    let jar = CookieJar::from_headers(headers);
    // The prefixed one cannot have been planted by a neighbouring host.
    let cookie = jar.get(HOST).or_else(|| jar.get(PLAIN))?;
    Some(Secret::new(cookie.value()))
}

/// The `Set-Cookie` header that starts a session in a browser.
pub fn set_cookie(token: &Secret, life: Duration, https: bool) -> Option<HeaderValue> {
    header(token.expose(), life.as_secs(), https)
}

/// The `Set-Cookie` header that makes a browser forget its session.
pub fn clear_cookie(https: bool) -> Option<HeaderValue> {
    header("", 0, https)
}

/// A token is made of base64url and dots, which need no encoding in a cookie.
fn header(value: &str, max_age: u64, https: bool) -> Option<HeaderValue> {
    let (name, secure) = if https {
        (HOST, "; Secure")
    } else {
        (PLAIN, "")
    };
    let text =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}
