//! One function for each schedule. A schedule starts its campaign, hurts the system while it works, notes what has to hold,
//! and lets the campaign judge.

mod crashes;
mod disk;
mod load;
mod mixed;
mod outages;
mod races;
mod restore;
mod soak;
mod upstream;

use super::{plan::Plan, plan::Schedule, report::Report};

pub(super) async fn run(plan: Plan) -> Report {
    match plan.schedule {
        Schedule::R1 => crashes::restarts(plan).await,
        Schedule::R2 => crashes::kills(plan).await,
        Schedule::R3 => crashes::kills_with_leeway(plan).await,
        Schedule::R5 => outages::database(plan).await,
        Schedule::Outage => outages::database_and_workers(plan).await,
        Schedule::R6 => outages::redis(plan).await,
        Schedule::R7 => races::races(plan).await,
        Schedule::R8 => upstream::refusals(plan).await,
        Schedule::R9 => upstream::dead(plan).await,
        Schedule::R11 => restore::older_copy(plan).await,
        Schedule::R14 => load::restarts(plan).await,
        Schedule::R15 => disk::full(plan).await,
        Schedule::R16 => soak::soak(plan).await,
        Schedule::Mixed => mixed::everything(plan).await,
    }
}
