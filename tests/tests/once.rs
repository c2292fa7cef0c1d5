//! What does not depend on the database: the seed's example, the configuration, the demo.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a broken expectation must stop the test"
)]

#[path = "e2e/configuration.rs"]
mod configuration;
#[path = "e2e/demo.rs"]
mod demo;
#[path = "e2e/documents.rs"]
mod documents;
#[path = "e2e/seed.rs"]
mod seed;

use rt_manage_tests::support::{Backend, SystemBuilder};

fn system(token_url: &str) -> SystemBuilder {
    SystemBuilder::new(Backend::Sqlite, token_url)
}
