//! The running system, end to end, on MySQL and Redis: two API replicas and three workers as real processes, the stand-in
//! upstream over HTTP. What `embedded.rs` tests has no counterpart here; what needs Redis to fail is in `redis.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a broken expectation must stop the test"
)]

mod e2e;

use rt_manage_tests::support::{Backend, SystemBuilder};

fn system(token_url: &str) -> SystemBuilder {
    SystemBuilder::new(Backend::MySql, token_url).split(2, 3)
}
