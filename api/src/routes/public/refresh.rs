//! `POST {prefix}/refresh`: refreshes, or joins the refresh under way, and waits for its outcome.

use std::time::Duration;

use axum::{extract::State, response::Response};
use rt_manage_shared::{
    db::{
        attempts::Attempt,
        credentials,
        credentials::{Key, WithTokens},
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::{Cause, Lane, OutcomeKind},
        grant::HeldReason,
    },
};
use serde_json::json;

use super::{
    body::Wanted,
    envelope::{Code, Failure},
};
use crate::{
    refresh::{Ask, Asked, Waited},
    state::App,
};

pub(super) async fn handle(State(app): State<App>, wanted: Wanted) -> Result<Response, Failure> {
    let found = wanted.find(&app).await?;
    let id = found.credential.id;
    let ask = Ask {
        credential: id,
        lane: Lane::Interactive,
        cause: Cause::PublicApi,
        request_id: Some(wanted.request_id.0.clone()),
    };
    let asked = app.refresher.ask(ask).await;
    let asked = asked.map_err(|error| Failure::database(&error, &wanted.request_id))?;
    let attempt = match asked {
        Asked::Queued { attempt } | Asked::Joined { attempt, .. } => attempt,
        Asked::NotPushed { attempt } => {
            let failure = wanted.failure(
                Code::QueueUnavailable,
                "任务队列暂时不可用；刷新请求已记录，队列恢复后会自动执行",
            );
            return Err(failure.with_data(json!({"attempt_id": attempt})));
        }
        Asked::Fresh => return current(&app, &wanted, id).await,
        Asked::Missing => return Err(wanted.failure(Code::NotFound, "记录不存在")),
        Asked::Disabled => return Err(wanted.failure(Code::Disabled, "该记录已禁用")),
        Asked::Dead => return Err(refused(&wanted, &found, Code::Dead, "RT 已失效，请更换 RT")),
        Asked::InDoubt => {
            return Err(refused(
                &wanted,
                &found,
                Code::InDoubt,
                "上次刷新结果未知（存疑），暂不重复使用该 RT",
            ));
        }
        Asked::Held(HeldReason::ClientId) => {
            return Err(refused(
                &wanted,
                &found,
                Code::Held,
                "刷新已挂起：client_id 不被接受，请更换 client_id",
            ));
        }
        Asked::Held(HeldReason::Region) => {
            return Err(refused(
                &wanted,
                &found,
                Code::Held,
                "刷新已挂起：出口所在地区不受支持，请更换代理",
            ));
        }
        Asked::Stopped { switch } if switch == rt_manage_shared::db::system::HALTED => {
            return Err(wanted.failure(
                Code::RefreshHalted,
                "刷新已紧急停止：数据库比日志旧，请联系管理员",
            ));
        }
        Asked::Stopped { .. } => return Err(wanted.failure(Code::RefreshPaused, "刷新已暂停")),
    };
    let limit = Duration::from_secs(app.config.server.refresh_wait_seconds);
    match app.refresher.wait(attempt, limit).await {
        Waited::Ended(ended) if ended.outcome == Some(OutcomeKind::Rotated) => {
            current(&app, &wanted, id).await
        }
        Waited::Ended(ended) if ended.outcome == Some(OutcomeKind::Superseded) => {
            current(&app, &wanted, id).await
        }
        Waited::Ended(ended) => Err(failed(&wanted, &found, &ended)),
        Waited::TimedOut => Err(pending(&wanted, attempt)),
    }
}

/// The tokens as they stand now.
async fn current(app: &App, wanted: &Wanted, id: CredentialId) -> Result<Response, Failure> {
    let found = credentials::with_tokens(&mut &app.db, Key::Id(id)).await;
    let found = found.map_err(|error| Failure::database(&error, &wanted.request_id))?;
    let Some(found) = found.into_iter().next() else {
        return Err(wanted.failure(Code::NotFound, "记录不存在"));
    };
    match wanted.tokens(app, &found)? {
        Some(answer) => Ok(answer),
        None => Err(wanted.failure(
            Code::AccessTokenMissing,
            "刷新成功，但上游没有返回可用的 AT",
        )),
    }
}

fn refused(wanted: &Wanted, found: &WithTokens, code: Code, msg: &str) -> Failure {
    wanted.failure(code, msg).with_data(json!({
        "biz_id": found.credential.profile.biz_id,
        "refresh_result": found.credential.grant.last_code,
        "state": found.credential.grant.state.name().as_str(),
    }))
}

fn failed(wanted: &Wanted, found: &WithTokens, ended: &Attempt) -> Failure {
    let outcome = ended.outcome.map_or("cancelled", OutcomeKind::as_str);
    let code = ended.code.as_deref().unwrap_or(outcome);
    wanted
        .failure(Code::RefreshFailed, format!("刷新失败：{code}"))
        .with_data(json!({
            "biz_id": found.credential.profile.biz_id,
            "refresh_result": code,
            "outcome": outcome,
            "detail": ended.detail,
            "attempt_id": ended.id,
        }))
}

fn pending(wanted: &Wanted, attempt: AttemptId) -> Failure {
    wanted
        .failure(Code::RefreshPending, "等待刷新超时，刷新仍在进行")
        .with_data(json!({"attempt_id": attempt}))
}
