//! The audit is audited: with a deliberate fault of ours switched on, the campaign that meets it must fail, and say why.

use rt_manage_shared::hooks::Sabotage;
use rt_manage_tests::{
    chaos::{self, Plan, Report, Schedule},
    support::Backend,
};

async fn sabotaged(schedule: Schedule, backend: Backend, sabotage: Sabotage) -> Report {
    let plan = Plan::new(schedule, backend).short().sabotaged(sabotage);
    let report = chaos::run(plan).await;
    assert!(
        !report.verdict.is_clean(),
        "{sabotage:?} was not noticed\n{report}\n"
    );
    report
}

/// What the audit says about accounts and calls.
fn complaints(report: &Report) -> String {
    let unexplained = report.verdict.unexplained();
    let unexplained = unexplained.iter().map(|(key, why)| format!("{key}: {why}"));
    let all: Vec<_> = unexplained
        .chain(report.verdict.violations.iter().cloned())
        .collect();
    all.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_skipped_is_noticed() {
    let report = sabotaged(Schedule::R1, Backend::Sqlite, Sabotage::CommitSkipped).await;
    assert!(
        complaints(&report)
            .contains("a journal calls the answer done that the database does not have")
    );
    assert!(report.lost_unexplained() > 10, "\n{report}\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_looked_into_before_it_is_on_disk_is_noticed() {
    // The database is away while answers wait to be committed, and their workers are killed: only a journal can save them.
    let report = sabotaged(
        Schedule::Outage,
        Backend::Postgres,
        Sabotage::AnswerNotSynced,
    )
    .await;
    assert!(
        complaints(&report).contains("had told that attempt"),
        "\n{report}\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_without_a_fence_is_noticed() {
    let report = sabotaged(Schedule::R7, Backend::MySql, Sabotage::ClaimWithoutFence).await;
    assert!(
        complaints(&report).contains("calls at once with one token"),
        "\n{report}\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orphan_that_is_dropped_is_noticed() {
    let report = sabotaged(Schedule::R7, Backend::Sqlite, Sabotage::OrphanDropped).await;
    assert!(
        complaints(&report).contains("a journal calls the answer done"),
        "\n{report}\n"
    );
}
