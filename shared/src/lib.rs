//! The part of rt-manage that the API server and the refresh workers have in common: configuration,
//! model, storage, queue, and the upstream's protocol. It knows no HTTP server.
//!
//! Dependencies point one way: `model` ← `db` ← use cases in `worker` and `api`. `model` does no I/O.

pub mod clock;
pub mod id;
pub mod vault;
