//! The predecessor's answer envelope, with a stable code and the request's id added.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rt_manage_shared::db::DbError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::routes::RequestId;

/// The stable codes. Clients decide by these; the Chinese `msg` is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PublicCode)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    Ok,
    MethodNotAllowed,
    UnknownRoute,
    UnsupportedMediaType,
    InvalidJson,
    InvalidRequest,
    BodyTooLarge,
    Unauthorized,
    ForbiddenScope,
    TooManyAttempts,
    RateLimited,
    NotFound,
    EmailAmbiguous,
    Disabled,
    AccessTokenMissing,
    AccessTokenExpired,
    Dead,
    InDoubt,
    Held,
    RefreshFailed,
    RefreshPending,
    RefreshPaused,
    RefreshHalted,
    DatabaseUnavailable,
    QueueUnavailable,
    InternalError,
}

impl Code {
    /// As it stands in answers.
    fn as_str(self) -> String {
        let text = serde_json::to_value(self).ok();
        let text = text.as_ref().and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Ok => StatusCode::OK,
            Self::InvalidJson | Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Disabled | Self::ForbiddenScope => StatusCode::FORBIDDEN,
            Self::TooManyAttempts | Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound | Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::EmailAmbiguous
            | Self::AccessTokenMissing
            | Self::AccessTokenExpired
            | Self::Dead
            | Self::InDoubt
            | Self::Held => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RefreshFailed | Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::RefreshPaused
            | Self::RefreshHalted
            | Self::DatabaseUnavailable
            | Self::QueueUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::RefreshPending => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// The envelope itself, with the predecessor's names in their order.
#[derive(Serialize, ToSchema)]
pub(super) struct Envelope<T> {
    success: bool,
    /// For people, in Chinese; it may change.
    msg: String,
    data: T,
    code: Code,
    request_id: String,
}

impl<T> Envelope<T> {
    pub(super) fn success(data: T, id: &RequestId) -> Self {
        Self {
            success: true,
            msg: "操作成功".to_owned(),
            data,
            code: Code::Ok,
            request_id: id.0.clone(),
        }
    }

    pub(super) fn with_code(mut self, code: Code, msg: &str) -> Self {
        self.code = code;
        msg.clone_into(&mut self.msg);
        self
    }
}

/// One of many, with an answer of its own.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchItem)]
pub(super) struct Item {
    success: bool,
    msg: String,
    code: Code,
    /// As in the answer for one; `null` where there is nothing more to say.
    #[schema(value_type = Option<Object>)]
    data: Value,
}

impl Item {
    pub(super) fn success(data: Value) -> Self {
        Self {
            success: true,
            msg: "操作成功".to_owned(),
            code: Code::Ok,
            data,
        }
    }
}

/// A failure in the envelope.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    code: Code,
    msg: String,
    request_id: String,
    data: Value,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Failure {
    pub(super) fn new(code: Code, msg: impl Into<String>, id: &RequestId) -> Self {
        Self {
            code,
            msg: msg.into(),
            request_id: id.0.clone(),
            data: Value::Null,
            headers: Vec::new(),
        }
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says when to try again: in whole seconds, rounded up, so that a client that comes back on time is let through.
    pub(super) fn retry_after(self, wait: Duration) -> Self {
        let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        self.with_header(header::RETRY_AFTER, seconds)
    }

    /// What a refresh that was refused or failed is called in `refresh_result`.
    pub(super) fn refresh_result(&self) -> String {
        let told = self.data.get("refresh_result").and_then(Value::as_str);
        let told = told.filter(|_| self.code == Code::RefreshFailed);
        told.map_or_else(|| self.code.as_str(), str::to_owned)
    }

    /// Whether the database was away.
    pub(super) fn is_temporary(&self) -> bool {
        self.code == Code::DatabaseUnavailable
    }

    /// The same as one item of many.
    pub(super) fn into_item(self) -> Item {
        Item {
            success: false,
            msg: self.msg,
            code: self.code,
            data: self.data,
        }
    }

    pub(super) fn with_data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    /// A storage error: logged once, here; the client learns only whether to come again.
    pub(super) fn database(error: &DbError, id: &RequestId) -> Self {
        tracing::error!(error = %error, "a public request failed in the database");
        if error.is_temporary() {
            Self::new(
                Code::DatabaseUnavailable,
                "数据库暂时不可用，请稍后重试",
                id,
            )
        } else {
            Self::new(Code::InternalError, "服务器内部错误", id)
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let body = Envelope {
            success: false,
            msg: self.msg,
            code: self.code,
            request_id: self.request_id,
            data: self.data,
        };
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}
