//! The state machine of a grant. **No other code assigns a state.**
//!
//! ```text
//! idle ──request──► queued ──claim──► refreshing ──rotated──► idle (new RT, AT)
//!   ▲                 │                  ├─ not sent / transient ──► back (idle or in_doubt), back-off
//!   │                 │                  ├─ held ──► held
//!   └─────cancel──────┘                  ├─ rejected ──► dead
//!                                        └─ ambiguous ──► in_doubt ──probe (through queued)──► …
//! ```
//!
//! A transition is a method that takes a grant as read and returns the grant as it shall be; storage then
//! writes it with a compare-and-set on (state, attempt, fingerprint), see [`Guard`]. Doubt is not a state of
//! its own while a probe is under way: [`Grant::doubt`] stays set, and says where a failed probe returns to.

use std::time::Duration;

use crate::{
    clock::Millis,
    id::{AttemptId, CredentialId},
    vault::Fingerprint,
};

use super::{
    attempt::OutcomeKind,
    known::Known,
    schedule::{Jitter, SchedulePolicy},
    text_enum,
};

text_enum! {
    /// The name of a state, as stored and shown.
    StateName {
        /// Nothing under way.
        Idle = "idle",
        /// An attempt waits for a worker.
        Queued = "queued",
        /// A worker has claimed the attempt.
        Refreshing = "refreshing",
        /// A call was sent and its outcome never reached durable storage.
        InDoubt = "in_doubt",
        /// The client id or the egress must change first.
        Held = "held",
        /// The upstream said that this refresh token is unusable.
        Dead = "dead",
    }
}

text_enum! {
    /// What has to change before a held grant can be refreshed.
    HeldReason {
        /// The upstream does not accept our client id for this token.
        ClientId = "client_id",
        /// The upstream does not serve the region of this egress.
        Region = "region",
        /// The program that it was taken over from may still use this refresh token; an operator has to say that it does not.
        Migration = "migration",
    }
}

/// The code of a grant that an operator gave up.
pub const GIVEN_UP: &str = "given_up";

/// The code of a grant whose refresh token an operator has revoked at the upstream.
pub const REVOKED: &str = "revoked_by_operator";

/// A grant's state, with what belongs to that state and to no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing under way.
    Idle,
    /// This attempt waits for a worker.
    Queued(AttemptId),
    /// This attempt is being made.
    Refreshing(AttemptId),
    /// Waits for a probe or for an operator.
    InDoubt,
    /// Waits for a change.
    Held(HeldReason),
    /// Waits for a new refresh token.
    Dead,
}

impl State {
    /// The state's name.
    pub const fn name(self) -> StateName {
        match self {
            Self::Idle => StateName::Idle,
            Self::Queued(_) => StateName::Queued,
            Self::Refreshing(_) => StateName::Refreshing,
            Self::InDoubt => StateName::InDoubt,
            Self::Held(_) => StateName::Held,
            Self::Dead => StateName::Dead,
        }
    }

    /// The open attempt, where there is one.
    pub const fn attempt(self) -> Option<AttemptId> {
        match self {
            Self::Queued(attempt) | Self::Refreshing(attempt) => Some(attempt),
            _ => None,
        }
    }
}

/// An unsettled doubt about the current refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Doubt {
    /// When it arose.
    pub since: Millis,
    /// Probes that were claimed and not given back.
    pub probes: u32,
}

/// The refresh state of one credential, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// Whose it is.
    pub credential: CredentialId,
    /// Where it stands.
    pub state: State,
    /// Fingerprint of the current refresh token.
    pub rt_fp: Fingerprint,
    /// Set as long as it is unknown whether the current refresh token was spent.
    pub doubt: Option<Doubt>,
    /// Failed attempts in a row that left the refresh token intact.
    pub failures: u32,
    /// Code of the last failure, kept until the next success.
    pub last_code: Option<String>,
    /// When the scheduler takes it; `None` where it waits for something else than time.
    pub next_refresh_at: Option<Millis>,
    /// When the current tokens came by a refresh of ours.
    pub refreshed_at: Option<Millis>,
    /// When the access token was received; `None` without one.
    pub at_issued_at: Option<Millis>,
    /// When the access token ends; `None` without one.
    pub at_expires_at: Option<Millis>,
}

