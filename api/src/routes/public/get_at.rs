//! `POST {prefix}/get-at`: the access token as it stands; never refreshes.

use axum::{extract::State, response::Response};
use rt_manage_shared::{db::credentials::WithTokens, model::grant::State as GrantState};

use super::{
    body::Wanted,
    envelope::{Code, Failure},
};
use crate::state::App;

pub(super) async fn handle(State(app): State<App>, wanted: Wanted) -> Result<Response, Failure> {
    let found = wanted.find(&app).await?;
    if !found.credential.profile.enabled {
        return Err(wanted.failure(Code::Disabled, "该记录已禁用"));
    }
    match wanted.tokens(&app, &found)? {
        Some(answer) => Ok(answer),
        None => Err(why_not(&wanted, &found)),
    }
}

/// Why there is no usable access token: what the grant waits for says more than "expired".
fn why_not(wanted: &Wanted, found: &WithTokens) -> Failure {
    match found.credential.grant.state {
        GrantState::Dead => wanted.failure(Code::Dead, "RT 已失效，请更换 RT"),
        GrantState::InDoubt => {
            wanted.failure(Code::InDoubt, "上次刷新结果未知（存疑），AT 已不可用")
        }
        GrantState::Held(_) => wanted.failure(Code::Held, "刷新已挂起：需要更换 client_id 或代理"),
        _ if found.access_token.is_none() => {
            wanted.failure(Code::AccessTokenMissing, "尚无 AT，请先刷新")
        }
        _ => wanted.failure(Code::AccessTokenExpired, "AT 已过期，请刷新"),
    }
}
