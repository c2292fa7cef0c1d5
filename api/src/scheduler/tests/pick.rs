//! The decisions without any I/O.

use std::time::Duration;

use proptest::prelude::*;
use rt_manage_shared::{clock::Millis, id::AttemptId};

use crate::scheduler::pick::{Again, Sweep, shares};

#[test]
fn a_look_begins_where_the_last_one_could_not_get_to() {
    let (first, second) = (AttemptId::generate(), AttemptId::generate());
    let (head, middle) = (Sweep::default(), Sweep { after: Some(first) });
    // The whole line was seen, or all of the room was used from its head.
    assert_eq!(head.next(None, false, None), head);
    assert_eq!(middle.next(None, false, Some(second)), head);
    assert_eq!(head.next(Some(second), true, Some(first)), head);
    assert_eq!(head.next(Some(second), true, None), head);
    // What stands at the head cannot be pushed and fills the look: on behind it.
    assert_eq!(head.next(Some(first), false, None), middle);
    assert_eq!(
        middle.next(None, true, Some(second)),
        Sweep {
            after: Some(second)
        }
    );
    assert_eq!(middle.next(None, true, None), middle);
}

#[test]
fn a_loss_is_told_from_jobs_in_workers_hands() {
    let again = |depth, overdue| Again::new(Millis(0), Duration::from_mins(1), depth, overdue);
    for (depth, overdue, lost) in [
        (0, 0, false),
        (0, 1, true),
        (1, 60, false),
        (500, 500, false),
        (20, 500, true),
        (u32::MAX, u32::MAX, false),
    ] {
        assert_eq!(again(depth, overdue).lost, lost, "{depth} {overdue}");
    }
}

proptest! {
    #[test]
    fn room_is_divided_fairly_and_not_wasted(
        room in 0_usize..50, schedule in 0_usize..50, jobs in 0_usize..50, odd: bool,
    ) {
        let (first, second) = shares(room, schedule, jobs, odd);
        prop_assert_eq!(first + second, room.min(schedule + jobs));
        prop_assert!(first <= schedule && second <= jobs);
        prop_assert!(first >= schedule.min(room / 2) && second >= jobs.min(room / 2));
    }
}
