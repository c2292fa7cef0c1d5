//! Extractors that let administrators in.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
};
use rt_manage_shared::{
    model::{audit::Actor, role::Role},
    vault::Secret,
};

use super::{caller::Caller, cookie::read_cookie, sessions::Session};
use crate::{error::Problem, routes::RequestId, state::App};

/// An administrator, who may do everything. What a handler takes declares who may call it.
#[derive(Debug, Clone)]
pub struct Admin(pub Actor);

/// Anybody who may look: administrators and viewers.
#[derive(Debug, Clone)]
pub struct Viewer(pub Actor);

/// Anybody with a session, even one that is only good for setting a password.
#[derive(Debug, Clone)]
pub struct AnySession {
    /// The session.
    pub session: Session,
    /// Who acts, for the audit log.
    pub actor: Actor,
}

impl FromRequestParts<App> for AnySession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let request_id = parts.extensions.get::<RequestId>().cloned();
        let token = presented(parts)?;
        match app.sessions.check(token.expose()).await? {
            // What the published password opened stays near, like the password itself.
            Ok(session) if session.must_change_password && !caller.is_near() => Err(unauthorized()),
            Ok(session) => Ok(Self {
                actor: caller.actor(&session.username, &request_id.unwrap_or_default().0),
                session,
            }),
            Err(_) => Err(unauthorized()),
        }
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let any = AnySession::from_request_parts(parts, app).await?;
        full(any).map(|(_, actor)| Self(actor))
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let any = AnySession::from_request_parts(parts, app).await?;
        let (role, actor) = full(any)?;
        match role {
            Role::Administrator => Ok(Self(actor)),
            Role::Viewer => Err(Problem::forbidden(
                "administrator_required",
                "this needs the role of an administrator; a viewer may only look",
            )),
        }
    }
}

/// What the holder of a session may do, where it is good for more than setting a password.
fn full(any: AnySession) -> Result<(Role, Actor), Problem> {
    if any.session.must_change_password {
        return Err(Problem::forbidden(
            "password_change_required",
            "this session was opened with the example's password and can only set a new one: POST /api/v1/auth/password",
        ));
    }
    Ok((any.session.role, any.actor))
}

/// The token of a request: a bearer token, else the cookie. Browsers send cookies by themselves, so a request
/// that changes something has to come from our own pages.
fn presented(parts: &Parts) -> Result<Secret, Problem> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        return bearer(value).ok_or_else(unauthorized);
    }
    let token = read_cookie(&parts.headers).ok_or_else(unauthorized)?;
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe && !is_same_origin(&parts.headers) {
        return Err(Problem::forbidden(
            "origin_mismatch",
            "a request with the session cookie must come from this server's own pages; scripts send a bearer token",
        ));
    }
    Ok(token)
}

fn bearer(value: &HeaderValue) -> Option<Secret> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::new(token.trim()))
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

fn unauthorized() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "log in first: POST /api/v1/auth/login",
    )
    .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

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
