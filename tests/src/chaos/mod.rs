//! Fault campaigns: a whole system of real processes does real work while a schedule of faults is carried out on it; in
//! the end an audit holds the upstream's ledger against the database and the journals.
//!
//! | module | subject |
//! |---|---|
//! | [`plan`] | what is run: which schedule, on which database, how large, from which seed |
//! | `campaign` | the system, the upstream, how the work goes on, and the end |
//! | `faults` | what a schedule can do to them |
//! | `schedules` | one function for each schedule |
//! | `facts` | what was done to whom, and what the processes have logged |
//! | `snapshot` | what database, orphans and journals hold |
//! | [`audit`] | the judgement: pure, with tests of its own |
//! | [`report`] | the table |
//!
//! A new schedule is a variant of [`Schedule`], its size in `plan.rs`, and a function in `schedules/`.

pub mod audit;
mod campaign;
mod facts;
mod faults;
pub mod plan;
pub mod report;
mod schedules;
mod snapshot;

pub use plan::{Plan, Scale, Schedule};
pub use report::{Check, Report};

/// Runs a campaign from its start to its report.
pub async fn run(plan: Plan) -> Report {
    schedules::run(plan).await
}
