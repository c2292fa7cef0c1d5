//! The API server: public and admin HTTP, the scheduler, and in embedded mode the refresh worker.
//!
//! Handlers are thin and live in `routes`, one file for each resource; use cases (`credentials`, `refresh`,
//! `import`) know no HTTP; SQL is in `rt-manage-shared`.

pub mod audit;
pub mod auth;
pub mod cli;
pub mod console;
pub mod credentials;
pub mod error;
pub mod events;
pub mod export;
pub mod import;
pub mod jobs;
pub mod keys;
pub mod live;
pub mod migration;
pub mod named;
pub mod refresh;
pub mod routes;
pub mod scheduler;
pub mod settings;
pub mod sheet;
pub mod state;
pub mod stats;
pub mod status;
pub mod system;
pub mod users;