/// What a grant must still look like for a write to count. The number of rows that match decides, never an
/// earlier read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The state's name.
    pub state: StateName,
    /// The open attempt: the fence.
    pub attempt: Option<AttemptId>,
    /// The refresh token.
    pub rt_fp: Fingerprint,
}

/// What transitions need besides the grant.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Stored time.
    pub now: Millis,
    /// Whether the credential is enabled: a disabled one is never scheduled.
    pub enabled: bool,
    /// The operator's choices.
    pub policy: &'a SchedulePolicy,
    /// A random number for spreading and back-off.
    pub jitter: Jitter,
}

/// New tokens, as far as the state machine cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTokens {
    /// The successor's fingerprint; `None` where the upstream sent none and the old token stays valid.
    pub rt_fp: Option<Fingerprint>,
    /// End of the new access token; `None` where none came.
    pub at_expires_at: Option<Millis>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// New tokens.
    Rotated(NewTokens),
    /// Nothing was sent.
    NotSent,
    /// Refused for now; the egress may be told to wait.
    Transient {
        /// The upstream's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Something must change first.
    Held(HeldReason),
    /// The refresh token is unusable.
    Rejected,
    /// Sent, and no trustworthy answer.
    Ambiguous,
}

impl Verdict {
    /// The outcome as stored with the attempt.
    pub const fn kind(&self) -> OutcomeKind {
        match self {
            Self::Rotated(_) => OutcomeKind::Rotated,
            Self::NotSent => OutcomeKind::NotSent,
            Self::Transient { .. } => OutcomeKind::Transient,
            Self::Held(_) => OutcomeKind::Held,
            Self::Rejected => OutcomeKind::Rejected,
            Self::Ambiguous => OutcomeKind::Ambiguous,
        }
    }

    /// The new refresh token's fingerprint, where one came.
    pub const fn successor(&self) -> Option<&Fingerprint> {
        match self {
            Self::Rotated(tokens) => tokens.rt_fp.as_ref(),
            _ => None,
        }
    }
}

/// What comes along with a refresh token that is taken over from another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carried {
    /// When that program refreshed it last.
    pub refreshed_at: Option<Millis>,
    /// When the access token that comes with it was issued, and when it ends.
    pub access: Option<(Millis, Millis)>,
}

/// Why a refresh was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An attempt is open: wait for that one.
    Join(AttemptId),
    /// The refresh token is unusable.
    Dead,
    /// Something must change first.
    Held(HeldReason),
    /// In doubt, and no probe is due.
    InDoubt,
}

/// What is known of a worker that vanished with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Its journal, of this kernel boot, provably holds no intent: the call was never begun.
    NoIntent,
    /// Anything else.
    Unknown,
}

impl Evidence {
    /// The outcome of an attempt that is given up on this evidence.
    pub const fn outcome(self) -> OutcomeKind {
        match self {
            Self::NoIntent => OutcomeKind::AbandonedUnsent,
            Self::Unknown => OutcomeKind::Abandoned,
        }
    }
}

/// An event that does not fit the state, so nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the grant has moved on")]
pub struct MovedOn;

/// Why an operator's decision about a doubt was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDecision {
    /// There is no doubt.
    NotInDoubt,
    /// An attempt is open: it may settle the doubt by itself.
    Open(AttemptId),
    /// All probes are spent: one more could end the whole session.
    ProbesSpent,
    /// A disabled credential is not called.
    Disabled,
}

text_enum! {
    /// Why the next probe comes when it comes, or does not come.
    ProbeTime {
        /// Shortly before the access token ends: until then it is served, and nothing is risked.
        BeforeExpiry = "before_expiry",
        /// After a pause: since the doubt arose, since the last probe, or since a probe that was not sent.
        Pause = "pause",
        /// A probe is queued or under way.
        UnderWay = "under_way",
        /// Never by itself: the policy leaves it to an operator.
        Manual = "manual",
        /// Never: all probes are spent.
        ProbesSpent = "probes_spent",
        /// Never, because the credential is disabled.
        Disabled = "disabled",
    }
}

