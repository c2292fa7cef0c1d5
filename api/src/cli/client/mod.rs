//! The one client of all commands: they speak the admin API, over HTTP or inside this process.

mod call;
mod failure;
mod local;
mod remote;
mod target;

use axum::http::{StatusCode, header};
use rt_manage_shared::config::Loaded;
use serde_json::Value;

pub(super) use self::{
    call::{Answer, Call},
    failure::{Exit, Failure},
    local::Missing,
    target::Target,
};
use self::{local::Local, remote::Remote};

/// Carries calls to the routes.
#[derive(Debug)]
enum Transport {
    /// Over HTTP.
    Remote(Remote),
    /// To the routes in this process.
    Local(Box<Local>),
}

/// Calls the admin API.
#[derive(Debug)]
pub(super) struct Client(Transport);

impl Client {
    /// A server's routes.
    pub(super) async fn remote(url: &url::Url, target: &Target) -> Result<Self, Failure> {
        let remote = Remote::open(url, target).await?;
        Ok(Self(Transport::Remote(remote)))
    }

    /// The routes over the configured database.
    pub(super) async fn local(loaded: &Loaded, missing: Missing) -> Result<Self, Failure> {
        let local = Local::open(loaded, missing).await?;
        Ok(Self(Transport::Local(Box::new(local))))
    }

    /// Whether the calls stay in this process: then a server may or may not run beside it.
    pub(super) const fn is_local(&self) -> bool {
        matches!(self.0, Transport::Local(_))
    }

    /// Sends a call. An answer that is no success becomes a failure.
    pub(super) async fn send(&self, call: Call) -> Result<Answer, Failure> {
        let answer = match &self.0 {
            Transport::Remote(remote) => remote.send(call).await,
            Transport::Local(local) => local.send(call).await,
        };
        accepted(answer?).await
    }

    /// The body of the answer to a call.
    pub(super) async fn json(&self, call: Call) -> Result<Value, Failure> {
        self.send(call).await?.json().await
    }

    /// The password, for calls that ask for it again. The command line beside the database is not asked.
    pub(super) fn password(&self) -> &str {
        match &self.0 {
            Transport::Remote(remote) => remote.password().map_or("", |secret| secret.expose()),
            Transport::Local(_) => "",
        }
    }

    /// Whether any process that makes refreshes has lately been seen to live.
    pub(super) async fn somebody_refreshes(&self) -> Result<bool, Failure> {
        let workers = self.json(Call::get(["workers"])).await?;
        let workers = workers.get("items").and_then(Value::as_array);
        let alive = |worker: &Value| worker.get("state").is_some_and(|state| state == "alive");
        Ok(workers.is_some_and(|workers| workers.iter().any(alive)))
    }

    /// Beside the database: works on jobs itself, where no server takes them first.
    pub(super) fn carry_jobs_on(&self) {
        if let Transport::Local(local) = &self.0 {
            local.carry_jobs_on();
        }
    }

    /// Ends what was begun.
    pub(super) async fn close(self) {
        match self.0 {
            Transport::Remote(remote) => remote.close().await,
            Transport::Local(local) => local.close().await,
        }
    }
}

/// The answer, where it is a success.
async fn accepted(answer: Answer) -> Result<Answer, Failure> {
    let status: StatusCode = answer.status;
    if status.is_success() {
        return Ok(answer);
    }
    let retry_after = answer.header(header::RETRY_AFTER).map(str::to_owned);
    let body = answer.bytes().await?;
    Err(Failure::told(status, &body, retry_after.as_deref()))
}

/// A text in an answer; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
