//! One transaction: the grant becomes queued and the attempt is written, or the request joins what is there.

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::{Clock, Millis},
    db::{
        DbError, Tx, attempts,
        attempts::NewAttempt,
        batch::Work,
        grants,
        grants::{GrantRecord, TokenWrite},
        system,
    },
    hooks::Step,
    id::{AttemptId, CredentialId},
    model::{
        attempt::{Cause, Lane},
        grant::{Context, Grant, HeldReason, Refusal, State},
    },
};
use rt_manage_worker::{Live, WorkerSettings};

/// A wish for a refresh.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whose.
    pub credential: CredentialId,
    /// Whether somebody waits.
    pub lane: Lane,
    /// Why.
    pub cause: Cause,
    /// The HTTP request that asks.
    pub request_id: Option<String>,
}

/// A wish, and how often it may be granted.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(super) ask: Ask,
    /// Nothing is done where the last attempt was asked for less than this ago.
    pub(super) at_most_every: Option<Duration>,
}

impl From<Ask> for Request {
    fn from(ask: Ask) -> Self {
        Self {
            ask,
            at_most_every: None,
        }
    }
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A new attempt waits for a worker.
    Queued {
        /// The attempt.
        attempt: AttemptId,
    },
    /// A new attempt waits for a worker, and the queue is away: it is made when the queue is back.
    NotPushed {
        /// The attempt.
        attempt: AttemptId,
    },
    /// An attempt was open: wait for that one.
    Joined {
        /// The attempt.
        attempt: AttemptId,
        /// It moved to the interactive lane and is pushed there.
        push: bool,
    },
    /// The current tokens came a moment ago, or it is too soon for the next attempt: take those that are there.
    Fresh,
    /// There is no such credential.
    Missing,
    /// The credential is disabled.
    Disabled,
    /// The refresh token is unusable.
    Dead,
    /// Something must change first.
    Held(HeldReason),
    /// In doubt, and no probe is due.
    InDoubt,
    /// Refreshing is paused or halted.
    Stopped {
        /// The switch that is on.
        switch: String,
    },
}

/// Writes requests, inside the transaction of whoever makes them.
#[derive(Debug)]
pub(crate) struct Requests {
    clock: Clock,
    settings: Live,
}

impl Requests {
    pub(crate) fn new(clock: &Clock, settings: &Live) -> Self {
        Self {
            clock: clock.clone(),
            settings: settings.clone(),
        }
    }
}

/// Tries of one request whose grant is moved by somebody else between reading and writing.
const TRIES: u32 = 3;

impl Work for Requests {
    type Item = Request;
    type Output = Asked;
    const BEFORE_COMMIT: Option<Step> = Some(Step::RequestBeforeCommit);

    async fn apply(&self, tx: &mut Tx, asks: &[Arc<Request>]) -> Result<Vec<Asked>, DbError> {
        let settings = self.settings.current();
        let stopped = system::switches(tx).await?.into_iter().next();
        let stopped = stopped.map(|switch| switch.name);
        // Rows in id order, so that transactions of several processes cannot dead-lock one another.
        let mut order: Vec<(usize, &Arc<Request>)> = asks.iter().enumerate().collect();
        order.sort_by_key(|(_, request)| request.ask.credential);
        let mut results = vec![Asked::Missing; asks.len()];
        for (index, request) in order {
            let asked = self.one(tx, request, stopped.as_deref(), &settings).await?;
            if let Some(slot) = results.get_mut(index) {
                *slot = asked;
            }
        }
        Ok(results)
    }
}

impl Requests {
    async fn one(
        &self,
        tx: &mut Tx,
        request: &Request,
        stopped: Option<&str>,
        settings: &WorkerSettings,
    ) -> Result<Asked, DbError> {
        let (ask, now) = (&request.ask, self.clock.now());
        for _ in 0..TRIES {
            let Some(record) = grants::read_one(tx, ask.credential).await? else {
                return Ok(Asked::Missing);
            };
            if record.deleted {
                return Ok(Asked::Missing);
            }
            if !record.enabled {
                return Ok(Asked::Disabled);
            }
            if is_fresh(&record.grant, ask, settings.coalesce, now)
                || too_soon(tx, &record.grant, request.at_most_every, now).await?
            {
                return Ok(Asked::Fresh);
            }
            let ctx = Context {
                now,
                enabled: true,
                policy: &settings.policy,
                jitter: 0.0,
            };
            let attempt = AttemptId::generate();
            let mut grant = record.grant.clone();
            // The region of an egress can change without our knowing: an administrator may try again.
            if ask.cause == Cause::Admin && grant.state == State::Held(HeldReason::Region) {
                grant = grant.release(&ctx).unwrap_or(grant);
            }
            match grant.request(attempt, &ctx) {
                Ok(queued) => {
                    if let Some(switch) = stopped {
                        return Ok(Asked::Stopped {
                            switch: switch.to_owned(),
                        });
                    }
                    if grants::compare_and_set(
                        tx,
                        &record.grant.guard(),
                        &queued,
                        TokenWrite::default(),
                    )
                    .await?
                    {
                        let new = new_attempt(attempt, ask, &record, settings, now);
                        attempts::insert(tx, &new).await?;
                        return Ok(Asked::Queued { attempt });
                    }
                }
                Err(Refusal::Join(attempt)) => {
                    let push =
                        ask.lane == Lane::Interactive && attempts::promote(tx, attempt).await?;
                    return Ok(Asked::Joined { attempt, push });
                }
                Err(Refusal::Dead) => return Ok(Asked::Dead),
                Err(Refusal::Held(reason)) => return Ok(Asked::Held(reason)),
                Err(Refusal::InDoubt) => return Ok(Asked::InDoubt),
            }
        }
        Err(DbError::Schema(
            "a grant kept changing while a refresh was requested".into(),
        ))
    }
}

/// Two clients that ask within seconds get one rotation.
fn is_fresh(grant: &Grant, ask: &Ask, coalesce: Duration, now: Millis) -> bool {
    ask.cause != Cause::Schedule
        && grant.has_usable_access_token(now)
        // One that was given up or revoked since is to be told, however new its tokens are.
        && grant.state == State::Idle
        && grant
            .refreshed_at
            .is_some_and(|at| now.since(at) < coalesce)
}

fn new_attempt(
    id: AttemptId,
    ask: &Ask,
    record: &GrantRecord,
    settings: &WorkerSettings,
    now: Millis,
) -> NewAttempt {
    NewAttempt {
        id,
        credential: ask.credential,
        lane: ask.lane,
        cause: ask.cause,
        probe: record.grant.doubt.is_some(),
        egress: settings.egress_key(&record.egress).to_string(),
        rt_fp: record.grant.rt_fp.clone(),
        request_id: ask.request_id.clone(),
        requested_at: now,
    }
}

/// Whether the last attempt, however it ended, was asked for less than this ago. An open one is no next one: it is joined.
async fn too_soon(
    tx: &mut Tx,
    grant: &Grant,
    at_most_every: Option<Duration>,
    now: Millis,
) -> Result<bool, DbError> {
    let Some(distance) = at_most_every.filter(|_| grant.state.attempt().is_none()) else {
        return Ok(false);
    };
    let last = attempts::history(tx, grant.credential, None, 1).await?;
    let last = last.first().map(|last| last.requested_at);
    Ok(last.is_some_and(|last| now.since(last) < distance))
}