text_enum! {
    /// Why the next refresh comes when it comes, or does not come.
    RefreshTime {
        /// A while before the access token ends.
        BeforeExpiry = "before_expiry",
        /// The interval between refreshes is over then, before the access token nears its end.
        Interval = "interval",
        /// After a pause, because the last attempt failed.
        Backoff = "backoff",
        /// There is no usable access token, and the upstream gave none the last time.
        NoAccessToken = "no_access_token",
        /// It is due, and made as soon as pace and capacity allow.
        Due = "due",
        /// It is a probe, because the last call's outcome is unknown: `doubt` says more.
        Probe = "probe",
        /// It is queued or under way.
        UnderWay = "under_way",
        /// Never by itself: an operator has to decide about the doubt.
        InDoubt = "in_doubt",
        /// Never, before client id or egress change, or an operator confirms a migration: `state_reason` says which.
        Held = "held",
        /// Never, before there is a new refresh token.
        Dead = "dead",
        /// Never, because the credential is disabled.
        Disabled = "disabled",
    }
}

impl Grant {
    /// A new grant for a refresh token that came from outside. Without a usable access token it is due at once.
    pub fn new(
        credential: CredentialId,
        rt_fp: Fingerprint,
        access: Option<Millis>,
        ctx: &Context<'_>,
    ) -> Self {
        let mut grant = Self {
            credential,
            state: State::Idle,
            rt_fp,
            doubt: None,
            failures: 0,
            last_code: None,
            next_refresh_at: None,
            refreshed_at: None,
            at_issued_at: access.map(|_| ctx.now),
            at_expires_at: access,
        };
        grant.schedule(ctx);
        grant
    }

    /// A new grant whose refresh token was in use elsewhere: when it came by a refresh there. Not later than now.
    #[must_use]
    pub fn refreshed_elsewhere(self, at: Option<Millis>, ctx: &Context<'_>) -> Self {
        Self {
            refreshed_at: at.filter(|at| *at <= ctx.now).or(self.refreshed_at),
            ..self
        }
    }

    /// An access token that came along with a refresh token from outside. When the refresh token is tried does not depend on it.
    #[must_use]
    pub fn with_access_token(self, ends: Millis, ctx: &Context<'_>) -> Self {
        Self {
            at_issued_at: Some(ctx.now),
            at_expires_at: Some(ends),
            ..self
        }
    }

    /// Somebody wants the next refresh now, before its time.
    #[must_use]
    pub fn due_at_once(self, ctx: &Context<'_>) -> Self {
        if self.state != State::Idle || !ctx.enabled {
            return self;
        }
        Self {
            next_refresh_at: Some(ctx.now),
            ..self
        }
    }

    /// What a write based on this reading must still find.
    pub fn guard(&self) -> Guard {
        Guard {
            state: self.state.name(),
            attempt: self.state.attempt(),
            rt_fp: self.rt_fp.clone(),
        }
    }

    /// Whether the access token is usable at `now`.
    pub fn has_usable_access_token(&self, now: Millis) -> bool {
        self.at_expires_at.is_some_and(|end| end > now)
    }

    /// Asks for a refresh: idle, or in doubt with a probe due, becomes queued.
    pub fn request(&self, attempt: AttemptId, ctx: &Context<'_>) -> Result<Self, Refusal> {
        match self.state {
            State::Idle => {}
            State::InDoubt if self.next_refresh_at.is_some_and(|due| due <= ctx.now) => {}
            State::InDoubt => return Err(Refusal::InDoubt),
            State::Queued(open) | State::Refreshing(open) => return Err(Refusal::Join(open)),
            State::Held(reason) => return Err(Refusal::Held(reason)),
            State::Dead => return Err(Refusal::Dead),
        }
        Ok(Self {
            state: State::Queued(attempt),
            next_refresh_at: None,
            ..self.clone()
        })
    }

