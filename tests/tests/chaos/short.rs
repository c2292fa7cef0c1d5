//! Each schedule once, on one of the three databases: together they cover all of them.

use rt_manage_tests::{
    chaos::{self, Plan, Report, Schedule},
    support::Backend,
};

async fn held(schedule: Schedule, backend: Backend) -> Report {
    let report = chaos::run(Plan::new(schedule, backend).short()).await;
    assert!(report.is_good(), "\n{report}\n");
    report
}

/// A campaign in which nothing happened proves nothing.
fn something_happened(report: &Report, refreshed: usize, faults: usize, kind: &str) {
    assert!(report.refreshed >= refreshed, "\n{report}\n");
    assert!(report.faults_of(kind) >= faults, "\n{report}\n");
}

macro_rules! campaigns {
    ($($name:ident: $schedule:ident on $backend:ident, at least $refreshed:literal refreshes, $faults:literal of $kind:literal;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let report = held(Schedule::$schedule, Backend::$backend).await;
            something_happened(&report, $refreshed, $faults, $kind);
        }
    )+};
}

campaigns! {
    r1_workers_are_restarted: R1 on MySql, at least 100 refreshes, 3 of "SIGTERM";
    r2_workers_are_killed: R2 on Postgres, at least 50 refreshes, 4 of "kill -9";
    r2_workers_are_killed_on_sqlite: R2 on Sqlite, at least 50 refreshes, 4 of "kill -9";
    r3_workers_are_killed_and_doubts_probed: R3 on MySql, at least 100 refreshes, 4 of "kill -9";
    r5_the_mysql_server_is_stopped: R5 on MySql, at least 80 refreshes, 1 of "database";
    r5_the_postgres_server_is_stopped: R5 on Postgres, at least 80 refreshes, 1 of "database";
    r5_workers_are_killed_while_the_database_is_away: Outage on MySql, at least 80 refreshes, 3 of "kill -9";
    r6_redis_is_emptied_and_stopped: R6 on Sqlite, at least 100 refreshes, 3 of "FLUSHALL";
    r7_races_freezes_and_replaced_tokens: R7 on Postgres, at least 30 refreshes, 16 of "SIGSTOP";
    r8_the_upstream_refuses: R8 on Sqlite, at least 110 refreshes, 1 of "429";
    r9_the_dead_stay_dead: R9 on MySql, at least 30 refreshes, 4 of "kill -9";
    r11_the_database_is_older_than_the_journals: R11 on MySql, at least 100 refreshes, 1 of "database restored";
    r14_sigterm_under_load: R14 on Postgres, at least 50 refreshes, 4 of "SIGTERM";
    r15_disks_are_full: R15 on Sqlite, at least 200 refreshes, 2 of "";
    r16_five_minutes_of_steady_load: R16 on Sqlite, at least 500 refreshes, 0 of "";
    mixed_faults: Mixed on Postgres, at least 50 refreshes, 3 of "";
}
