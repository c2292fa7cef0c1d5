//! The send gate: the one place that decides, at the last possible moment, whether a refresh token may leave
//! this process, and that knows afterwards whether it did.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use rt_manage_shared::clock::BootInstant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was handed out.
    Waiting,
    /// The body was handed out then; from here on only an answer tells what became of it.
    Sent(BootInstant),
    /// Nothing was handed out, and nothing will be.
    Closed { late: bool },
}

/// Opens once, until `send_by`, and never after it was closed.
///
/// Closing is what makes "not sent" a fact rather than an observation: an error can be reported while the
/// HTTP layer still holds the body in another task, ready to send it a moment later.
#[derive(Debug)]
pub(super) struct Gate {
    send_by: BootInstant,
    state: Mutex<State>,
}

impl Gate {
    pub(super) fn new(send_by: BootInstant) -> Arc<Self> {
        Arc::new(Self {
            send_by,
            state: Mutex::new(State::Waiting),
        })
    }

    /// Lets the body pass, or closes because it is late.
    fn open(&self) -> bool {
        let mut state = self.state();
        if *state == State::Waiting {
            // `CLOCK_BOOTTIME` also counts the time during which the machine was suspended.
            let now = BootInstant::now();
            *state = if now >= self.send_by {
                State::Closed { late: true }
            } else {
                State::Sent(now)
            };
            matches!(*state, State::Sent(_))
        } else {
            false
        }
    }

    /// Closes, unless the body has passed; whether nothing was sent and nothing will be.
    pub(super) fn close(&self) -> bool {
        let mut state = self.state();
        if *state == State::Waiting {
            *state = State::Closed {
                late: self.send_by.has_passed(),
            };
        }
        matches!(*state, State::Closed { .. })
    }

    /// Whether it is closed because time ran out.
    pub(super) fn was_late(&self) -> bool {
        *self.state() == State::Closed { late: true }
    }

    /// When the body passed.
    pub(super) fn sent_at(&self) -> Option<BootInstant> {
        match *self.state() {
            State::Sent(at) => Some(at),
            State::Waiting | State::Closed { .. } => None,
        }
    }

    /// The last moment at which the body may pass.
    pub(super) fn send_by(&self) -> BootInstant {
        self.send_by
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the gate when the call ends in whatever way, also when its task is dropped.
pub(super) struct CloseOnDrop(pub(super) Arc<Gate>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The body was asked for when the gate was closed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the request was withdrawn before it was sent")]
pub(super) struct Withdrawn;

/// A request body in one piece, behind a gate. Its length is exact, so that `Content-Length` is sent.
pub(super) struct GatedBody {
    bytes: Option<Bytes>,
    gate: Arc<Gate>,
}

impl GatedBody {
    pub(super) fn new(bytes: Bytes, gate: Arc<Gate>) -> Self {
        let bytes = Some(bytes);
        Self { bytes, gate }
    }
}

impl Body for GatedBody {
    type Data = Bytes;
    type Error = Withdrawn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Withdrawn>>> {
        let frame = self.bytes.take().map(|bytes| {
            if self.gate.open() {
                Ok(Frame::data(bytes))
            } else {
                Err(Withdrawn)
            }
        });
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.bytes.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn opens_once_and_only_in_time() {
        let gate = Gate::new(BootInstant::now() + Duration::from_mins(1));
        assert!(gate.open() && !gate.open());
        assert!(!gate.close() && gate.sent_at().is_some());

        let late = Gate::new(BootInstant::now());
        assert!(!late.open() && late.was_late() && late.close());

        let closed = Gate::new(BootInstant::now() + Duration::from_mins(1));
        drop(CloseOnDrop(Arc::clone(&closed)));
        assert!(!closed.open() && !closed.was_late());
    }
}
