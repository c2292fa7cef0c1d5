//! When a consumer looks for jobs: at once when somebody says that there are some, and now and then anyway.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy};
use futures::{FutureExt as _, task::AtomicWaker};
use tokio::time::{Instant, Sleep};

/// Looks after a ring: a look that was under way when the job came may have missed it, so there is a second one
/// after a round trip and a third for slow networks.
const AFTER_RING: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(20)];
/// Looks without any ring. Announcements can be lost; an idle look costs Redis about 20 µs.
const ANYWAY: Duration = Duration::from_secs(1);

/// Rung by whoever hears of new jobs; cheap to clone. A ring is never lost, and several are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Bell(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rung: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    pub(super) fn ring(&self) {
        self.0.rung.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    fn heard(&self, cx: &Context<'_>) -> bool {
        self.0.waker.register(cx.waker());
        self.0.rung.swap(false, Ordering::AcqRel)
    }
}

/// The strategy of one consumer. The built-in ones lose wake-ups: the interval's when a round trip outlasts it,
/// that of a stream when a look is under way.
#[derive(Debug)]
pub struct Wake {
    bell: Bell,
    next: Pin<Box<Sleep>>,
    /// Looks since the last ring.
    looks: usize,
}

impl Wake {
    pub(super) fn new(bell: Bell) -> Self {
        Self {
            bell,
            next: Box::pin(tokio::time::sleep(ANYWAY)),
            looks: AFTER_RING.len(),
        }
    }

    fn arm(&mut self) {
        let pause = AFTER_RING.get(self.looks).copied().unwrap_or(ANYWAY);
        self.next.as_mut().reset(Instant::now() + pause);
    }
}

impl PollStrategy for Wake {
    /// The caller looks after each call, whatever it returns; what counts is that it is called again in time.
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let rung = self.bell.heard(cx);
        if rung {
            self.looks = 0;
            self.arm();
        }
        let mut due = rung;
        while self.next.poll_unpin(cx).is_ready() {
            self.looks = self.looks.saturating_add(1);
            self.arm();
            due = true;
        }
        if due {
            Poll::Ready(Some(()))
        } else {
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn looked(wake: &mut Wake) -> Duration {
        let begun = Instant::now();
        poll_fn(|cx| wake.poll_drive(cx, &PollSnapshot::default())).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn looks_now_and_then_without_a_ring() {
        let mut wake = Wake::new(Bell::default());
        for _ in 0..3 {
            assert_eq!(looked(&mut wake).await, ANYWAY);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_ring_wakes_at_once_and_is_followed_by_two_more_looks() {
        let bell = Bell::default();
        let mut wake = Wake::new(bell.clone());
        let sleeper = tokio::spawn(async move {
            let first = looked(&mut wake).await;
            (
                first,
                [
                    looked(&mut wake).await,
                    looked(&mut wake).await,
                    looked(&mut wake).await,
                ],
            )
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        bell.ring();
        bell.ring();
        let (first, more) = sleeper.await.expect("no panic");
        assert_eq!(first, Duration::from_millis(300));
        assert_eq!(more, [AFTER_RING[0], AFTER_RING[1], ANYWAY]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_ring_before_anybody_listens_is_heard() {
        let bell = Bell::default();
        bell.ring();
        let mut wake = Wake::new(bell);
        assert_eq!(looked(&mut wake).await, Duration::ZERO);
    }
}
