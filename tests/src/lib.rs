//! Test support: everything that several kinds of tests share, and the stand-in upstream.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    reason = "test support: a broken expectation must stop the test"
)]

pub mod chaos;
pub mod standin;
pub mod support;
