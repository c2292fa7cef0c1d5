//! Asking for a refresh (step 1 of the protocol) and waiting for its outcome.

mod request;
mod waiters;

use std::{sync::Arc, time::Duration};

use rt_manage_shared::{
    clock::Clock,
    db::{Db, DbError, attempts::Attempt, batch::Batcher},
    hooks::{self, Step},
    id::AttemptId,
    notify::Notifier,
    queue::{Producer, RefreshJob},
};
use rt_manage_worker::Live;
use tokio_util::sync::CancellationToken;

pub(crate) use self::request::Requests;
pub use self::request::{Ask, Asked};
use self::{request::Request, waiters::Waiters};

/// Requests refreshes and waits for them; cheap to clone.
#[derive(Debug, Clone)]
pub struct Refresher {
    producer: Producer,
    requests: Batcher<Requests>,
    waiters: Waiters,
}

/// How waiting for an attempt ended.
#[derive(Debug, Clone)]
pub enum Waited {
    /// The attempt has ended.
    Ended(Attempt),
    /// It has not, within the time.
    TimedOut,
}

impl Refresher {
    /// Starts the writer of requests and the watcher of attempts.
    pub fn start(
        db: &Db,
        clock: &Clock,
        notifier: &Notifier,
        settings: &Live,
        producer: Producer,
        stop: CancellationToken,
    ) -> Self {
        let work = Requests::new(clock, settings);
        Self {
            requests: Batcher::start(db.clone(), work),
            waiters: Waiters::start(db.clone(), notifier, stop),
            producer,
        }
    }

    /// Queues an attempt and pushes it, joins the open one, or says why neither is to be.
    pub async fn ask(&self, ask: Ask) -> Result<Asked, DbError> {
        self.request(ask, None).await
    }

    /// Like [`Refresher::ask`], but leaves a credential alone whose last attempt was asked for less than `distance` ago.
    pub async fn ask_at_most_every(&self, distance: Duration, ask: Ask) -> Result<Asked, DbError> {
        self.request(ask, Some(distance)).await
    }

    async fn request(&self, ask: Ask, at_most_every: Option<Duration>) -> Result<Asked, DbError> {
        let lane = ask.lane;
        let credential = ask.credential;
        let asked = self.submit(ask, at_most_every).await?;
        let (attempt, new) = match asked {
            Asked::Queued { attempt } => (attempt, true),
            Asked::Joined {
                attempt,
                push: true,
            } => (attempt, false),
            _ => return Ok(asked),
        };
        let job = RefreshJob {
            credential,
            attempt,
        };
        // When the queue does not take it, the row stands and the dispatcher pushes later.
        if let Err(error) = self.producer.push(lane, &[job]).await {
            tracing::warn!(%attempt, error = %error, "not pushed; the dispatcher will");
            if new {
                return Ok(Asked::NotPushed { attempt });
            }
        }
        Ok(asked)
    }

    /// Like [`Refresher::ask`], but leaves the push to the dispatcher.
    pub async fn queue(&self, ask: Ask) -> Result<Asked, DbError> {
        self.submit(ask, None).await
    }

    async fn submit(&self, ask: Ask, at_most_every: Option<Duration>) -> Result<Asked, DbError> {
        let request = Request { ask, at_most_every };
        let asked = self.requests.submit(Arc::new(request)).await?;
        hooks::step(Step::RequestAfterCommit);
        Ok(asked)
    }

    /// Waits until the attempt has ended, at most `limit`.
    pub async fn wait(&self, attempt: AttemptId, limit: Duration) -> Waited {
        let _waiting = Waiting::new();
        match tokio::time::timeout(limit, self.waiters.wait(attempt)).await {
            Ok(Some(ended)) => Waited::Ended(ended),
            Ok(None) | Err(_) => Waited::TimedOut,
        }
    }
}

/// Counts requests that wait, for as long as it lives.
struct Waiting;

impl Waiting {
    fn new() -> Self {
        metrics::gauge!("rtm_refresh_waiting").increment(1.0);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::gauge!("rtm_refresh_waiting").decrement(1.0);
    }
}
