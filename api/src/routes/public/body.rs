//! What requests bring, and which credential they mean. Unknown fields are ignored, as the predecessor did.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::IntoResponse as _,
};
use rt_manage_shared::db::{
    credentials,
    credentials::{Key, WithTokens},
    lookup,
};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::{
    caller::Caller,
    envelope::{Code, Failure},
};
use crate::{routes::RequestId, state::App};

/// Longest life that may be asked for: thirty days; access tokens live for ten at most.
const MAX_MIN_TTL: u32 = 30 * 24 * 3600;

/// Names a credential. `biz_id` wins when both are given.
#[derive(Debug, Default, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Name {
    #[serde(default)]
    biz_id: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

/// Asks for the access token of a credential.
#[derive(Debug, Default, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Want {
    #[serde(default)]
    biz_id: Option<String>,
    #[serde(default)]
    email: Option<String>,
    /// Seconds that the access token shall be good for at least; where it is not, it is refreshed first.
    #[serde(default)]
    #[schema(maximum = 2_592_000)]
    #[param(maximum = 2_592_000)]
    min_ttl: Option<u32>,
}

impl Want {
    pub(super) fn name(self) -> (Name, Option<u32>) {
        let name = Name {
            biz_id: self.biz_id,
            email: self.email,
        };
        (name, self.min_ttl)
    }
}

/// The credential that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    BizId(String),
    Email(String),
}

impl Name {
    pub(super) fn named(self, caller: &Caller) -> Result<Named, Failure> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let by_email = || given(self.email).map(Named::Email);
        let named = given(self.biz_id).map(Named::BizId).or_else(by_email);
        named.ok_or_else(|| {
            caller.failure(
                Code::InvalidRequest,
                "参数错误：biz_id 和 email 至少填写一个",
            )
        })
    }
}

/// Checks how long an access token shall be good for.
pub(super) fn check_min_ttl(caller: &Caller, min_ttl: Option<u32>) -> Result<(), Failure> {
    if min_ttl.is_some_and(|seconds| seconds > MAX_MIN_TTL) {
        let msg = format!("参数错误：min_ttl 不能超过 {MAX_MIN_TTL} 秒");
        return Err(caller.failure(Code::InvalidRequest, msg));
    }
    Ok(())
}

/// The one credential that is meant, where it is within the caller's reach.
pub(super) async fn find(app: &App, caller: &Caller, named: &Named) -> Result<WithTokens, Failure> {
    let db = &mut &app.db;
    let found = match named {
        Named::BizId(biz_id) => credentials::with_tokens(db, Key::BizId(biz_id)).await,
        Named::Email(email) => lookup::by_email(db, email, &caller.holder.reach).await,
    };
    let found = found.map_err(|error| Failure::database(&error, &caller.request_id))?;
    match <[WithTokens; 1]>::try_from(found) {
        Ok([one]) if caller.reaches(&one.credential) => Ok(one),
        Err(found) if !found.is_empty() => Err(ambiguous(caller)),
        Ok(_) | Err(_) => Err(caller.not_found()),
    }
}

pub(super) fn ambiguous(caller: &Caller) -> Failure {
    caller.failure(Code::EmailAmbiguous, "该邮箱对应多条记录，请使用 biz_id")
}

/// A JSON object as body.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let id = request.extensions().get::<RequestId>().cloned();
        let id = id.unwrap_or_default();
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|rejection| {
                if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
                    Failure::new(Code::BodyTooLarge, "请求体超过 1 MiB", &id)
                } else {
                    Failure::new(Code::InvalidRequest, "请求体读取失败", &id)
                }
            })?;
        if !is_json {
            return Err(Failure::new(
                Code::UnsupportedMediaType,
                "Content-Type 必须是 application/json",
                &id,
            ));
        }
        // A JSON array would be read as the fields in their order.
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(Failure::new(
                Code::InvalidJson,
                "请求体必须是 JSON 对象",
                &id,
            ));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            // The position only: serde's message may repeat what was sent.
            let text = format!(
                "请求体不是有效的 JSON 或字段类型错误（第 {} 行第 {} 列）",
                error.line(),
                error.column()
            );
            Failure::new(Code::InvalidJson, text, &id)
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The same in the query of a GET.
pub(super) struct InQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for InQuery<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let id = parts.extensions.get::<RequestId>().cloned();
        let query = Query::<T>::try_from_uri(&parts.uri);
        let query = query.map(|Query(query)| Self(query));
        query.map_err(|_| {
            let id = id.unwrap_or_default();
            Failure::new(Code::InvalidRequest, "参数错误：查询参数无法解析", &id)
        })
    }
}
