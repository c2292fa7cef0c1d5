//! [`Problem`]: the error answer of the admin API (RFC 9457), and the one place where errors of the layers
//! below become answers.
//!
//! `code` is stable and meant for programs, `detail` for people. Neither ever repeats a secret.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use problem_details::{JsonProblemDetails, ProblemDetails};
use rt_manage_shared::{db::DbError, vault::VaultError};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::routes::RequestId;

/// When a client may try again after the database was away: it comes back within moments or not soon.
const DATABASE_RETRY_SECONDS: u64 = 1;

/// One field of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name as the client wrote it, or should have.
    pub field: String,
    /// What is wrong, to be read behind the field's name.
    pub message: String,
}

impl FieldError {
    /// A field and what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// The members that an answer has beyond those of RFC 9457.
#[derive(Debug, Clone, Serialize)]
struct Extensions {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(flatten)]
    members: Map<String, Value>,
}

#[derive(Debug, Clone)]
struct Inner {
    status: StatusCode,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    extensions: Extensions,
}

/// An error answer.
#[derive(Debug, Clone)]
// Boxed: it is the `Err` of every handler.
pub struct Problem(Box<Inner>);

impl Problem {
    /// A problem with its stable code and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            status,
            detail: detail.into(),
            headers: Vec::new(),
            extensions: Extensions {
                code,
                request_id: None,
                errors: Vec::new(),
                members: Map::new(),
            },
        }))
    }

    /// 422: fields that can be read, but not accepted.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let named = |error: &FieldError| format!("{}: {}", error.field, error.message);
        let detail = errors.iter().map(named).collect::<Vec<_>>().join("; ");
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_failed",
            detail,
        );
        problem.0.extensions.errors = errors;
        problem
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 403.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 500 that tells nothing; what went wrong is in the log.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on our side; the log has more under this request id",
        )
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        let members = &mut self.0.extensions.members;
        members.insert(member.to_owned(), value.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds)
    }

    /// Says how long to wait, rounded up: a client that comes back on time is let through.
    #[must_use]
    pub fn retry_in(self, wait: Duration) -> Self {
        let seconds = wait.as_millis().div_ceil(1000);
        self.retry_after(u64::try_from(seconds).unwrap_or(u64::MAX))
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.extensions.code
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Inner {
            status,
            detail,
            headers,
            extensions,
        } = (*self.0).clone();
        let details = ProblemDetails::from_status_code(status)
            .with_detail(detail)
            .with_extensions(extensions);
        // A body of texts and numbers always serialises; an empty one would still carry the status.
        let body = JsonProblemDetails::from(details).to_body_string();
        let mut response = (status, body.unwrap_or_default()).into_response();
        let map = response.headers_mut();
        map.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(JsonProblemDetails::<()>::CONTENT_TYPE),
        );
        for (name, value) in headers {
            map.append(name, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<DbError> for Problem {
    /// [`DbError::Duplicate`] is for the use cases to understand; one that arrives here is a fault.
    fn from(error: DbError) -> Self {
        if error.is_temporary() {
            tracing::warn!(error = %error, "a request failed for lack of the database");
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "database_unavailable",
                "the database does not answer at the moment; nothing was changed",
            )
            .retry_after(DATABASE_RETRY_SECONDS);
        }
        tracing::error!(error = %error, "a request failed in storage");
        Self::internal()
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        tracing::error!(error = %error, "a request failed in the vault");
        Self::internal()
    }
}

/// Middleware: writes the request's id into the body of an answer that is a [`Problem`].
pub async fn name_request(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let (Some(RequestId(id)), Some(mut problem)) =
        (id, response.extensions_mut().remove::<Problem>())
    else {
        return response;
    };
    problem.0.extensions.request_id = Some(id);
    let (parts, _) = response.into_parts();
    let mut response = problem.into_response();
    // What layers below added stays.
    for (name, value) in &parts.headers {
        if !response.headers().contains_key(name) && name != header::CONTENT_LENGTH {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_errors_tell_nothing() {
        let problem = Problem::from(DbError::Schema("canary".into()));
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!format!("{problem:?}").contains("canary"));
        let away = DbError::Duplicate;
        assert_eq!(Problem::from(away).code(), "internal");
    }
}
