//! Tokens on their way out: what an answer holds of them, and how often they left.

use axum::http::HeaderValue;
use rt_manage_shared::{
    clock::Millis,
    db::credentials::WithTokens,
    model::{
        grant::State as GrantState,
        key::{Scope, TokenKind},
    },
    vault::{Place, Secret},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::{
    caller::Caller,
    envelope::{Code, Failure},
};
use crate::state::App;

/// Keeps this use of the hash apart from all others.
const ETAG_DOMAIN: &[u8] = b"rt-manage/get-at-etag/v1\0";

/// How an access token compares with the life that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Freshness {
    /// It lives as long as was asked for.
    pub(super) fresh: bool,
    /// What became of the refresh; none was needed where there is nothing.
    pub(super) refresh_result: Option<String>,
}

/// A credential whose access token is usable.
#[derive(Debug, Clone)]
pub(super) struct Usable {
    found: WithTokens,
    sealed: Vec<u8>,
    expires_at: Millis,
    now: Millis,
    freshness: Option<Freshness>,
}

impl Usable {
    /// `None`: it has no usable access token.
    pub(super) fn of(found: &WithTokens, now: Millis) -> Option<Self> {
        let expires_at = found.credential.grant.at_expires_at?;
        let sealed = found.access_token.clone()?;
        (expires_at > now).then(|| Self {
            found: found.clone(),
            sealed,
            expires_at,
            now,
            freshness: None,
        })
    }

    /// Whether it lives for so many seconds.
    pub(super) fn lives(&self, seconds: u32) -> bool {
        self.expires_at.seconds().saturating_sub(self.now.seconds()) >= i64::from(seconds)
    }

    pub(super) fn with(mut self, freshness: Freshness) -> Self {
        self.freshness = Some(freshness);
        self
    }

    /// Names this answer without telling anything of the tokens: it changes when one of them, or what is said about them does.
    pub(super) fn etag(&self, caller: &Caller) -> Option<HeaderValue> {
        let credential = &self.found.credential;
        let grant = &credential.grant;
        let about = format!(
            "{} {} {:?} {} {} {} {:?} {}",
            credential.id,
            credential.revision,
            grant.at_issued_at,
            self.expires_at.0,
            grant.rt_fp,
            grant.state.name().as_str(),
            self.freshness,
            caller.may(Scope::ReadRt),
        );
        let digest = Sha256::new()
            .chain_update(ETAG_DOMAIN)
            .chain_update(about)
            .finalize();
        // 128 bits tell any two apart.
        let short = digest.as_slice().first_chunk::<16>()?;
        HeaderValue::from_str(&format!("\"{:032x}\"", u128::from_be_bytes(*short))).ok()
    }

    /// Opens what the caller may have, and counts it.
    pub(super) fn hand_out(self, app: &App, caller: &Caller) -> Result<HandOut, Failure> {
        let access_token = self.open(app, caller, "access_token", &self.sealed)?;
        let refresh_token = if caller.may(Scope::ReadRt) {
            Some(self.open(app, caller, "rt", &self.found.rt)?)
        } else {
            None
        };
        let (id, key) = (self.found.credential.id, caller.holder.key);
        app.keys.handed_out(id, key, TokenKind::At);
        if refresh_token.is_some() {
            app.keys.handed_out(id, key, TokenKind::Rt);
        }
        Ok(HandOut {
            usable: self,
            access_token,
            refresh_token,
        })
    }

    fn open(
        &self,
        app: &App,
        caller: &Caller,
        column: &str,
        sealed: &[u8],
    ) -> Result<Secret, Failure> {
        let row = self.found.credential.id.to_string();
        let place = Place {
            table: "grants",
            row: &row,
            column,
        };
        app.vault.open_secret(place, sealed).map_err(|error| {
            tracing::error!(credential = %row, column, error = %error, "a stored token does not open");
            caller.failure(Code::InternalError, "服务器内部错误")
        })
    }
}

/// Opened tokens.
pub(super) struct HandOut {
    usable: Usable,
    access_token: Secret,
    refresh_token: Option<Secret>,
}

/// The tokens of a credential. The order and the first six names are the predecessor's.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenData)]
pub(super) struct TokenData {
    biz_id: String,
    email: String,
    access_token: String,
    /// Empty unless the key may read refresh tokens.
    refresh_token: String,
    /// The plan.
    r#type: String,
    user_name: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Seconds from now.
    expires_in: i64,
    #[schema(value_type = String)]
    state: &'static str,
    /// Whether it lives for `min_ttl`; only where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fresh: Option<bool>,
    /// What became of the refresh for `min_ttl`: `rotated`, or why there was none; only where one was needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_result: Option<String>,
}

impl HandOut {
    pub(super) fn data(self) -> TokenData {
        let Usable {
            found,
            expires_at,
            now,
            freshness,
            ..
        } = self.usable;
        let credential = found.credential;
        let identity = credential.identity;
        TokenData {
            biz_id: credential.profile.biz_id,
            email: identity.email.unwrap_or_default(),
            access_token: self.access_token.expose().to_owned(),
            refresh_token: self
                .refresh_token
                .map_or_else(String::new, |token| token.expose().to_owned()),
            r#type: identity.plan.unwrap_or_default(),
            user_name: identity.name.unwrap_or_default(),
            expires_at: expires_at.to_rfc3339(),
            expires_in: expires_at.seconds().saturating_sub(now.seconds()),
            state: credential.grant.state.name().as_str(),
            fresh: freshness.as_ref().map(|freshness| freshness.fresh),
            refresh_result: freshness.and_then(|freshness| freshness.refresh_result),
        }
    }
}

/// Why there is no usable access token: what the grant waits for says more than "expired".
pub(super) fn why_not(caller: &Caller, found: &WithTokens) -> Failure {
    match found.credential.grant.state {
        GrantState::Dead => caller.failure(Code::Dead, "RT 已失效，请更换 RT"),
        GrantState::InDoubt => {
            caller.failure(Code::InDoubt, "上次刷新结果未知（存疑），AT 已不可用")
        }
        GrantState::Held(_) => caller.failure(Code::Held, "刷新已挂起：需要更换 client_id 或代理"),
        _ if found.access_token.is_none() => {
            caller.failure(Code::AccessTokenMissing, "尚无 AT，请先刷新")
        }
        _ => caller.failure(Code::AccessTokenExpired, "AT 已过期，请刷新"),
    }
}
