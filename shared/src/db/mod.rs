//! Storage: the executor over the back ends, and one file for each family of tables.
//!
//! To add a table: a migration in each folder of `migrations/`, a module here with plain functions over
//! [`Execute`], and its statements in the contract suite.

mod error;
mod exec;
mod migrate;
mod pool;
mod sql;

pub mod admins;
pub mod attempts;
pub mod batch;
pub mod coordination;
pub mod credentials;
pub mod grants;
pub mod system;
pub mod tokens;

pub use error::DbError;
pub use exec::{Db, Execute, Row, Tx};
pub use pool::DbOptions;
pub use sql::{Arg, Statement, in_list, sql};
