//! What is due is requested, whatever else waits.

use rt_manage_shared::model::{
    attempt::{Lane, Line},
    credential::DEFAULT_EGRESS,
};

use super::bench::{Bench, PROXY};

#[tokio::test]
async fn a_large_job_does_not_keep_what_is_due_from_being_requested() {
    let mut bench = Bench::new(10).await;
    bench.attempts(Line::Job, DEFAULT_EGRESS, 500).await;
    for _ in 0..4 {
        bench.credential(DEFAULT_EGRESS).await;
    }
    // The one that the job belongs to is due as well.
    bench.scheduler.request_due(bench.now, &[]).await.unwrap();
    assert_eq!(bench.waiting(Line::Schedule).await.len(), 5);
    assert_eq!(
        bench.depth(Lane::Bulk).await,
        0,
        "the dispatcher pushes, so that a queue that is away costs no time"
    );
    bench.dispatch(&[]).await;
    assert_eq!(bench.pushed_now(Line::Schedule).await, 5);
    assert_eq!(bench.pushed_now(Line::Job).await, 5);
}

#[tokio::test]
async fn what_waits_for_an_egress_on_hold_takes_no_room() {
    let mut bench = Bench::new(3).await;
    bench.attempts(Line::Schedule, DEFAULT_EGRESS, 5).await;
    bench.credential(PROXY).await;
    bench.scheduler.request_due(bench.now, &[]).await.unwrap();
    assert_eq!(bench.waiting(Line::Schedule).await.len(), 5, "full");
    let held = [bench.direct_held(60)];
    bench.scheduler.request_due(bench.now, &held).await.unwrap();
    assert_eq!(bench.waiting(Line::Schedule).await.len(), 6);
}
