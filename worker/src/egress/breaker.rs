//! The circuit breaker of one egress: a pure state machine; the caller brings the time.
//!
//! It exists for the credentials, not for the upstream: every call into an outage may put one more of them
//! in doubt. So it opens early, and while it is open single probes find out whether the outage is over.

use std::{collections::VecDeque, time::Duration};

use rt_manage_shared::{clock::BootInstant, model::grant::HeldReason, openai::Outcome};

/// Samples kept at most; far more calls than one egress makes in a window.
const MAX_SAMPLES: usize = 4096;
/// When to ask again while a probe takes longer than the distance between probes.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy)]
pub struct BreakerSettings {
    /// Failures in a row that open it.
    pub consecutive: u32,
    /// Calls in the window below which the share of failures says nothing.
    pub min_calls: usize,
    /// Percentage of failures in the window that opens it.
    pub failure_percent: usize,
    /// The sliding window.
    pub window: Duration,
    /// How long it stays open, and the least distance between two probes.
    pub open_for: Duration,
    /// After this long a probe that never reported is given up.
    pub probe_lost_after: Duration,
}

impl Default for BreakerSettings {
    /// Five in a row, or half of at least 20 calls in 30 s: an outage puts few credentials in doubt, a bad
    /// minute closes nothing. Ten seconds: the upstream sees at most one probe per 10 s and egress. A probe
    /// lasts at most send budget + answer deadline, well under two minutes.
    fn default() -> Self {
        Self {
            consecutive: 5,
            min_calls: 20,
            failure_percent: 50,
            window: Duration::from_secs(30),
            open_for: Duration::from_secs(10),
            probe_lost_after: Duration::from_mins(2),
        }
    }
}

/// What a call says about its egress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The upstream answered sensibly, whatever it meant for the credential.
    Healthy,
    /// Something between here and the token logic failed.
    Failed,
    /// The upstream asked to be left alone this long.
    RetryAfter(Duration),
}

impl Verdict {
    /// The verdict of a call's outcome. A refused region counts as a failure: it holds every credential that
    /// is tried through this egress.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Transient {
                retry_after: Some(wait),
                ..
            } if !wait.is_zero() => Self::RetryAfter(*wait),
            Outcome::Rotated(_) | Outcome::Rejected { .. } => Self::Healthy,
            Outcome::Held { reason, .. } => match reason {
                // No answer says that a migration waits for its confirmation.
                HeldReason::ClientId | HeldReason::Migration => Self::Healthy,
                HeldReason::Region => Self::Failed,
            },
            Outcome::NotSent { .. } | Outcome::Transient { .. } | Outcome::Ambiguous { .. } => {
                Self::Failed
            }
        }
    }
}

/// Whether a call may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Yes. Report it with [`Breaker::record`].
    Go,
    /// Yes, as the probe that decides whether the others may follow. Report it with [`Breaker::record`], or
    /// give it back with [`Breaker::give_back`] if there is nothing to call.
    Probe,
    /// No; ask again then.
    Wait(BootInstant),
}

/// What a breaker is doing, for metrics and the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerStatus {
    /// Calls pass.
    Closed,
    /// Calls wait, at least until then.
    Open(BootInstant),
    /// Calls wait for a probe that is under way.
    Probing,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open { until: BootInstant },
    Probing { since: BootInstant },
}

