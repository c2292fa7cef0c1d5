//! What requests bring, read strictly: a mistyped field is told, never ignored. No message repeats a value,
//! because values may be secrets.

use std::borrow::Cow;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::IntoResponse as _,
};
use rt_manage_shared::id::{self, AttemptId, CredentialId};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::error::Category;
use sha2::{Digest as _, Sha256};

use crate::{
    credentials::{Expected, Patch},
    error::{FieldError, Problem},
    jobs,
};

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = json_bytes(request, state).await?;
        parse(&bytes).map(Self)
    }
}

async fn json_bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "send the body as Content-Type: application/json",
        ));
    }
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
                let detail = "the body is larger than 1 MiB";
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
            } else {
                let detail = "the body did not arrive whole";
                Problem::new(StatusCode::BAD_REQUEST, "body_unreadable", detail)
            }
        })
}

/// A JSON body of a request that is done once, however often it comes with the same `Idempotency-Key`.
pub(super) struct Once<T> {
    pub(super) body: T,
    pub(super) request: Option<jobs::Request>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Once<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let headers = parts.clone();
        let bytes = json_bytes(Request::from_parts(parts, body), state).await?;
        Ok(Self {
            request: once(&headers, || Cow::Borrowed(&*bytes))?,
            body: parse(&bytes)?,
        })
    }
}

/// What makes a request the same as another one: its `Idempotency-Key`, where it has one, and all that it says.
pub(super) fn once<'a>(
    parts: &Parts,
    body: impl FnOnce() -> Cow<'a, [u8]>,
) -> Result<Option<jobs::Request>, Problem> {
    let mut keys = parts.headers.get_all(&IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| {
        let printable = key.bytes().all(|byte| byte.is_ascii_graphic());
        (1..=MAX_KEY_CHARS).contains(&key.len()) && printable
    });
    let (Some(key), None) = (key, keys.next()) else {
        let message = "must be one text of 1 to 255 printable ASCII characters without spaces";
        return Err(Problem::invalid(vec![FieldError::new(
            "Idempotency-Key",
            message,
        )]));
    };
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let mut hash = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), target.as_bytes(), &body()] {
        // Each with its length, so that no two requests look alike.
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    Ok(Some(jobs::Request {
        key: key.to_owned(),
        hash: hash.finalize().into(),
    }))
}

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// What a column holds on all databases.
const MAX_KEY_CHARS: usize = 255;

/// `application/json` and its relatives, such as `application/merge-patch+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = value
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind.strip_prefix("application/")
        .is_some_and(|sub| sub == "json" || sub.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // The library would also read an array, field by field.
    let is_array = bytes.trim_ascii_start().starts_with(b"[");
    if is_array && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        return Err(Problem::invalid(vec![FieldError::new(
            "body",
            "must be an object",
        )]));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        unreadable(&path, &error.into_inner())
    })?;
    reader.end().map_err(|error| unreadable("", &error))?;
    Ok(value)
}

fn unreadable(path: &str, error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        let (line, column) = (error.line(), error.column());
        let detail = format!("the body is not JSON: line {line}, column {column}");
        return Problem::new(StatusCode::BAD_REQUEST, "invalid_json", detail)
            .with("line", line)
            .with("column", column);
    }
    let message = error.to_string();
    let message = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(message, _)| message);
    let quoted = || message.split('`').nth(1).unwrap_or_default().to_owned();
    let (field, message) = if message.starts_with("unknown field") {
        (quoted(), "is not a field of this request".to_owned())
    } else if message.starts_with("missing field") {
        (quoted(), "is missing".to_owned())
    } else if message.starts_with("duplicate field") {
        (quoted(), "is given twice".to_owned())
    } else {
        // "invalid type: string \"…\", expected …": only the second half is ours to repeat.
        let expected = message
            .rsplit_once(", expected ")
            .map(|(_, expected)| expected);
        let message = match expected {
            // The name of a type of ours, which says nothing to others.
            Some(expected) if expected.starts_with("struct ") => "must be an object".to_owned(),
            Some(expected) => format!("must be {expected}"),
            None => "cannot be read".to_owned(),
        };
        (path.to_owned(), message)
    };
    let field = if field.is_empty() || field == "." {
        "body".to_owned()
    } else {
        field
    };
    Problem::invalid(vec![FieldError::new(field, message)])
}

