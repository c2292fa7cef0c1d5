//! The whole: what there is, what an observer knows of it, and the model that the checker explores.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use rt_manage_shared::model::grant::{Evidence, Grant};
use stateright::{Model, Property};

use crate::{
    bounds::{Bounds, Mutation},
    database::Database,
    journal::Journal,
    names::{Attempt, Set, Token, attempt},
    properties,
    upstream::{Reaction, Upstream},
    worker::Worker,
};

/// The leader has decided to give a claim up, and is about to write that.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GivingUp {
    pub attempt: Attempt,
    pub evidence: Evidence,
    pub read: Arc<Grant>,
}

/// What only an observer knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Observer {
    /// Attempts that were claimed.
    pub claimed: Set,
    /// Attempts whose time to send is over.
    pub expired: Set,
    /// Attempts whose worker has lost contact with the database since it claimed them.
    pub cut_off: Set,
    /// Attempts that were claimed before the machine lost power.
    pub of_old_kernel: Set,
    /// Tokens that were sent in a call of which no answer was written down.
    pub uncertain: Set,
    /// Successors that some worker has looked at.
    pub seen: Set,
    /// Calls made as probes with the newest token that was probed, less those that were refused.
    pub probes: Vec<(Token, u8)>,
    /// The database was restored, and no worker has compared it with the journals yet.
    pub behind: bool,
    /// All journals were replayed under this halt.
    pub replayed: bool,
    /// The token that the program holds which the credential was taken over from.
    pub foreign: Token,
    /// Nobody has confirmed yet that that program has stopped.
    pub unconfirmed: bool,
    /// A rule that was broken in the last step.
    pub broken: Option<Broken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Broken {
    /// A call with a token while another one with the same token was under way, and no probe.
    TwoCalls,
    /// A spent token was sent, and no probe.
    SpentSent,
    /// An attempt was claimed again.
    ClaimedTwice,
    /// A claim under a halt.
    ClaimedHalted,
    /// A call after its time to send.
    SentLate,
    /// A call while another program may use the token.
    SentUnconfirmed,
}

/// Remarkable steps, for `sometimes`. They are noted beside the states, which shall not become more by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Event {
    LateAnswer,
    SetAside,
    DoubtEnded,
    GivenUpUnsent,
    GivenUp,
    GuardMissed,
    DuplicateDropped,
    LateWorkerDidNotSend,
    CutOffWorkerDidNotSend,
    ChainReplayed,
    Halted,
    Resumed,
    ReturnedIntact,
    ReturnedInDoubt,
    ReturnedDead,
    TakenOverAgain,
    Confirmed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct System {
    pub database: Database,
    pub copy: Option<Box<Database>>,
    pub workers: Vec<Worker>,
    pub leader: Option<GivingUp>,
    pub journal: Journal,
    pub upstream: Upstream,
    pub observer: Observer,
    /// What may still happen.
    pub left: Bounds,
    pub next_attempt: Attempt,
}

/// What can happen. Workers are named by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Request,
    Cancel,
    Release,
    ReadToClaim(usize, Attempt),
    Claim(usize),
    Intend(usize),
    Send(usize),
    Unsent(usize),
    Arrive(usize, Reaction),
    Receive(usize),
    Lose(usize),
    ReadToCommit(usize),
    Commit(usize),
    Done(usize),
    Kill(usize),
    LosePower,
    Recover(usize),
    ReplayOne(usize, Attempt),
    Watch(Attempt, bool),
    GiveUp,
    Replace,
    Return(Token),
    Copy,
    Restore,
    Resume,
    RefreshElsewhere,
    TakeOverAgain,
    Confirm,
}

/// The model: what may happen, and which rule is switched off.
#[derive(Debug, Clone, Default)]
pub struct Protocol {
    pub bounds: Bounds,
    pub mutation: Option<Mutation>,
    events: Arc<AtomicU32>,
}

impl Protocol {
    pub fn new(bounds: Bounds, mutation: Option<Mutation>) -> Self {
        Self {
            bounds,
            mutation,
            ..Self::default()
        }
    }

    pub fn note(&self, event: Event) {
        self.events.fetch_or(1 << event as u8, Ordering::Relaxed);
    }

    /// Whether this has happened in any history so far.
    pub fn has_seen(&self, event: Event) -> bool {
        self.events.load(Ordering::Relaxed) & (1 << event as u8) != 0
    }
}

impl Model for Protocol {
    type State = System;
    type Action = Action;

    fn init_states(&self) -> Vec<System> {
        let migrated = self.bounds.foreign.is_some();
        vec![System {
            database: Database::new(migrated),
            copy: None,
            workers: vec![Worker::new(); usize::from(self.bounds.workers)],
            leader: None,
            journal: Journal::default(),
            upstream: Upstream::new(),
            observer: Observer {
                unconfirmed: migrated,
                ..Observer::default()
            },
            left: self.bounds,
            next_attempt: 0,
        }]
    }

    fn actions(&self, state: &System, actions: &mut Vec<Action>) {
        // What follows a broken rule says nothing.
        if state.observer.broken.is_none() {
            state.actions(actions);
        }
    }

    fn next_state(&self, last: &System, action: Action) -> Option<System> {
        let mut state = last.clone();
        state.apply(action, self)?;
        if state.database.grant.doubt.is_none() {
            // Whatever the token that is held went through is over. One that was replaced may come back, unless it is spent.
            let (held, spent) = (state.database.token(), state.database.spent);
            let probes = &mut state.observer.probes;
            probes.retain(|(token, _)| *token != held && !spent.has(*token));
            if state.left.returns == 0 {
                probes.clear();
            }
        }
        state.workers.sort_by_cached_key(Worker::rank);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(&self.bounds)
    }
}

impl Observer {
    /// Counts a probe that is sent.
    pub fn count_probe(&mut self, token: Token) {
        match self.probes.iter_mut().find(|(probed, _)| *probed == token) {
            Some((_, count)) => *count += 1,
            None => self.probes.push((token, 1)),
        }
    }

    /// The upstream refused it before it looked at the token.
    pub fn give_probe_back(&mut self, token: Token) {
        if let Some((_, count)) = self.probes.iter_mut().find(|(probed, _)| *probed == token) {
            *count = count.saturating_sub(1);
        }
    }
}

/// The attempt that a grant's state names.
pub fn open_attempt(grant: &Grant) -> Option<Attempt> {
    grant.state.attempt().map(attempt)
}
