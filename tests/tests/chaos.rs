//! Fault campaigns in their short form: real processes, real databases, real Redis, real kills. The full ones are run by hand
//! with `scripts/chaos`; their figures are in docs/reliability.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken expectation must stop the test"
)]

#[path = "chaos/sabotage.rs"]
mod sabotage;
#[path = "chaos/short.rs"]
mod short;
