//! The newest events of a process.

use std::{collections::VecDeque, sync::Arc};

use super::Numbered;

/// Events that are kept for listeners that come back: a minute at some thirty refreshes a second.
const KEPT: usize = 2048;

/// The newest events, numbered without gaps.
#[derive(Debug, Default)]
pub(super) struct Ring {
    events: VecDeque<Arc<Numbered>>,
    /// The number of the newest one, those included that nobody was told.
    newest: u64,
}

impl Ring {
    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) const fn next_number(&self) -> u64 {
        self.newest + 1
    }

    pub(super) fn push(&mut self, event: Arc<Numbered>) {
        self.newest = event.number;
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// What came after the event of this number; `None`: some of it is not there any more, or there was no such event.
    pub(super) fn after(&self, number: u64) -> Option<Vec<Arc<Numbered>>> {
        let missed = usize::try_from(self.newest.checked_sub(number)?).ok()?;
        let first = self.events.len().checked_sub(missed)?;
        Some(self.events.range(first..).cloned().collect())
    }

    /// Something happens that nobody is told of: whoever comes back has missed it.
    pub(super) fn forget(&mut self) {
        self.newest += 1;
        self.events.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Happening;

    fn push(ring: &mut Ring) {
        let number = ring.next_number();
        let what = Happening::Reset { because: "test" };
        ring.push(Arc::new(Numbered { number, what }));
    }

    fn after(ring: &Ring, number: u64) -> Option<Vec<u64>> {
        let missed = ring.after(number)?;
        Some(missed.iter().map(|one| one.number).collect())
    }

    #[test]
    fn what_was_missed_is_found_or_known_to_be_gone() {
        let mut ring = Ring::default();
        assert_eq!(after(&ring, 0), Some(vec![]));
        assert_eq!(after(&ring, 1), None, "it has not happened");
        for _ in 0..3 {
            push(&mut ring);
        }
        assert_eq!(after(&ring, 0), Some(vec![1, 2, 3]));
        assert_eq!(after(&ring, 2), Some(vec![3]));
        ring.forget();
        assert_eq!(after(&ring, 3), None);
        assert_eq!(after(&ring, 4), Some(vec![]));
        push(&mut ring);
        assert_eq!((after(&ring, 4), after(&ring, 3)), (Some(vec![5]), None));
        for _ in 0..KEPT {
            push(&mut ring);
        }
        assert_eq!(after(&ring, 4), None);
        assert_eq!(after(&ring, 5).unwrap().len(), KEPT);
    }
}
