//! The control routes under `/_standin/`, for the demo and for tests that run the stand-in as a process.

use std::{str::FromStr, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    accounts::{AccountError, AccountSpec},
    answer::REDIRECTED,
    fault::{ConnectFault, Fault},
    gate::{GateSpec, WaitTimeout, wait_for},
    http::{Request, Response},
    server::Shared,
    settings::Defaults,
    state::State,
};

/// Why a control request failed.
#[derive(Debug, thiserror::Error)]
enum ControlError {
    #[error("{0}")]
    Body(#[from] serde_json::Error),
    #[error("{0}")]
    Account(#[from] AccountError),
    #[error("parameter {0} is missing or not a number")]
    Parameter(&'static str),
    #[error("there is no {0} with that number")]
    Number(&'static str),
    #[error("there is no such route")]
    Route,
    #[error("{0}")]
    Timeout(#[from] WaitTimeout),
}

impl ControlError {
    fn status(&self) -> u16 {
        match self {
            Self::Body(_) | Self::Parameter(_) | Self::Account(_) => 400,
            Self::Number(_) | Self::Route => 404,
            Self::Timeout(_) => 504,
        }
    }
}

#[derive(Deserialize)]
struct Stored {
    key: String,
    refresh_token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndSession {
    account: String,
    #[serde(default = "unauthorized")]
    status: u16,
    #[serde(default = "terminated")]
    code: String,
    #[serde(default)]
    access_tokens_too: bool,
}

fn unauthorized() -> u16 {
    401
}

fn terminated() -> String {
    "app_session_terminated".to_owned()
}

pub(super) async fn answer(shared: &Shared, request: &Request) -> Response {
    match route(shared, request).await {
        Ok(response) => response,
        Err(error) => Response::json(error.status(), &json!({"error": error.to_string()})),
    }
}

async fn route(shared: &Shared, request: &Request) -> Result<Response, ControlError> {
    let path = request.path();
    if path == REDIRECTED {
        shared.state().totals.redirects_followed += 1;
        return Ok(ok());
    }
    let name = path.strip_prefix("/_standin/").unwrap_or_default();
    match (request.method.as_str(), name) {
        ("GET", "gates/wait") => return wait_at_gate(shared, request).await,
        ("GET", "calls/wait") => return wait_for_calls(shared, request).await,
        ("POST", "gates") => {
            let (id, _) = shared.gates.add(body::<GateSpec>(request)?);
            return Ok(show(&json!({"id": id})));
        }
        ("POST", "gates/release") => {
            let calls = optional(request, "calls")?;
            if !shared.gates.release(number(request, "id")?, calls) {
                return Err(ControlError::Number("gate"));
            }
        }
        ("POST", "connections/drop") => shared.drop_connections(),
        ("POST", "reset") => shared.reset(),
        ("GET", name) => return read(&shared.state(), request, name),
        (method, name) => return change(&mut shared.state(), request, method, name),
    }
    Ok(ok())
}

fn read(state: &State, request: &Request, name: &str) -> Result<Response, ControlError> {
    let account = request.query("account");
    Ok(match (name, account) {
        ("ledger", Some(key)) => {
            let at = state.by_key.get(&key).copied();
            show(&state.account_ledger(at.ok_or(AccountError::Unknown(key))?))
        }
        ("ledger", None) => {
            let all: Vec<_> = (0..state.accounts.len())
                .map(|at| state.account_ledger(at))
                .collect();
            show(&all)
        }
        ("calls", account) => {
            let after = optional(request, "after")?.unwrap_or(0);
            show(&state.call_records(account.as_deref(), after))
        }
        ("stats", _) => show(&state.stats()),
        ("defaults", _) => show(&state.defaults),
        ("faults", _) => show(&state.rules.list()),
        _ => return Err(ControlError::Route),
    })
}

fn change(
    state: &mut State,
    request: &Request,
    method: &str,
    name: &str,
) -> Result<Response, ControlError> {
    Ok(match (method, name) {
        ("POST", "accounts") => show(&state.create_accounts(&body::<AccountSpec>(request)?)?),
        ("POST", "accounts/end") => {
            let end: EndSession = body(request)?;
            state.end_session(&end.account, end.status, &end.code, end.access_tokens_too)?;
            ok()
        }
        ("POST", "audit") => {
            let stored: Vec<Stored> = body(request)?;
            show(&state.audit(stored.iter().map(|row| (&row.key, &row.refresh_token))))
        }
        ("POST", "introspect") => {
            let token: Value = body(request)?;
            let token = token["access_token"].as_str().unwrap_or_default();
            show(&json!({"live": state.access_token_is_live(token)}))
        }
        ("PATCH", "defaults") => {
            state.defaults = merged(&state.defaults, body(request)?)?;
            show(&state.defaults)
        }
        ("POST", "faults") => {
            let id = state.rules.add(body::<Fault>(request)?);
            show(&json!({"id": id}))
        }
        ("POST", "faults/connect") => {
            state.rules.set_connect(body::<ConnectFault>(request)?);
            ok()
        }
        ("DELETE", "faults") => {
            match optional(request, "id")? {
                None => state.rules.clear(),
                Some(id) if state.rules.remove(id) => {}
                Some(_) => return Err(ControlError::Number("fault")),
            }
            ok()
        }
        _ => return Err(ControlError::Route),
    })
}

async fn wait_at_gate(shared: &Shared, request: &Request) -> Result<Response, ControlError> {
    let arrivals = shared
        .gates
        .arrivals(number(request, "id")?)
        .ok_or(ControlError::Number("gate"))?;
    let calls = optional(request, "calls")?.unwrap_or(1);
    wait_for(arrivals, calls, limit(request)?).await?;
    Ok(ok())
}

async fn wait_for_calls(shared: &Shared, request: &Request) -> Result<Response, ControlError> {
    let finished = shared.finished.subscribe();
    wait_for(finished, number(request, "finished")?, limit(request)?).await?;
    Ok(ok())
}

fn limit(request: &Request) -> Result<Duration, ControlError> {
    let ms = optional(request, "timeout_ms")?.unwrap_or(30_000);
    Ok(Duration::from_millis(ms))
}

fn number(request: &Request, name: &'static str) -> Result<u64, ControlError> {
    optional(request, name)?.ok_or(ControlError::Parameter(name))
}

fn optional<N: FromStr>(request: &Request, name: &'static str) -> Result<Option<N>, ControlError> {
    request
        .query(name)
        .map(|text| text.parse().map_err(|_| ControlError::Parameter(name)))
        .transpose()
}

/// An empty body stands for an object without fields.
fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ControlError> {
    let bytes = match request.body.as_slice() {
        [] => b"{}",
        bytes => bytes,
    };
    Ok(serde_json::from_slice(bytes)?)
}

fn merged(defaults: &Defaults, patch: Value) -> Result<Defaults, ControlError> {
    let mut all = serde_json::to_value(defaults)?;
    if let (Value::Object(all), Value::Object(patch)) = (&mut all, patch) {
        all.extend(patch);
    }
    Ok(serde_json::from_value(all)?)
}

fn show(value: &impl Serialize) -> Response {
    Response::json(200, value)
}

fn ok() -> Response {
    show(&json!({"ok": true}))
}
