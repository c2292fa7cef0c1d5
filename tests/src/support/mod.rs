//! What tests of the running system share: real processes in a scratch folder, and a client that speaks to them.

mod backend;
mod backup;
mod builder;
mod client;
mod deployment;
mod forwarder;
mod listener;
mod metrics;
mod private_database;
mod process;
mod redis;
mod system;
mod wait;

pub use backend::Backend;
pub use backup::{back_up, restore};
pub use builder::SystemBuilder;
pub use client::{Admin, Answer, NewCredential, Public};
pub use deployment::{Deployment, Part};
pub use forwarder::Forwarder;
pub use listener::{Listener, SentEvent};
pub use private_database::PrivateDatabase;
pub use process::Exit;
pub use redis::{PrivateRedis, RedisTap, free_port};
pub use system::System;
pub use wait::{until, until_some};

/// Installs the TLS provider that HTTP clients of this process need; later calls change nothing.
pub fn install_crypto_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