    /// A worker takes the attempt. A probe is spent here: what happens next, it was risked.
    pub fn claim(&self, attempt: AttemptId) -> Result<Self, MovedOn> {
        if self.state != State::Queued(attempt) {
            return Err(MovedOn);
        }
        Ok(Self {
            state: State::Refreshing(attempt),
            doubt: self.doubt.map(|doubt| Doubt {
                probes: doubt.probes.saturating_add(1),
                ..doubt
            }),
            ..self.clone()
        })
    }

    /// The claiming worker reports how its call ended.
    pub fn finish(
        &self,
        attempt: AttemptId,
        spent: &Fingerprint,
        verdict: &Verdict,
        code: Option<&str>,
        ctx: &Context<'_>,
    ) -> Result<Self, MovedOn> {
        if self.state != State::Refreshing(attempt) || self.rt_fp != *spent {
            return Err(MovedOn);
        }
        Ok(match verdict {
            Verdict::Rotated(tokens) => self.rotated(tokens, ctx),
            Verdict::NotSent => self.intact(code, None, ctx),
            Verdict::Transient { retry_after } => self.intact(code, *retry_after, ctx),
            Verdict::Held(reason) => Self {
                state: State::Held(*reason),
                // The upstream refused before looking at the token, so an older doubt stays as it was.
                doubt: self.probe_given_back(),
                ..self.failed(code)
            },
            Verdict::Rejected => self.dead(code),
            Verdict::Ambiguous => self.doubtful(code, ctx),
        })
    }

    /// An answer that arrives after the grant has moved on (abandoned, replayed, probed): only a successor and
    /// rejections still count, and only for the refresh token that they were spent on.
    pub fn late_answer(
        &self,
        spent: &Fingerprint,
        verdict: &Verdict,
        code: Option<&str>,
        ctx: &Context<'_>,
    ) -> Result<Self, MovedOn> {
        if self.rt_fp != *spent {
            return Err(MovedOn);
        }
        match verdict {
            Verdict::Rotated(tokens) if tokens.rt_fp.is_some() => Ok(self.rotated(tokens, ctx)),
            Verdict::Rejected => Ok(self.dead(code)),
            // New tokens without a successor say that the token lived *then*: a call made since may have spent it.
            _ => Err(MovedOn),
        }
    }

    /// The worker that claimed the attempt is gone.
    pub fn abandon(
        &self,
        attempt: AttemptId,
        evidence: Evidence,
        ctx: &Context<'_>,
    ) -> Result<Self, MovedOn> {
        if self.state != State::Refreshing(attempt) {
            return Err(MovedOn);
        }
        Ok(match evidence {
            Evidence::NoIntent => self.intact(Some("worker_lost"), None, ctx),
            Evidence::Unknown => self.doubtful(Some("worker_lost"), ctx),
        })
    }

    /// Takes a queued attempt back before any worker claimed it.
    pub fn cancel(&self, attempt: AttemptId, ctx: &Context<'_>) -> Result<Self, MovedOn> {
        if self.state != State::Queued(attempt) {
            return Err(MovedOn);
        }
        Ok(self.returned(ctx))
    }

    /// Journals show that this attempt sent this refresh token after the state that the database remembers.
    pub fn put_in_doubt(
        &self,
        attempt: AttemptId,
        spent: &Fingerprint,
        ctx: &Context<'_>,
    ) -> Result<Self, MovedOn> {
        let open = self.state.attempt() == Some(attempt);
        let known = self.doubt.is_some() || matches!(self.state, State::Dead | State::InDoubt);
        if self.rt_fp != *spent || (known && !open) {
            return Err(MovedOn);
        }
        // Where the database still has the attempt waiting, it does not know either that a probe was spent on it.
        let claimed = self.claim(attempt).unwrap_or_else(|_| self.clone());
        Ok(claimed.doubtful(Some("journal_ahead"), ctx))
    }

