//! What several modules of these tests share.

use rt_manage_shared::{config::DatabaseKind, db::Db};
use rt_manage_tests::support::{Deployment, Exit, Part, System, SystemBuilder};

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

/// The most memory that one of the API processes has taken so far, in MiB.
#[allow(dead_code, reason = "not every test program measures")]
pub(crate) fn highest_memory(system: &System) -> u64 {
    let apis = system.apis();
    let pids = system.pids().into_iter();
    let pids = pids.filter(|(part, _)| apis.contains(part));
    let highest = pids.map(|(part, pid)| {
        let path = format!("/proc/{}/status", pid.as_raw_nonzero());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.unwrap_or_else(|| panic!("{part} tells no memory")) / 1024
    });
    highest.max().unwrap()
}

/// Whether tests of many are run with as many as the program is made for: where one process does everything over `SQLite`. What
/// other deployments add is seen with fewer.
#[allow(dead_code, reason = "not every test program measures")]
pub(crate) fn at_full_size(builder: &SystemBuilder) -> bool {
    builder.deployment() == Deployment::Embedded
        && builder.configuration().database.kind == DatabaseKind::Sqlite
}
