//! What can happen to a system of several processes and to its Redis: faults, kills, freezes. The database is SQLite; what
//! depends on the database is in `redis_sqlite.rs`, `redis_mysql.rs` and `redis_postgres.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a broken expectation must stop the test"
)]

#[path = "e2e/redis_faults.rs"]
mod redis_faults;
#[path = "e2e/redis_leader.rs"]
mod redis_leader;
#[path = "e2e/redis_load.rs"]
mod redis_load;
#[path = "e2e/redis_poison.rs"]
mod redis_poison;
#[path = "e2e/redis_start.rs"]
mod redis_start;
#[path = "e2e/redis_support.rs"]
mod redis_support;
#[path = "e2e/redis_workers.rs"]
mod redis_workers;
#[path = "e2e/support.rs"]
mod support;

use rt_manage_tests::support::{Backend, SystemBuilder};

/// Not split yet: over which Redis is each test's own affair.
fn system(token_url: &str) -> SystemBuilder {
    SystemBuilder::new(Backend::Sqlite, token_url)
}