    /// A different refresh token from outside: closes the open attempt and any doubt. `None` when it is the
    /// same token again, which changes nothing.
    pub fn replace_rt(&self, rt_fp: Fingerprint, ctx: &Context<'_>) -> Option<Self> {
        if rt_fp == self.rt_fp {
            return None;
        }
        let mut grant = Self {
            state: State::Idle,
            rt_fp,
            doubt: None,
            failures: 0,
            last_code: None,
            refreshed_at: None,
            ..self.clone()
        };
        // A token from outside is unproven: it is refreshed at once, whatever the old access token's life.
        grant.next_refresh_at = ctx.enabled.then_some(ctx.now);
        Some(grant)
    }

    /// The refresh token of this new or replaced grant was in use before: what is known about the *token* goes on. A dead
    /// one is not tried again, a doubtful one keeps its count of probes.
    #[must_use]
    pub fn inherit(&self, known: &Known, ctx: &Context<'_>) -> Self {
        let mut grant = self.clone();
        if self.state != State::Idle {
            return grant;
        }
        grant.state = match known.doubt {
            _ if known.dead => State::Dead,
            Some(_) => State::InDoubt,
            None => return grant,
        };
        grant.doubt = known.doubt;
        grant.failures = known.failures;
        grant.last_code.clone_from(&known.code);
        grant.schedule(ctx);
        grant
    }

    /// A grant that is taken over from another program. It waits until an operator says that the other one has stopped: two
    /// that refresh one token kill it.
    pub fn migrated(
        credential: CredentialId,
        rt_fp: Fingerprint,
        carried: Carried,
        known: &Known,
        ctx: &Context<'_>,
    ) -> Self {
        let grant = Self {
            refreshed_at: carried.refreshed_at,
            at_issued_at: carried.access.map(|(issued, _)| issued),
            at_expires_at: carried.access.map(|(_, end)| end),
            ..Self::new(credential, rt_fp, None, ctx)
        };
        grant.inherit(known, ctx).waiting_for_confirmation()
    }

    /// The other program has refreshed a grant again that still waits for confirmation: what it holds by now takes the place of
    /// what it held then. `None`: it does not wait any more, or it is the same token.
    pub fn renew_migrated(
        &self,
        rt_fp: Fingerprint,
        carried: Carried,
        known: &Known,
        ctx: &Context<'_>,
    ) -> Option<Self> {
        if self.state != State::Held(HeldReason::Migration) {
            return None;
        }
        let mut grant = self.replace_rt(rt_fp, ctx)?;
        grant.refreshed_at = carried.refreshed_at.or(self.refreshed_at);
        if let Some((issued, end)) = carried.access {
            grant.at_issued_at = Some(issued);
            grant.at_expires_at = Some(end);
        }
        Some(grant.inherit(known, ctx).waiting_for_confirmation())
    }

    /// Nothing is called before an operator says that the other program has stopped. A dead token has nothing to wait for.
    fn waiting_for_confirmation(self) -> Self {
        match self.state {
            State::Idle | State::InDoubt => Self {
                state: State::Held(HeldReason::Migration),
                next_refresh_at: None,
                ..self
            },
            _ => self,
        }
    }

    /// The operator says so: the grant is refreshed when its access token nears its end, or at once where there is none.
    pub fn confirm_migration(&self, ctx: &Context<'_>) -> Option<Self> {
        (self.state == State::Held(HeldReason::Migration)).then(|| self.returned(ctx))
    }

    /// What held the grant has changed, or somebody wants to try again. Whoever waits for another program to stop is released
    /// by [`Grant::confirm_migration`] only.
    pub fn release(&self, ctx: &Context<'_>) -> Option<Self> {
        let held = matches!(self.state, State::Held(reason) if reason != HeldReason::Migration);
        held.then(|| {
            let mut grant = self.returned(ctx);
            if grant.state == State::Idle {
                grant.next_refresh_at = ctx.enabled.then_some(ctx.now);
            }
            grant
        })
    }

    /// An operator orders the next probe now. It counts like every other one, and there is no more of them than the policy
    /// has.
    pub fn probe_now(&self, ctx: &Context<'_>) -> Result<Self, NoDecision> {
        let doubt = self.open_doubt()?;
        if !ctx.enabled {
            return Err(NoDecision::Disabled);
        }
        if doubt.probes >= ctx.policy.max_probes() {
            return Err(NoDecision::ProbesSpent);
        }
        Ok(Self {
            next_refresh_at: Some(ctx.now),
            ..self.clone()
        })
    }

