//! Claims of lost workers, as a leader sees them that has not their journals.

use std::time::Duration;

use rt_manage_shared::{
    clock::BootInstant,
    db::{attempts, grants, grants::TokenWrite},
    id::{AttemptId, BootId},
    model::{
        attempt::{AttemptState, Cause, Line, OutcomeKind},
        credential::DEFAULT_EGRESS,
        grant::{Context, State},
    },
};

use super::bench::Bench;
use crate::scheduler::abandon::Watch;

impl Bench {
    /// An attempt that a worker elsewhere has claimed.
    async fn claim(&self) -> AttemptId {
        let (grant, attempt) = (self.credential(DEFAULT_EGRESS).await, AttemptId::generate());
        let ctx = Context {
            now: self.now,
            enabled: true,
            policy: &self.scheduler.settings.policy,
            jitter: 0.5,
        };
        let claimed = grant
            .request(attempt, &ctx)
            .unwrap()
            .claim(attempt)
            .unwrap();
        let (db, keep) = (&mut &self.db, TokenWrite::default());
        assert!(
            grants::compare_and_set(db, &grant.guard(), &claimed, keep)
                .await
                .unwrap()
        );
        let new = attempts::NewAttempt {
            id: attempt,
            credential: grant.credential,
            lane: Line::Schedule.lane(),
            cause: Cause::Schedule,
            probe: false,
            egress: "direct".into(),
            rt_fp: grant.rt_fp,
            request_id: None,
            requested_at: self.now,
        };
        attempts::insert(&mut &self.db, &new).await.unwrap();
        let worker = BootId::generate();
        assert!(
            attempts::claimed(&mut &self.db, attempt, worker, self.now)
                .await
                .unwrap()
        );
        attempt
    }
}

#[tokio::test]
async fn without_the_workers_journal_a_lost_claim_is_in_doubt() {
    // No folder of journals at all, one without this worker's, and something else in its place.
    for journals in ["none", "empty", "file"] {
        let mut bench = Bench::new(10).await;
        let path = bench.folder.path().join(journals);
        match journals {
            "empty" => std::fs::create_dir(&path).unwrap(),
            "file" => std::fs::write(&path, "").unwrap(),
            _ => {}
        }
        let id = bench.claim().await;
        bench.scheduler.watch = Watch::new(&path, Duration::ZERO);
        bench.scheduler.settle_abandoned(bench.now).await.unwrap();
        let attempt = &attempts::read(&mut &bench.db, &[id]).await.unwrap()[0];
        assert_eq!(
            (attempt.state, attempt.outcome),
            (AttemptState::Finished, Some(OutcomeKind::Abandoned)),
            "{journals}"
        );
        let record = grants::read_one(&mut &bench.db, attempt.credential)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(record.grant.state, State::InDoubt, "{journals}");
    }
}

#[tokio::test]
async fn whoever_takes_over_or_was_frozen_watches_anew() {
    let bench = Bench::new(10).await;
    bench.claim().await;
    let open = attempts::refreshing(&mut &bench.db, 10).await.unwrap();
    let t0 = BootInstant::now();
    let at = |seconds| t0 + Duration::from_secs(seconds);
    let mut watch = Watch::new(bench.folder.path(), Duration::from_mins(1));
    let mut overdue = |asked, now| watch.overdue(at(asked), at(now), open.clone()).len();
    assert_eq!(overdue(0, 0), 0);
    assert_eq!(overdue(59, 59), 0);
    assert_eq!(overdue(60, 60), 1);
    assert_eq!(overdue(61, 67), 0, "frozen between asking and judging");
    assert_eq!(overdue(126, 126), 0);
    assert_eq!(overdue(127, 127), 1);
    watch.forget();
    let mut overdue = |asked, now| watch.overdue(at(asked), at(now), open.clone()).len();
    assert_eq!(overdue(128, 128), 0);
    assert_eq!(overdue(188, 188), 1);
}
