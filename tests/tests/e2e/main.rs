//! The running system, end to end: real processes, a real database, the stand-in upstream over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a broken expectation must stop the test"
)]

mod canary;
mod configuration;
mod crash;
mod drain;
mod egress;
mod outcomes;
mod public_api;
mod recovery;
mod scheduling;
mod seed;
mod single_flight;