    /// An operator gives the refresh token up: nobody calls with it any more. An answer that comes late still counts.
    pub fn give_up(&self) -> Result<Self, NoDecision> {
        self.open_doubt()?;
        Ok(self.dead(Some(GIVEN_UP)))
    }

    /// The upstream has revoked the refresh token because an operator asked for it. An attempt that is open may have sent it
    /// before, so its outcome comes first.
    pub fn revoke(&self) -> Result<Self, NoDecision> {
        match self.state.attempt() {
            Some(open) => Err(NoDecision::Open(open)),
            None => Ok(self.dead(Some(REVOKED))),
        }
    }

    /// An operator lets the doubt stand: the next probe is as far away as the policy says, counted from now.
    pub fn keep_waiting(&self, ctx: &Context<'_>) -> Result<Self, NoDecision> {
        self.open_doubt()?;
        Ok(self.rescheduled(ctx))
    }

    /// The doubt of a grant that waits in it.
    fn open_doubt(&self) -> Result<Doubt, NoDecision> {
        match (self.state, self.doubt) {
            (State::InDoubt, Some(doubt)) => Ok(doubt),
            (State::Queued(open) | State::Refreshing(open), Some(_)) => Err(NoDecision::Open(open)),
            _ => Err(NoDecision::NotInDoubt),
        }
    }

    /// Why the next probe of a doubtful grant comes when it comes; `None`: there is no doubt.
    pub fn probe_time_reason(&self, enabled: bool, policy: &SchedulePolicy) -> Option<ProbeTime> {
        let doubt = self.doubt?;
        Some(match self.next_refresh_at {
            _ if self.state.attempt().is_some() => ProbeTime::UnderWay,
            _ if !enabled => ProbeTime::Disabled,
            Some(at) if doubt.probes == 0 && policy.is_before_expiry(at, self.at_expires_at) => {
                ProbeTime::BeforeExpiry
            }
            Some(_) => ProbeTime::Pause,
            None if doubt.probes >= policy.max_probes() => ProbeTime::ProbesSpent,
            None => ProbeTime::Manual,
        })
    }

    /// Why the next refresh comes when it comes, or does not come.
    pub fn refresh_time_reason(
        &self,
        enabled: bool,
        policy: &SchedulePolicy,
        now: Millis,
    ) -> RefreshTime {
        match (self.state, self.next_refresh_at) {
            (State::Queued(_) | State::Refreshing(_), _) => RefreshTime::UnderWay,
            (State::Dead, _) => RefreshTime::Dead,
            (State::Held(_), _) => RefreshTime::Held,
            (State::Idle | State::InDoubt, _) if !enabled => RefreshTime::Disabled,
            (State::InDoubt, Some(_)) => RefreshTime::Probe,
            (State::InDoubt, None) => RefreshTime::InDoubt,
            (State::Idle, Some(at)) if at <= now => RefreshTime::Due,
            (State::Idle, _) if self.failures > 0 => RefreshTime::Backoff,
            (State::Idle, _) => match (self.at_issued_at, self.at_expires_at) {
                (Some(issued), Some(end)) if end > now => policy.reason(issued, end),
                _ => RefreshTime::NoAccessToken,
            },
        }
    }

    /// The tokens of an answer that was set aside replace what stands here, because an operator says so. They are unproven
    /// like a refresh token from outside, so they are refreshed at once; their access token is served where it lasts
    /// longer. `None`: they bring no other refresh token than the one that stands here.
    pub fn adopt(&self, tokens: &NewTokens, ctx: &Context<'_>) -> Option<Self> {
        let mut grant = self.replace_rt(tokens.rt_fp.clone()?, ctx)?;
        if tokens.at_expires_at > self.at_expires_at {
            grant.at_issued_at = Some(ctx.now);
            grant.at_expires_at = tokens.at_expires_at;
        }
        Some(grant)
    }

    /// Recomputes the schedule of a grant that waits for time: after enabling, disabling, a change of policy.
    #[must_use]
    pub fn rescheduled(&self, ctx: &Context<'_>) -> Self {
        let mut grant = self.clone();
        grant.schedule(ctx);
        grant
    }

