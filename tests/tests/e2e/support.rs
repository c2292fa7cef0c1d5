//! What several modules of these tests share.

use rt_manage_shared::db::Db;
use rt_manage_tests::support::{Exit, Part, System, SystemBuilder};

/// The system's database, opened beside it.
pub(crate) async fn database(builder: &SystemBuilder) -> Db {
    builder.database().await
}

/// What goes on after the death of `victim`, with the workers awake that had to leave the job to it: an embedded system is
/// started again, of several processes the others carry on.
#[allow(dead_code, reason = "not every test program kills")]
pub(crate) async fn after_death(
    builder: &SystemBuilder,
    mut system: System,
    victim: Part,
    frozen: Vec<Part>,
) -> System {
    assert_eq!(
        system.part_ended(victim).await,
        Exit::Signal(9),
        "{victim} was reached"
    );
    for part in frozen {
        system.wake(part);
    }
    if system.apis().is_empty() {
        builder.start().await
    } else {
        system
    }
}
