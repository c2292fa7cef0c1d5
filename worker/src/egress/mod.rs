//! How a call leaves the house: one HTTP client per egress, one call per request, a circuit breaker per
//! egress. Nothing in here retries, follows a redirect, or takes another way than the one it was told.

mod breaker;
mod breakers;
mod call;
mod client;
mod diagnosis;
mod gate;
mod reach;
mod resolver;

pub use breaker::{Breaker, BreakerSettings, BreakerStatus, Pass, Verdict};
pub use breakers::{Breakers, Ticket};
pub use call::{MAX_ANSWER_BYTES, call};
pub use client::{ClientOptions, Clients, EgressClient, install_crypto_provider};
pub use reach::{Unreachable, reach};

#[cfg(test)]
mod breaker_tests;
#[cfg(test)]
mod call_tests;
#[cfg(test)]
mod proxy_tests;
#[cfg(test)]
mod test_server;
