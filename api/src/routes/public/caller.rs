//! Who calls: a key in `X-API-Secret`, or as a bearer token.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
};
use rt_manage_shared::{
    db::credentials::Credential,
    model::key::{Scope, Unusable},
};

use super::envelope::{Code, Failure};
use crate::{
    auth::bearer_token,
    keys::{Holder, Presented, Refused, count_refusal},
    routes::RequestId,
    state::App,
};

const API_SECRET: HeaderName = HeaderName::from_static("x-api-secret");
/// draft-ietf-httpapi-ratelimit-headers: how many requests (`q`) in how many seconds (`w`).
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A program with a key, and its request. One request of its minute is taken.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) holder: Arc<Holder>,
    pub(super) request_id: RequestId,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let request_id = parts.extensions.get::<RequestId>().cloned();
        let request_id = request_id.unwrap_or_default();
        let secret = presented(&parts.headers).map_err(|msg| unauthorized(msg, &request_id))?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let presented = Presented {
            secret,
            peer: peer.map(|peer| peer.0.ip()),
            headers: &parts.headers,
        };
        let holder = app.keys.authenticate(presented).await;
        let holder = holder.map_err(|refused| told(refused, &request_id))?;
        let caller = Self { holder, request_id };
        caller.charge(app, 1)?;
        Ok(caller)
    }
}

impl Caller {
    /// Refuses whoever lacks this scope.
    pub(super) fn needs(&self, scope: Scope) -> Result<(), Failure> {
        if self.may(scope) {
            return Ok(());
        }
        count_refusal("scope");
        Err(self.failure(Code::ForbiddenScope, format!("该密钥没有 {scope} 权限")))
    }

    pub(super) fn may(&self, scope: Scope) -> bool {
        self.holder.scopes.has(scope)
    }

    /// Whether a credential is within reach. One that is not is answered like one that does not exist.
    pub(super) fn reaches(&self, credential: &Credential) -> bool {
        let profile = &credential.profile;
        self.holder.reach.covers(&profile.biz_id, &profile.tag)
    }

    /// Takes so many requests from this minute.
    pub(super) fn charge(&self, app: &App, requests: u32) -> Result<(), Failure> {
        app.keys.charge(&self.holder, requests).map_err(|wait| {
            count_refusal("rate_limit");
            let limit = self.holder.rate_limit_per_minute.unwrap_or_default();
            let failure = self.failure(Code::RateLimited, "请求过于频繁，请稍后重试");
            let policy = HeaderValue::from_str(&format!("\"key\";q={limit};w=60"));
            let failure = failure.retry_after(wait);
            match policy {
                Ok(policy) => failure.with_header(RATE_LIMIT_POLICY, policy),
                Err(_) => failure,
            }
        })
    }

    pub(super) fn failure(&self, code: Code, msg: impl Into<String>) -> Failure {
        Failure::new(code, msg, &self.request_id)
    }

    pub(super) fn not_found(&self) -> Failure {
        self.failure(Code::NotFound, "记录不存在")
    }
}

/// The one key of a request. Two of them, even the same: whoever stands between would have to agree with us about which one
/// counts. What else is in `Authorization` (a proxy's own log-in, say) is none.
fn presented(headers: &HeaderMap) -> Result<&[u8], &'static str> {
    let own = headers.get_all(API_SECRET).iter();
    let own = own.map(HeaderValue::as_bytes);
    let bearer = headers.get_all(header::AUTHORIZATION).iter();
    let mut all = own.chain(bearer.filter_map(bearer_token));
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err("缺少请求头 X-API-Secret"),
        (Some(_), Some(_)) => Err("请求头 X-API-Secret 或 Authorization 重复"),
    }
}

fn told(refused: Refused, id: &RequestId) -> Failure {
    let reason = refused.reason();
    let msg = match refused {
        Refused::Database(error) => return Failure::database(&error, id),
        Refused::Slow(wait) => {
            count_refusal(reason);
            let msg = "错误的密钥尝试过多，请稍后重试";
            return Failure::new(Code::TooManyAttempts, msg, id).retry_after(wait);
        }
        Refused::Wrong => "X-API-Secret 不正确",
        Refused::PlaceholderFromOutside => {
            "示例 api_secret 只接受本机或内网直连的请求，请在配置中设置自己的 auth.api_secret"
        }
        Refused::Unusable(Unusable::Revoked) => "该密钥已吊销",
        Refused::Unusable(Unusable::Disabled) => "该密钥已停用",
        Refused::Unusable(Unusable::Expired) => "该密钥已过期",
    };
    count_refusal(reason);
    unauthorized(msg, id)
}

fn unauthorized(msg: &str, id: &RequestId) -> Failure {
    Failure::new(Code::Unauthorized, msg, id)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
