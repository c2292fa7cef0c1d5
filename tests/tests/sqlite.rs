//! The running system, end to end, on SQLite: real processes, a real database, the stand-in upstream over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a broken expectation must stop the test"
)]

#[path = "e2e/canary.rs"]
mod canary;
#[path = "e2e/crash.rs"]
mod crash;
#[path = "e2e/drain.rs"]
mod drain;
#[path = "e2e/egress.rs"]
mod egress;
#[path = "e2e/outage.rs"]
mod outage;
#[path = "e2e/outcomes.rs"]
mod outcomes;
#[path = "e2e/public_api.rs"]
mod public_api;
#[path = "e2e/recovery.rs"]
mod recovery;
#[path = "e2e/scheduling.rs"]
mod scheduling;
#[path = "e2e/single_flight.rs"]
mod single_flight;
#[path = "e2e/support.rs"]
mod support;

use rt_manage_tests::support::{Backend, SystemBuilder};

fn system(token_url: &str) -> SystemBuilder {
    SystemBuilder::new(Backend::Sqlite, token_url)
}