/// A circuit breaker.
#[derive(Debug, Clone)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    /// Since when the database is known to hold this egress for all workers; `None` while it does not.
    shared: Option<BootInstant>,
    /// The longest `Retry-After` so far; holds in every state.
    hold_until: Option<BootInstant>,
    last_probe: Option<BootInstant>,
    consecutive: u32,
    samples: VecDeque<(BootInstant, bool)>,
    failures: usize,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            state: State::Closed,
            shared: None,
            hold_until: None,
            last_probe: None,
            consecutive: 0,
            samples: VecDeque::new(),
            failures: 0,
        }
    }

    /// Follows what the database said about this egress when it was asked at `read`: held until then (which may have
    /// passed: then one worker tries it), or not held. A hold that this breaker wanted and that is gone again was lifted
    /// by another worker's successful probe.
    pub fn follow(&mut self, read: BootInstant, held_until: Option<BootInstant>) {
        match (held_until, self.state) {
            (Some(until), State::Closed) => {
                self.state = State::Open { until };
                self.shared = Some(read);
                self.forget();
            }
            (Some(held), State::Open { until }) => {
                self.state = State::Open {
                    until: until.max(held),
                };
                // One that is still to be shared may reach further than the one that stands there.
                self.shared = self.shared.map(|_| read);
            }
            (Some(_), State::Probing { .. }) => self.shared = Some(read),
            (None, State::Closed) => {}
            (None, State::Open { .. } | State::Probing { .. }) => {
                if self.shared.is_some_and(|shared| shared < read) {
                    self.close();
                }
            }
        }
    }

    /// Until when all workers shall wait, where the database does not know it yet.
    pub fn to_share(&self, now: BootInstant) -> Option<BootInstant> {
        match self.state {
            State::Open { until } if self.shared.is_none() && until > now => Some(until),
            _ => None,
        }
    }

    /// The database has known since `at` that this egress is held.
    pub const fn note_shared(&mut self, at: BootInstant) {
        self.shared = Some(at);
    }

    /// Asks for one call at `now`.
    pub fn try_pass(&mut self, now: BootInstant) -> Pass {
        match self.status(now) {
            BreakerStatus::Open(until) => return Pass::Wait(until),
            BreakerStatus::Probing => {
                let next = self.last_probe.map(|probe| probe + self.settings.open_for);
                return Pass::Wait(next.filter(|next| *next > now).unwrap_or(now + ASK_AGAIN));
            }
            BreakerStatus::Closed => {}
        }
        if matches!(self.state, State::Closed) {
            return Pass::Go;
        }
        self.state = State::Probing { since: now };
        self.last_probe = Some(now);
        Pass::Probe
    }

    /// Reports a call that `pass` admitted.
    pub fn record(&mut self, now: BootInstant, pass: Pass, verdict: Verdict) {
        if let Verdict::RetryAfter(wait) = verdict {
            self.hold_until = self.hold_until.max(Some(now + wait));
        }
        match (self.state, pass) {
            (State::Probing { .. }, Pass::Probe) => match verdict {
                Verdict::Healthy => self.close(),
                Verdict::Failed | Verdict::RetryAfter(_) => self.open(now),
            },
            // Calls from before it opened: they say nothing about the time since.
            (State::Open { .. } | State::Probing { .. }, _) => {}
            (State::Closed, _) => {
                let failed = verdict != Verdict::Healthy;
                self.sample(now, failed);
                let asked = matches!(verdict, Verdict::RetryAfter(_));
                if asked || (failed && self.has_tripped()) {
                    self.open(now);
                }
            }
        }
    }

    /// Gives a pass back without a call. Another probe may follow at once.
    pub fn give_back(&mut self, now: BootInstant, pass: Pass) {
        if pass == Pass::Probe && matches!(self.state, State::Probing { .. }) {
            self.state = State::Open { until: now };
            self.last_probe = None;
        }
    }

    /// What it is doing at `now`. An open breaker whose time is over shows as closed until its probe starts.
    pub fn status(&self, now: BootInstant) -> BreakerStatus {
        let spaced = self.last_probe.map(|probe| probe + self.settings.open_for);
        let until = match self.state {
            State::Closed => self.hold_until,
            State::Open { until } => Some(until).max(self.hold_until).max(spaced),
            State::Probing { since } if now < since + self.settings.probe_lost_after => {
                return BreakerStatus::Probing;
            }
            State::Probing { .. } => self.hold_until.max(spaced),
        };
        until
            .filter(|until| *until > now)
            .map_or(BreakerStatus::Closed, BreakerStatus::Open)
    }

    /// Whether nothing would be lost by forgetting it but its recent samples.
    pub(super) fn is_forgettable(&self, now: BootInstant) -> bool {
        matches!(self.state, State::Closed) && self.status(now) == BreakerStatus::Closed
    }

    fn open(&mut self, now: BootInstant) {
        self.state = State::Open {
            until: now + self.settings.open_for,
        };
        self.shared = None;
        self.forget();
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.shared = None;
        self.forget();
    }

    fn forget(&mut self) {
        self.consecutive = 0;
        self.failures = 0;
        self.samples.clear();
    }

    fn sample(&mut self, now: BootInstant, failed: bool) {
        self.consecutive = if failed { self.consecutive + 1 } else { 0 };
        self.samples.push_back((now, failed));
        self.failures += usize::from(failed);
        while let Some(&(at, failed)) = self.samples.front() {
            if self.samples.len() <= MAX_SAMPLES && now.since(at) <= self.settings.window {
                break;
            }
            self.samples.pop_front();
            self.failures -= usize::from(failed);
        }
    }

    fn has_tripped(&self) -> bool {
        let calls = self.samples.len();
        let share = self.failures * 100 >= calls * self.settings.failure_percent;
        self.consecutive >= self.settings.consecutive || (calls >= self.settings.min_calls && share)
    }
}
