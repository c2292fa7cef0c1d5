//! The predecessor's answer envelope, with a stable code and the request's id added.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rt_manage_shared::{
    clock::Millis,
    db::{DbError, credentials::Credential},
    vault::Secret,
};
use serde::Serialize;
use serde_json::Value;

use crate::routes::RequestId;

/// The stable codes. Clients decide by these; the Chinese `msg` is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    const fn status(self) -> StatusCode {
        match self {
            Self::Ok => StatusCode::OK,
            Self::InvalidJson | Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Disabled => StatusCode::FORBIDDEN,
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
#[derive(Serialize)]
struct Envelope<'a, T> {
    success: bool,
    msg: &'a str,
    data: &'a T,
    code: Code,
    request_id: &'a str,
}

/// A failure in the envelope.
#[derive(Debug)]
pub(super) struct Failure {
    code: Code,
    msg: String,
    request_id: String,
    data: Value,
}

impl Failure {
    pub(super) fn new(code: Code, msg: impl Into<String>, id: &RequestId) -> Self {
        Self {
            code,
            msg: msg.into(),
            request_id: id.0.clone(),
            data: Value::Null,
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
            msg: &self.msg,
            code: self.code,
            request_id: &self.request_id,
            data: &self.data,
        };
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// `data` of a success. The order and the first six names are the predecessor's.
#[derive(Serialize)]
pub(super) struct TokenData<'a> {
    biz_id: &'a str,
    email: &'a str,
    access_token: &'a str,
    /// Empty unless the operator hands refresh tokens out.
    refresh_token: &'a str,
    /// The plan.
    r#type: &'a str,
    user_name: &'a str,
    /// RFC 3339.
    expires_at: String,
    /// Seconds from now.
    expires_in: i64,
    state: &'static str,
}

/// A usable access token in the envelope.
pub(super) fn success(
    credential: &Credential,
    access_token: &Secret,
    refresh_token: Option<&Secret>,
    expires_at: Millis,
    now: Millis,
    id: &RequestId,
) -> Response {
    let identity = &credential.identity;
    let text = |value: &'_ Option<String>| value.clone().unwrap_or_default();
    let (email, plan, name) = (
        text(&identity.email),
        text(&identity.plan),
        text(&identity.name),
    );
    let data = TokenData {
        biz_id: &credential.profile.biz_id,
        email: &email,
        access_token: access_token.expose(),
        refresh_token: refresh_token.map_or("", Secret::expose),
        r#type: &plan,
        user_name: &name,
        expires_at: expires_at.to_rfc3339(),
        expires_in: expires_at.seconds().saturating_sub(now.seconds()),
        state: credential.grant.state.name().as_str(),
    };
    let body = Envelope {
        success: true,
        msg: "操作成功",
        data: &data,
        code: Code::Ok,
        request_id: &id.0,
    };
    Json(body).into_response()
}
