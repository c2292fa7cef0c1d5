//! The running system, end to end, on PostgreSQL: real processes, a real database, the stand-in upstream over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a broken expectation must stop the test"
)]

mod e2e;
#[path = "e2e/embedded.rs"]
mod embedded;

use rt_manage_tests::support::{Backend, SystemBuilder};

fn system(token_url: &str) -> SystemBuilder {
    SystemBuilder::new(Backend::Postgres, token_url)
}
