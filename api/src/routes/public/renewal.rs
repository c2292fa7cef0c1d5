//! Refreshing on behalf of a program: asking, waiting, and telling how it ended.

use std::time::Duration;

use rt_manage_shared::{
    db::{
        attempts::Attempt,
        credentials::{self, Key, WithTokens},
        system,
    },
    id::{AttemptId, CredentialId},
    model::{
        attempt::{Cause, Lane, OutcomeKind},
        grant::HeldReason,
    },
};
use serde_json::json;

use super::{
    caller::Caller,
    envelope::{Code, Failure},
    tokens::{Freshness, Usable, why_not},
};
use crate::{
    refresh::{Ask, Asked, Waited},
    state::App,
};

/// What became of asking.
pub(super) enum Next {
    /// The tokens that are there are as new as they get.
    Current,
    /// This attempt has to end.
    Wait(AttemptId),
}

/// Asks for a refresh, or joins the one under way; `distance`: only where the last was asked for so long ago.
pub(super) async fn ask(
    app: &App,
    caller: &Caller,
    found: &WithTokens,
    distance: Option<Duration>,
) -> Result<Next, Failure> {
    let ask = Ask {
        credential: found.credential.id,
        lane: Lane::Interactive,
        cause: Cause::PublicApi,
        request_id: Some(caller.request_id.0.clone()),
    };
    let asked = match distance {
        Some(distance) => app.refresher.ask_at_most_every(distance, ask).await,
        None => app.refresher.ask(ask).await,
    };
    let asked = asked.map_err(|error| Failure::database(&error, &caller.request_id))?;
    let refused = |code, msg| Err(refused(caller, found, code, msg));
    match asked {
        Asked::Queued { attempt } | Asked::Joined { attempt, .. } => Ok(Next::Wait(attempt)),
        Asked::Fresh => Ok(Next::Current),
        Asked::NotPushed { attempt } => {
            let msg = "任务队列暂时不可用；刷新请求已记录，队列恢复后会自动执行";
            let failure = caller.failure(Code::QueueUnavailable, msg);
            Err(failure.with_data(json!({"attempt_id": attempt})))
        }
        Asked::Missing => Err(caller.not_found()),
        Asked::Disabled => Err(caller.failure(Code::Disabled, "该记录已禁用")),
        Asked::Dead => refused(Code::Dead, "RT 已失效，请更换 RT"),
        Asked::InDoubt => refused(Code::InDoubt, "上次刷新结果未知（存疑），暂不重复使用该 RT"),
        Asked::Held(HeldReason::ClientId) => refused(
            Code::Held,
            "刷新已挂起：client_id 不被接受，请更换 client_id",
        ),
        Asked::Held(HeldReason::Region) => {
            refused(Code::Held, "刷新已挂起：出口所在地区不受支持，请更换代理")
        }
        Asked::Held(HeldReason::Migration) => refused(
            Code::Held,
            "刷新已挂起：该记录由旧系统迁移而来，请先停止旧系统并确认迁移",
        ),
        Asked::Stopped { switch } if switch == system::HALTED => {
            let msg = "刷新已紧急停止：数据库比日志旧，请联系管理员";
            Err(caller.failure(Code::RefreshHalted, msg))
        }
        Asked::Stopped { .. } => Err(caller.failure(Code::RefreshPaused, "刷新已暂停")),
    }
}

/// Waits for an attempt, at most `limit`.
pub(super) async fn outcome(
    app: &App,
    caller: &Caller,
    found: &WithTokens,
    attempt: AttemptId,
    limit: Duration,
) -> Result<(), Failure> {
    match app.refresher.wait(attempt, limit).await {
        Waited::Ended(ended) => match ended.outcome {
            Some(OutcomeKind::Rotated | OutcomeKind::Superseded) => Ok(()),
            _ => Err(failed(caller, found, &ended)),
        },
        Waited::TimedOut => Err(caller
            .failure(Code::RefreshPending, "等待刷新超时，刷新仍在进行")
            .with_data(json!({"attempt_id": attempt}))),
    }
}

/// How a refresh for `min_ttl` went.
pub(super) type Renewal = Result<&'static str, Failure>;

/// Refreshes for `min_ttl`, unless it is too soon, and waits at most `limit`.
pub(super) async fn renew(
    app: &App,
    caller: &Caller,
    found: &WithTokens,
    limit: Duration,
) -> Renewal {
    let distance =
        Duration::from_secs(app.settings.current().config().refresh.min_interval_seconds);
    match ask(app, caller, found, Some(distance)).await? {
        Next::Current => Ok("too_soon"),
        Next::Wait(attempt) => {
            outcome(app, caller, found, attempt, limit).await?;
            Ok(OutcomeKind::Rotated.as_str())
        }
    }
}

/// What there is after a refresh for `min_ttl`. Where an access token is usable it is handed out, however the refresh went.
pub(super) fn settle(
    caller: &Caller,
    usable: Option<Usable>,
    found: &WithTokens,
    min_ttl: u32,
    renewal: Option<Renewal>,
) -> Result<Usable, Failure> {
    let Some(usable) = usable else {
        return Err(match renewal {
            Some(Err(failure)) => failure,
            _ => why_not(caller, found),
        });
    };
    let fresh = usable.lives(min_ttl);
    let result = renewal.map(|renewal| match renewal {
        Ok(result) => result.to_owned(),
        Err(failure) => failure.refresh_result(),
    });
    Ok(usable.with(Freshness {
        fresh,
        refresh_result: result,
    }))
}

/// The credential as it stands now.
pub(super) async fn again(
    app: &App,
    caller: &Caller,
    id: CredentialId,
) -> Result<WithTokens, Failure> {
    let found = credentials::with_tokens(&mut &app.db, Key::Id(id)).await;
    let found = found.map_err(|error| Failure::database(&error, &caller.request_id))?;
    let found = found.into_iter().next();
    let found = found.filter(|found| caller.reaches(&found.credential));
    found.ok_or_else(|| caller.not_found())
}

fn refused(caller: &Caller, found: &WithTokens, code: Code, msg: &str) -> Failure {
    caller.failure(code, msg).with_data(json!({
        "biz_id": found.credential.profile.biz_id,
        "refresh_result": found.credential.grant.last_code,
        "state": found.credential.grant.state.name().as_str(),
    }))
}

fn failed(caller: &Caller, found: &WithTokens, ended: &Attempt) -> Failure {
    let outcome = ended.outcome.map_or("cancelled", OutcomeKind::as_str);
    let code = ended.code.as_deref().unwrap_or(outcome);
    caller
        .failure(Code::RefreshFailed, format!("刷新失败：{code}"))
        .with_data(json!({
            "biz_id": found.credential.profile.biz_id,
            "refresh_result": code,
            "outcome": outcome,
            "detail": ended.detail,
            "attempt_id": ended.id,
        }))
}
