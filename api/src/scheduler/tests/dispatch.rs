//! What is pushed when.

use rt_manage_shared::{
    db::attempts,
    model::{
        attempt::{Lane, Line},
        credential::DEFAULT_EGRESS,
    },
};

use super::bench::{Bench, PROXY};

#[tokio::test]
async fn a_lane_is_filled_up_to_its_measured_depth_oldest_first() {
    let mut bench = Bench::new(10).await;
    let ids = bench.attempts(Line::Schedule, DEFAULT_EGRESS, 15).await;
    bench.dispatch(&[]).await;
    bench.dispatch(&[]).await;
    assert_eq!(bench.depth(Lane::Bulk).await, 10);
    let pushed = bench.waiting(Line::Schedule).await;
    assert!(
        pushed
            .iter()
            .all(|(id, at)| at.is_some() == (*id <= ids[9]))
    );
    bench.drain(Lane::Bulk, 3);
    bench.wait(1);
    bench.dispatch(&[]).await;
    assert_eq!(bench.pushed_now(Line::Schedule).await, 3);
}

#[tokio::test]
async fn scheduled_attempts_that_waited_together_do_not_start_together() {
    let mut bench = Bench::paced(100, 5).await;
    bench.attempts(Line::Schedule, DEFAULT_EGRESS, 30).await;
    bench.attempts(Line::Job, DEFAULT_EGRESS, 30).await;
    bench.attempts(Line::Interactive, DEFAULT_EGRESS, 30).await;
    // Their egress was on hold for long, and works again.
    bench.dispatch(&[bench.direct_held(60)]).await;
    bench.wait(60);
    for round in 0..4 {
        bench.dispatch(&[]).await;
        assert_eq!(bench.pushed_now(Line::Schedule).await, 5, "{round}");
        // The pace is that of the schedule: what somebody has asked for has none.
        let asked = if round == 0 { 30 } else { 0 };
        assert_eq!(bench.pushed_now(Line::Job).await, asked, "{round}");
        assert_eq!(bench.pushed_now(Line::Interactive).await, asked, "{round}");
        bench.wait(1);
    }
    assert_eq!(bench.depth(Lane::Bulk).await, 50);
}

#[tokio::test]
async fn the_schedule_and_jobs_share_the_room_of_the_lane() {
    let mut bench = Bench::new(10).await;
    bench.attempts(Line::Job, DEFAULT_EGRESS, 100).await;
    bench.attempts(Line::Schedule, DEFAULT_EGRESS, 3).await;
    bench.dispatch(&[]).await;
    assert_eq!(bench.pushed_now(Line::Schedule).await, 3, "all that wait");
    assert_eq!(bench.pushed_now(Line::Job).await, 7, "what is left");
    bench.attempts(Line::Schedule, DEFAULT_EGRESS, 100).await;
    // One place at a time: both go on.
    let (mut scheduled, mut jobs) = (0, 0);
    for _ in 0..10 {
        bench.drain(Lane::Bulk, 1);
        bench.wait(1);
        bench.dispatch(&[]).await;
        scheduled += bench.pushed_now(Line::Schedule).await;
        jobs += bench.pushed_now(Line::Job).await;
    }
    assert_eq!((scheduled, jobs), (5, 5));
}

#[tokio::test]
async fn attempts_of_an_egress_on_hold_do_not_stand_in_the_way() {
    let mut bench = Bench::new(10).await;
    // More than one look sees.
    bench.attempts(Line::Job, DEFAULT_EGRESS, 2100).await;
    let behind = bench.attempts(Line::Job, PROXY, 30).await;
    let held = [bench.direct_held(60)];
    for round in 1..=3_usize {
        for _ in 0..2 {
            bench.dispatch(&held).await;
        }
        bench.drain(Lane::Bulk, 10);
        let pushed = bench.waiting(Line::Job).await;
        let pushed: Vec<_> = pushed.iter().filter(|(_, at)| at.is_some()).collect();
        assert_eq!(pushed.len(), round * 10);
        assert_eq!(pushed[0].0, behind[0]);
        bench.wait(1);
    }
    // The hold is over: the oldest come first again.
    let tries = [bench.direct_held(0)];
    bench.wait(1);
    bench.dispatch(&tries).await;
    let rows = bench.waiting(Line::Job).await;
    assert_eq!(rows[0].1, Some(bench.now));
    assert!(
        rows[1].1.is_none(),
        "one finds out whether the egress works"
    );
    bench.wait(1);
    bench.dispatch(&[]).await;
    assert_eq!(bench.waiting(Line::Job).await[9].1, Some(bench.now));
}

#[tokio::test]
async fn a_queue_that_lost_its_jobs_gets_them_again_at_once() {
    let mut bench = Bench::new(1000).await;
    bench.attempts(Line::Schedule, DEFAULT_EGRESS, 200).await;
    bench.attempts(Line::Interactive, DEFAULT_EGRESS, 20).await;
    bench.dispatch(&[]).await;
    bench.drain(Lane::Bulk, 200);
    bench.drain(Lane::Interactive, 20);
    bench.wait(1);
    bench.dispatch(&[]).await;
    assert_eq!(
        bench.pushed_now(Line::Schedule).await,
        0,
        "they may just be being claimed"
    );
    // Some come in meanwhile: it is not empty, but it has not what it should have.
    bench.attempts(Line::Schedule, DEFAULT_EGRESS, 5).await;
    bench.dispatch(&[]).await;
    bench.wait(1);
    bench.dispatch(&[]).await;
    assert_eq!(bench.pushed_now(Line::Schedule).await, 200);
    assert_eq!(bench.pushed_now(Line::Interactive).await, 20);
    assert_eq!(bench.depth(Lane::Interactive).await, 20);
}

#[tokio::test]
async fn silent_jobs_are_pushed_again_interactive_ones_sooner() {
    let mut bench = Bench::new(1000).await;
    bench.attempts(Line::Schedule, DEFAULT_EGRESS, 3).await;
    bench.attempts(Line::Interactive, DEFAULT_EGRESS, 3).await;
    bench.dispatch(&[]).await;
    for (seconds, interactive, bulk) in [(4, 0, 0), (1, 3, 0), (55, 3, 3)] {
        bench.wait(seconds);
        bench.dispatch(&[]).await;
        assert_eq!(bench.pushed_now(Line::Interactive).await, interactive);
        assert_eq!(bench.pushed_now(Line::Schedule).await, bulk);
    }
}

#[tokio::test]
async fn a_promoted_attempt_whose_push_failed_is_pushed_to_the_interactive_lane() {
    let mut bench = Bench::new(1000).await;
    let ids = bench.attempts(Line::Job, DEFAULT_EGRESS, 3).await;
    bench.dispatch(&[]).await;
    assert!(attempts::promote(&mut &bench.db, ids[1]).await.unwrap());
    bench.wait(1);
    bench.dispatch(&[]).await;
    assert_eq!(bench.pushed_now(Line::Interactive).await, 1);
    assert_eq!(bench.depth(Lane::Interactive).await, 1);
}

#[tokio::test]
async fn a_queue_that_refuses_is_told_once_and_everything_is_kept() {
    let mut bench = Bench::new(1000).await;
    bench.attempts(Line::Interactive, DEFAULT_EGRESS, 3).await;
    bench.break_queue();
    for _ in 0..2 {
        bench.dispatch(&[]).await;
        assert!(bench.scheduler.dispatcher.refuses());
        let rows = bench.waiting(Line::Interactive).await;
        assert!(rows.iter().all(|(_, at)| at.is_none()));
        bench.wait(1);
    }
}
