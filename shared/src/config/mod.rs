//! The configuration: what an operator may set, from the files to one checked [`Config`].
//!
//! Defaults < `config/config.yml` < what the console saved (keys marked `live`) < environment (`RTM_SERVER__PORT`, and `…_FILE` for secrets) <
//! flags. Each section has a file here with its struct, its defaults and where they come from, its
//! checks, and a test of its documented YAML. To add a setting: a field, its default, a `key!` line
//! in the section's table, and a line in `config/config.yml`; environment variable, flag, report
//! and "did you mean" follow from the table, and tests complain if one of the four is missing.
//!
//! Loading stops on anything that cannot work, and lists all of it: an unknown key (a typing error
//! that is ignored is a setting that is silently off), a wrong type, deadlines that contradict one
//! another. A value of the type [`Secret`](crate::vault::Secret) never reaches a message.

mod auth;
mod check;
mod database;
mod deadlines;
mod document;
mod env;
mod error;
mod file;
mod journal;
mod keys;
mod legacy;
mod load;
mod log;
mod openai;
mod queue;
mod refresh;
mod retention;
mod security;
mod server;
mod source;
mod stored;
mod suggest;
mod value;
mod worker;

#[cfg(test)]
mod tests;

pub use auth::{AuthConfig, PLACEHOLDER_API_SECRET, PLACEHOLDER_JWT_SECRET, PLACEHOLDER_PASSWORD};
pub use database::{DatabaseConfig, DatabaseKind, DatabaseTls};
pub use error::{ConfigError, Problem, ProblemKind};
pub use journal::JournalConfig;
pub use keys::{Key, SECTIONS, Section, find, keys};
pub use load::{LoadOptions, Loaded};
pub use log::{LogConfig, LogFormat};
pub use openai::OpenAiConfig;
pub use queue::QueueConfig;
pub use refresh::RefreshConfig;
pub use retention::RetentionConfig;
pub use security::SecurityConfig;
pub use server::{ServerConfig, ServerMode};
pub use source::{ReportLine, Source, Sources};
pub use stored::{Adopted, Ignored, Stored};
pub use value::{MASK, Shape, UNSET};
pub use worker::{MAX_CONCURRENCY, WorkerConfig};

/// The whole configuration of a process, checked.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The API process's HTTP server.
    pub server: ServerConfig,
    /// Where everything is stored.
    pub database: DatabaseConfig,
    /// Who may use the console and the public API.
    pub auth: AuthConfig,
    /// How jobs reach worker processes.
    pub queue: QueueConfig,
    /// The upstream's token endpoint.
    pub openai: OpenAiConfig,
    /// When and how tokens are refreshed.
    pub refresh: RefreshConfig,
    /// The processes that refresh.
    pub worker: WorkerConfig,
    /// Where answers are safe first.
    pub journal: JournalConfig,
    /// How long what has happened is kept.
    pub retention: RetentionConfig,
    /// What is logged, and how.
    pub log: LogConfig,
    /// Keys and monitoring access.
    pub security: SecurityConfig,
}

impl Config {
    /// Reads all layers and checks the result; every problem is in the error, not only the first.
    pub fn load(options: &LoadOptions) -> Result<Loaded, ConfigError> {
        load::load(options)
    }
}