/// Reads a field of a [`Patch`]: absent keeps (by `#[serde(default)]`), `null` clears.
pub(super) fn patch<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Patch<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map_or(Patch::Clear, Patch::Set))
}

/// The credential that the address names. A text that is no id names none.
pub(super) struct Id(pub(super) CredentialId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self)
            .ok_or_else(|| Problem::not_found("there is no such credential"))
    }
}

/// What `If-Match` asks for; absent: whatever it is by now.
pub(super) struct IfMatch(pub(super) Expected);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut lines = parts.headers.get_all(header::IF_MATCH).iter().peekable();
        if lines.peek().is_none() {
            return Ok(Self(Expected::Anything));
        }
        // A tag that is not one of ours fits nothing, as RFC 9110 has it.
        let texts = lines.filter_map(|line| line.to_str().ok());
        let tags: Vec<_> = texts
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .collect();
        if tags.contains(&"*") {
            return Ok(Self(Expected::Anything));
        }
        let revision = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
        let known = tags.iter().filter_map(revision).collect();
        Ok(Self(Expected::Revisions(known)))
    }
}

/// The job that the address names. A text that is no id names none.
pub(super) struct JobId(pub(super) id::JobId);

impl<S: Send + Sync> FromRequestParts<S> for JobId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self)
            .ok_or_else(|| Problem::not_found("there is no such job"))
    }
}

/// The attempt that the address names. A text that is no id names none.
pub(super) struct Attempt(pub(super) AttemptId);

impl<S: Send + Sync> FromRequestParts<S> for Attempt {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self)
            .ok_or_else(|| Problem::not_found("there is no such attempt"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Sample {
        token: String,
        #[serde(default)]
        enabled: bool,
        #[serde(default, deserialize_with = "patch")]
        proxy: Patch<String>,
    }

    fn fault(text: &str) -> (u16, String) {
        let problem = parse::<Sample>(text.as_bytes()).unwrap_err();
        let shown = format!("{problem:?}");
        assert!(!shown.contains("canary"), "{shown}");
        let (_, detail) = shown.split_once("detail: \"").unwrap();
        (
            problem.status().as_u16(),
            detail.split('"').next().unwrap().to_owned(),
        )
    }

    #[test]
    fn faults_name_the_field_and_never_the_value() {
        for (text, status, detail) in [
            ("", 400, "the body is not JSON: line 1, column 0"),
            (
                "{\n  \"token\": canary}",
                400,
                "the body is not JSON: line 2, column 12",
            ),
            (
                r#"{"token": "x"} canary"#,
                400,
                "the body is not JSON: line 1, column 16",
            ),
            ("{}", 422, "token: is missing"),
            (
                r#"{"token": "x", "tokem": "canary"}"#,
                422,
                "tokem: is not a field of this request",
            ),
            (
                r#"{"token": "x", "token": "canary"}"#,
                422,
                "token: is given twice",
            ),
            (
                r#"{"token": "x", "enabled": "canary, expected canary"}"#,
                422,
                "enabled: must be a boolean",
            ),
            (r#"{"token": 5}"#, 422, "token: must be a string"),
            (r#"["canary"]"#, 422, "body: must be an object"),
            ("[canary]", 400, "the body is not JSON: line 1, column 2"),
            (r#""canary""#, 422, "body: must be an object"),
        ] {
            assert_eq!(fault(text), (status, detail.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_patch_tells_absent_from_null() {
        let read = |text: &str| parse::<Sample>(text.as_bytes()).unwrap().proxy;
        assert_eq!(read(r#"{"token": "x"}"#), Patch::Keep);
        assert_eq!(read(r#"{"token": "x", "proxy": null}"#), Patch::Clear);
        assert_eq!(
            read(r#"{"token": "x", "proxy": "p"}"#),
            Patch::Set("p".into())
        );
    }

    #[test]
    fn json_and_its_relatives() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("text/json", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]);
            assert_eq!(is_json(&headers), expected, "{value}");
        }
    }
}
