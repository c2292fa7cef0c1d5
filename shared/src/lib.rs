//! The part of rt-manage that the API server and the refresh workers have in common: configuration,
//! model, storage, queue, and the upstream's protocol. It knows no HTTP server.
//!
//! Dependencies point one way: `model` ← `db` ← use cases in `worker` and `api`. `model` does no I/O.

pub mod bootstrap;
pub mod clock;
pub mod config;
pub mod db;
pub mod deadlines;
pub mod hooks;
pub mod id;
pub mod key_file;
pub mod lifecycle;
pub mod model;
pub mod notify;
pub mod openai;
pub mod peer;
pub mod process;
pub mod queue;
pub mod readiness;
pub mod telemetry;
pub mod vault;
