//! Storage: the executor over the back ends, and one file for each family of tables.
//!
//! To add a table: a migration in each folder of `migrations/`, a module here with plain functions over
//! [`Execute`], and its statements in the contract suite.

mod attempts_history;
mod attempts_many;
mod attempts_open;
mod attempts_waiting;
mod busy;
mod credentials_list;
mod credentials_many;
mod credentials_standing;
mod dialect;
mod error;
mod error_codes;
mod exec;
mod grants_many;
pub mod lock;
mod migrate;
mod names;
mod pool;
mod row;
mod rows;
mod sql;
mod workers;

pub mod attempts;
pub mod audit;
pub mod batch;
pub mod client_ids;
pub mod coordination;
pub mod counts;
pub mod credentials;
pub mod egress_pauses;
pub mod facets;
pub mod grants;
pub mod halt;
pub mod handouts;
pub mod job_items;
pub mod job_parts;
pub mod jobs;
pub mod keys;
pub mod lookup;
pub mod predecessor;
pub mod proxies;
pub mod recovered;
pub mod retention;
pub mod revisions;
pub mod sessions;
pub mod settings;
pub mod snapshots;
pub mod statistics;
pub mod system;
pub mod tokens;
pub mod users;

pub use busy::{MaybeBusy, repeat_while_busy};
pub use dialect::Dialect;
pub use error::DbError;
pub use exec::{Db, Execute, Tx};
pub use migrate::Applied;
pub use pool::{DbOptions, Server, Target};
pub use row::Row;
pub use sql::{Arg, Statement, in_list, sql};
