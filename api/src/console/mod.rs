//! Serves the web console: its files, and its page at every address that is a place in it.
//!
//! - Files with a hash in their names (`/assets/`) never change; everything else is asked for again.
//! - They go compressed, as the build compressed them.
//! - The page has a nonce for its styles in each answer. It has no entity tag therefore: a 304 would bring the headers
//!   with a new nonce to an old page.
//! - Addresses of APIs are never answered with a page: a program that asks for what is not there gets a problem.

mod encoding;
mod placeholder;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
#[cfg(any(test, feature = "test-hooks"))]
use std::path::PathBuf;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use crate::{error::Problem, state::App};

/// Scripts and fonts of ours; styles of ours, or with the nonce of this answer; pictures also in the styles. Nothing
/// inline, nothing from elsewhere, and in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// Whoever has it need not ask again for a year, which is as good as for ever.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Whoever has it asks whether it is still the one.
const NO_CACHE: &str = "no-cache";
/// Where the build puts files with a hash in their names.
const HASHED: &str = "assets/";
const INDEX: &str = "index.html";

/// Where the files of the console come from.
#[derive(Debug, Clone)]
pub(crate) enum Site {
    /// The binary.
    Embedded,
    /// A folder, for tests.
    #[cfg(any(test, feature = "test-hooks"))]
    Folder(PathBuf),
}

/// The folder of a built console that stands in for the embedded one, in builds with the feature `test-hooks` only:
/// the tests in the browser need no compiler then.
#[cfg(feature = "test-hooks")]
const FOLDER: &str = "RTM_TEST_CONSOLE";

impl Site {
    pub(crate) fn of_this_process() -> Self {
        #[cfg(feature = "test-hooks")]
        if let Some(folder) = std::env::var_os(FOLDER) {
            return Self::Folder(folder.into());
        }
        Self::Embedded
    }

    fn read(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Embedded => rt_manage_console::file(path).map(Cow::Borrowed),
            // No way out of the folder.
            #[cfg(any(test, feature = "test-hooks"))]
            Self::Folder(_) if path.split('/').any(|part| part == "..") => None,
            #[cfg(any(test, feature = "test-hooks"))]
            Self::Folder(folder) => std::fs::read(folder.join(path)).ok().map(Cow::Owned),
        }
    }

    /// Answers what no route of an API answers.
    pub(crate) fn answer(&self, app: &App, request: &Request) -> Response {
        let path = request.uri().path();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if !reads || is_of_an_api(path, &app.config.auth.public_api_prefix) {
            return nothing();
        }
        let name = path.trim_start_matches('/');
        if name != INDEX
            && !name.is_empty()
            && let Some(content) = self.read(name)
        {
            return self.file(name, content, request.headers());
        }
        // Scripts and pictures that are not there any more are no places.
        if path == "/" || (!name.starts_with(HASHED) && wants_page(request.headers())) {
            return self.page(app);
        }
        nothing()
    }

    fn page(&self, app: &App) -> Response {
        let Some(page) = self.read(INDEX) else {
            return placeholder::page(app);
        };
        let nonce = nonce();
        let page = String::from_utf8_lossy(&page).replace(rt_manage_console::NONCE, &nonce);
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (header::CACHE_CONTROL, NO_CACHE.to_owned()),
            (
                header::CONTENT_SECURITY_POLICY,
                POLICY.replace("{nonce}", &nonce),
            ),
        ];
        (headers, page).into_response()
    }

    fn file(&self, name: &str, content: Cow<'static, [u8]>, headers: &HeaderMap) -> Response {
        let found = encoding::acceptable(headers)
            .find_map(|(encoding, end)| Some((encoding, self.read(&format!("{name}.{end}"))?)));
        let (encoding, content) = found.map_or((None, content), |(encoding, content)| {
            (Some(encoding), content)
        });
        let hashed = name.starts_with(HASHED);
        let mut answer = if hashed {
            content.into_response()
        } else {
            with_tag(content, headers)
        };
        let put = answer.headers_mut();
        let kind = mime_guess::from_path(name).first_or_octet_stream();
        if let Ok(kind) = HeaderValue::try_from(kind.as_ref()) {
            put.insert(header::CONTENT_TYPE, kind);
        }
        if let Some(encoding) = encoding {
            put.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        let cache = if hashed { IMMUTABLE } else { NO_CACHE };
        put.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        put.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        answer
    }
}

fn nothing() -> Response {
    Problem::not_found("no such address; the API is described in the README").into_response()
}

/// Whether programs ask for such addresses, and must not get a page.
fn is_of_an_api(path: &str, public: &str) -> bool {
    ["/api", "/health", "/livez", "/readyz", "/metrics", public]
        .iter()
        .any(|prefix| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

/// Browsers name HTML where they want a page; programs take anything.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT);
    accept.iter().any(|value| {
        value
            .as_bytes()
            .windows(9)
            .any(|part| part.eq_ignore_ascii_case(b"text/html"))
    })
}

/// A tag of the content, and 304 for whoever has it.
fn with_tag(content: Cow<'static, [u8]>, headers: &HeaderMap) -> Response {
    let digest = Sha256::digest(&content);
    let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(digest));
    let known = headers.get(header::IF_NONE_MATCH);
    let same = known
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| {
            tags.split(',')
                .any(|each| each.trim().trim_start_matches("W/") == tag)
        });
    let tag = [(header::ETAG, tag)];
    if same {
        (axum::http::StatusCode::NOT_MODIFIED, tag).into_response()
    } else {
        (tag, content).into_response()
    }
}

/// Cannot be guessed, and is never used again.
fn nonce() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
