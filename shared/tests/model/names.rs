//! Small numbers for what has long names in production: a state of the model is cloned, compared and hashed millions
//! of times.

use std::{sync::LazyLock, time::Duration};

use rt_manage_shared::{
    clock::Millis,
    id::{AttemptId, CredentialId},
    model::{
        grant::{Carried, Context, Grant, State},
        known::Known,
        schedule::{DoubtPolicy, SchedulePolicy},
    },
    vault::Fingerprint,
};

/// A refresh token.
pub type Token = u8;
/// An attempt, in the order in which they are requested.
pub type Attempt = u8;

/// More than any bounds allow.
const MOST: u8 = 32;

/// Probes that one doubt may spend: fewer than in production, so that running out of them is explored, too.
pub const MAX_PROBES: u32 = 2;

/// The model has no clock: whatever waits for time may happen at any moment, so that everything is due at once.
const NOW: Millis = Millis(1);

static FINGERPRINTS: LazyLock<Vec<Fingerprint>> = LazyLock::new(|| {
    (0..MOST)
        .map(|token| Fingerprint::from_stored(format!("t{token}")))
        .collect()
});

static ATTEMPTS: LazyLock<Vec<AttemptId>> = LazyLock::new(|| {
    (0..MOST)
        .map(|attempt| format!("{attempt:026}").parse().unwrap())
        .collect()
});

static POLICY: LazyLock<SchedulePolicy> = LazyLock::new(|| SchedulePolicy {
    lead: Duration::ZERO,
    interval: None,
    backoff_base: Duration::ZERO,
    backoff_max: Duration::ZERO,
    doubt: DoubtPolicy::Immediate,
    probe_delays: vec![Duration::ZERO; MAX_PROBES as usize],
});

pub fn fingerprint(token: Token) -> &'static Fingerprint {
    &FINGERPRINTS[usize::from(token)]
}

pub fn token(fingerprint: &Fingerprint) -> Token {
    fingerprint.as_str()[1..].parse().unwrap()
}

pub fn attempt_id(attempt: Attempt) -> AttemptId {
    ATTEMPTS[usize::from(attempt)]
}

pub fn attempt(id: AttemptId) -> Attempt {
    let position = ATTEMPTS.iter().position(|known| *known == id).unwrap();
    u8::try_from(position).unwrap()
}

pub fn context() -> Context<'static> {
    Context {
        now: NOW,
        enabled: true,
        policy: &POLICY,
        jitter: 0.0,
    }
}

/// The credential's grant at the beginning.
pub fn first_grant(token: Token, migrated: bool) -> Grant {
    let credential: CredentialId = format!("{:026}", 1).parse().unwrap();
    let rt_fp = fingerprint(token).clone();
    if migrated {
        let (carried, known) = (Carried::default(), Known::default());
        return Grant::migrated(credential, rt_fp, carried, &known, &context());
    }
    Grant::new(credential, rt_fp, None, &context())
}

/// A grant without what decides only about times: histories that differ by nothing else are the same state.
pub fn timeless(grant: Grant) -> Grant {
    Grant {
        failures: 0,
        last_code: None,
        next_refresh_at: grant
            .next_refresh_at
            .filter(|_| grant.state == State::InDoubt),
        refreshed_at: None,
        at_issued_at: None,
        at_expires_at: None,
        ..grant
    }
}

/// A set of small numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Set(u32);

impl Set {
    pub fn has(self, number: u8) -> bool {
        self.0 & (1 << number) != 0
    }

    pub fn add(&mut self, number: u8) {
        self.0 |= 1 << number;
    }

    pub fn remove(&mut self, number: u8) {
        self.0 &= !(1 << number);
    }

    pub fn add_all(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
