//! The stand-in upstream: a strict fake of OpenAI's token endpoint.
//!
//! Refresh tokens are spent by one use, every token and call is kept in a ledger, and faults happen on demand, exact to
//! the byte. It can be steered through [`StandIn`] or over HTTP under `/_standin/`:
//!
//! | route | does |
//! |---|---|
//! | `POST accounts` | makes accounts ([`AccountSpec`] → list of [`Account`]) |
//! | `POST accounts/end` | `{account, status?, code?, access_tokens_too?}`: ends a session |
//! | `GET ledger[?account=]` | [`AccountLedger`], one or all |
//! | `GET calls[?account=&after=]` | list of [`CallRecord`] |
//! | `GET calls/wait?finished=[&timeout_ms=]` | returns when so many calls have finished; 504 if they do not |
//! | `GET stats` | [`Stats`] |
//! | `POST audit` | `[{key, refresh_token}]` → [`Audit`] |
//! | `POST introspect` | `{access_token}` → `{live}` |
//! | `GET`, `PATCH defaults` | [`Defaults`] |
//! | `GET`, `POST faults`, `DELETE faults[?id=]` | [`ActiveFault`], [`Fault`] → `{id}` |
//! | `POST faults/connect` | [`ConnectFault`] |
//! | `POST gates` | [`GateSpec`] → `{id}` |
//! | `GET gates/wait?id=[&calls=&timeout_ms=]` | returns when so many calls have come to the gate |
//! | `POST gates/release?id=[&calls=]` | lets some go, or all and for good |
//! | `POST connections/drop` | ends all connections |
//! | `POST reset` | forgets everything |
//!
//! [`proxy`] has stand-ins for the proxies between.

mod accounts;
mod answer;
mod audit;
mod background;
mod calls;
mod clock;
mod control;
mod fault;
mod gate;
mod handle;
mod http;
mod jwt;
mod ledger;
pub mod proxy;
mod request;
mod rotation;
mod rules;
mod server;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use clock::wall_ms;

pub use accounts::{Account, AccountError, AccountSpec};
pub use audit::{Audit, EndedAccount, Lost};
pub use fault::{
    Alteration, Answer, BodyEnd, ConnectFault, Delivery, ErrorAnswer, ErrorShape, Fault,
    RetryAfter, TokenField,
};
pub use gate::{Gate, GatePoint, GateSpec, WaitTimeout};
pub use handle::{StandIn, StartError};
pub use ledger::{
    AccountLedger, BodyFormat, CallRecord, Ended, Stats, TokenEntry, Written, fingerprint,
};
pub use rules::ActiveFault;
pub use settings::{CODEX_CLIENT_ID, ClientMismatch, Defaults, Observer, Options};
