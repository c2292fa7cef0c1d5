//! Who asks, and for which credential: the part that both endpoints have in common.

use std::net::SocketAddr;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse as _,
};
use rt_manage_shared::{
    db::{
        credentials,
        credentials::{Key, WithTokens},
    },
    vault::{Place, Secret},
};
use serde::Deserialize;

use super::envelope::{Code, Failure, success};
use crate::{auth::placeholder, routes::RequestId, state::App};

/// An authenticated request for one credential.
pub(super) struct Wanted {
    biz_id: Option<String>,
    email: Option<String>,
    pub(super) request_id: RequestId,
}

/// Unknown fields are ignored, as the predecessor did.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    biz_id: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

impl FromRequest<App> for Wanted {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let id = request
            .extensions()
            .get::<RequestId>()
            .cloned()
            .unwrap_or_default();
        let peer = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        authenticate(app, request.headers(), peer, &id)?;
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
        let body: Body = serde_json::from_slice(&bytes).map_err(|error| {
            // The position only: serde's message may repeat what was sent.
            let text = format!(
                "请求体不是有效的 JSON 或字段类型错误（第 {} 行第 {} 列）",
                error.line(),
                error.column()
            );
            Failure::new(Code::InvalidJson, text, &id)
        })?;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let wanted = Self {
            biz_id: given(body.biz_id),
            email: given(body.email),
            request_id: id,
        };
        if wanted.biz_id.is_none() && wanted.email.is_none() {
            return Err(Failure::new(
                Code::InvalidRequest,
                "参数错误：biz_id 和 email 至少填写一个",
                &wanted.request_id,
            ));
        }
        Ok(wanted)
    }
}

fn authenticate(
    app: &App,
    headers: &HeaderMap,
    peer: Option<std::net::IpAddr>,
    id: &RequestId,
) -> Result<(), Failure> {
    let mut values = headers.get_all("x-api-secret").iter();
    let presented = match (values.next(), values.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        (None, _) => None,
        // Two of them: whoever stands between would have to agree with us about which one counts.
        (Some(_), Some(_)) => {
            return Err(Failure::new(
                Code::Unauthorized,
                "请求头 X-API-Secret 重复",
                id,
            ));
        }
    };
    let refusal = match presented {
        None => "缺少请求头 X-API-Secret",
        Some(presented) => {
            match placeholder::check_api_secret(&app.config.auth, presented, peer, headers) {
                placeholder::ApiSecret::Accepted => return Ok(()),
                placeholder::ApiSecret::Wrong => "X-API-Secret 不正确",
                placeholder::ApiSecret::PlaceholderFromOutside => {
                    "示例 api_secret 只接受本机或内网直连的请求，请在配置中设置自己的 auth.api_secret"
                }
            }
        }
    };
    Err(Failure::new(Code::Unauthorized, refusal, id))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

impl Wanted {
    /// The one credential that is meant.
    pub(super) async fn find(&self, app: &App) -> Result<WithTokens, Failure> {
        // biz_id wins when both are given.
        let key = match (&self.biz_id, &self.email) {
            (Some(biz_id), _) => Key::BizId(biz_id),
            (None, Some(email)) => Key::Email(email),
            (None, None) => {
                return Err(self.failure(
                    Code::InvalidRequest,
                    "参数错误：biz_id 和 email 至少填写一个",
                ));
            }
        };
        let found = credentials::with_tokens(&mut &app.db, key)
            .await
            .map_err(|error| Failure::database(&error, &self.request_id))?;
        match <[WithTokens; 1]>::try_from(found) {
            Ok([one]) => Ok(one),
            Err(found) if found.is_empty() => Err(self.failure(Code::NotFound, "记录不存在")),
            Err(_) => Err(self.failure(Code::EmailAmbiguous, "该邮箱对应多条记录，请使用 biz_id")),
        }
    }

    pub(super) fn failure(&self, code: Code, msg: impl Into<String>) -> Failure {
        Failure::new(code, msg, &self.request_id)
    }

    /// The answer for a credential whose access token is usable; `None` where it has none.
    pub(super) fn tokens(
        &self,
        app: &App,
        found: &WithTokens,
    ) -> Result<Option<axum::response::Response>, Failure> {
        let credential = &found.credential;
        let now = app.clock.now();
        let (Some(sealed), Some(expires_at)) =
            (&found.access_token, credential.grant.at_expires_at)
        else {
            return Ok(None);
        };
        if expires_at <= now {
            return Ok(None);
        }
        let access_token = self.open(app, found, "access_token", sealed)?;
        let refresh_token = if app.config.auth.public_api_return_refresh_token {
            Some(self.open(app, found, "rt", &found.rt)?)
        } else {
            None
        };
        let answer = success(
            credential,
            &access_token,
            refresh_token.as_ref(),
            expires_at,
            now,
            &self.request_id,
        );
        Ok(Some(answer))
    }

    fn open(
        &self,
        app: &App,
        found: &WithTokens,
        column: &str,
        sealed: &[u8],
    ) -> Result<Secret, Failure> {
        let row = found.credential.id.to_string();
        let place = Place {
            table: "grants",
            row: &row,
            column,
        };
        app.vault.open_secret(place, sealed).map_err(|error| {
            tracing::error!(credential = %row, column, error = %error, "a stored token does not open");
            self.failure(Code::InternalError, "服务器内部错误")
        })
    }
}