    /// The scheduler passes over this grant until `until` (its egress is on hold).
    pub fn postponed(&self, until: Millis) -> Option<Self> {
        (matches!(self.state, State::Idle | State::InDoubt) && self.next_refresh_at.is_some()).then(
            || Self {
                next_refresh_at: Some(until),
                ..self.clone()
            },
        )
    }

    fn rotated(&self, tokens: &NewTokens, ctx: &Context<'_>) -> Self {
        let mut grant = Self {
            state: State::Idle,
            rt_fp: tokens.rt_fp.clone().unwrap_or_else(|| self.rt_fp.clone()),
            doubt: None,
            failures: 0,
            last_code: None,
            refreshed_at: Some(ctx.now),
            ..self.clone()
        };
        if tokens.at_expires_at.is_some() {
            grant.at_issued_at = Some(ctx.now);
            grant.at_expires_at = tokens.at_expires_at;
        }
        grant.schedule(ctx);
        // An upstream that sends no access token, or one that has ended, must not be asked in a tight loop.
        if !grant.has_usable_access_token(ctx.now) && grant.next_refresh_at.is_some() {
            grant.next_refresh_at = Some(ctx.now + ctx.policy.backoff_max);
        }
        grant
    }

    fn intact(&self, code: Option<&str>, retry_after: Option<Duration>, ctx: &Context<'_>) -> Self {
        let mut grant = Self {
            doubt: self.probe_given_back(),
            ..self.failed(code)
        };
        grant.state = grant.resting_state();
        let delay = ctx
            .policy
            .backoff(grant.failures, ctx.jitter)
            .max(retry_after.unwrap_or_default());
        grant.next_refresh_at = ctx.enabled.then(|| ctx.now + delay);
        grant
    }

    fn doubtful(&self, code: Option<&str>, ctx: &Context<'_>) -> Self {
        let doubt = self.doubt.unwrap_or(Doubt {
            since: ctx.now,
            probes: 0,
        });
        Self {
            state: State::InDoubt,
            doubt: Some(doubt),
            next_refresh_at: self.probe_time(doubt, ctx),
            ..self.failed(code)
        }
    }

    fn dead(&self, code: Option<&str>) -> Self {
        Self {
            state: State::Dead,
            doubt: None,
            ..self.failed(code)
        }
    }

    fn failed(&self, code: Option<&str>) -> Self {
        Self {
            failures: self.failures.saturating_add(1),
            last_code: code.map(str::to_owned),
            next_refresh_at: None,
            ..self.clone()
        }
    }

    /// Back to where a queued or held grant came from.
    fn returned(&self, ctx: &Context<'_>) -> Self {
        let mut grant = Self {
            state: self.resting_state(),
            ..self.clone()
        };
        grant.schedule(ctx);
        grant
    }

    fn resting_state(&self) -> State {
        if self.doubt.is_some() {
            State::InDoubt
        } else {
            State::Idle
        }
    }

    fn probe_given_back(&self) -> Option<Doubt> {
        self.doubt.map(|doubt| Doubt {
            probes: doubt.probes.saturating_sub(1),
            ..doubt
        })
    }

    fn probe_time(&self, doubt: Doubt, ctx: &Context<'_>) -> Option<Millis> {
        if !ctx.enabled {
            return None;
        }
        ctx.policy
            .next_probe(ctx.now, doubt.probes, self.at_expires_at)
    }

    fn schedule(&mut self, ctx: &Context<'_>) {
        self.next_refresh_at = match (self.state, self.doubt) {
            _ if !ctx.enabled => None,
            (State::Idle, _) if !self.has_usable_access_token(ctx.now) => Some(ctx.now),
            (State::Idle, _) => self.at_issued_at.map(|issued| {
                ctx.policy
                    .next_refresh(issued, self.at_expires_at, ctx.jitter)
                    .max(ctx.now)
            }),
            (State::InDoubt, Some(doubt)) => self.probe_time(doubt, ctx),
            _ => None,
        };
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
