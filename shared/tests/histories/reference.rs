//! The reference: what may follow what, as a table. It knows nothing of ids, fingerprints, codes and moments.

/// Probes of one doubt, as in production.
pub const PROBES: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Idle,
    Queued,
    Refreshing,
    InDoubt,
    Held,
    /// Held until a migration is confirmed.
    Waiting,
    Dead,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abstract {
    pub state: Name,
    /// Probes that were spent; `None` without doubt.
    pub probes: Option<u32>,
    /// Whether the last step brought another refresh token.
    pub new_token: bool,
    /// Whether the scheduler will take it.
    pub waits_for_time: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Successor,
    SameToken,
    NotSent,
    Transient,
    Held,
    Rejected,
    Ambiguous,
}

/// `own`: by the attempt that is open, or that was the last one; `token`: about the token that the grant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Request,
    Claim {
        own: bool,
    },
    Finish {
        answer: Answer,
        own: bool,
        token: bool,
    },
    Late {
        answer: Answer,
        token: bool,
    },
    Abandon {
        unsent: bool,
    },
    Cancel,
    Replace,
    ReplaceBySame,
    Release,
    JournalAhead {
        own: bool,
    },
    /// Another token is taken over from another program.
    TakeOver {
        known: Past,
    },
    /// The same again, because that program has refreshed it.
    TakeOverAgain,
    Confirm,
}

/// What is known of a token that is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    Nothing,
    Dead,
    /// One probe was spent.
    InDoubt,
}

/// What happens to the count of probes.
#[derive(Clone, Copy)]
enum Probes {
    Keep,
    Spend,
    GiveBack,
    /// A doubt begins, unless there is one.
    Open,
    /// Doubt ends.
    Forget,
    /// A doubt goes on of which one probe is spent.
    One,
}

/// Where a step leads: to a fixed state, or to where the grant rests.
#[derive(Clone, Copy)]
enum To {
    State(Name),
    Rest,
}

impl Abstract {
    pub const START: Self = Self {
        state: Name::Idle,
        probes: None,
        new_token: false,
        waits_for_time: true,
    };

    pub fn after(self, event: Event) -> Self {
        let same = Self {
            new_token: false,
            ..self
        };
        let Some((to, probes, new_token)) = self.row(event) else {
            return same;
        };
        let probes = match probes {
            Probes::Keep => self.probes,
            Probes::Spend => self.probes.map(|spent| spent + 1),
            Probes::GiveBack => self.probes.map(|spent| spent.saturating_sub(1)),
            Probes::Open => self.probes.or(Some(0)),
            Probes::Forget => None,
            Probes::One => Some(1),
        };
        let state = match to {
            To::State(state) => state,
            To::Rest if probes.is_some() => Name::InDoubt,
            To::Rest => Name::Idle,
        };
        let waits_for_time = match state {
            Name::Idle => true,
            // After a failure that left the token alone the grant always comes back: its probe was given back.
            Name::InDoubt => probes.is_some_and(|spent| spent < PROBES),
            _ => false,
        };
        Self {
            state,
            probes,
            new_token,
            waits_for_time,
        }
    }

    /// The table. `None`: refused, and nothing changes.
    fn row(self, event: Event) -> Option<(To, Probes, bool)> {
        use Name::{Dead, Held, Idle, InDoubt, Queued, Refreshing, Waiting};
        let probe_is_due = self.probes.is_some_and(|spent| spent < PROBES);
        let (to, probes, new_token) = match (self.state, event) {
            (Idle, Event::Request) => (To::State(Queued), Probes::Keep, false),
            (InDoubt, Event::Request) if probe_is_due => (To::State(Queued), Probes::Keep, false),
            (Queued, Event::Claim { own: true }) => (To::State(Refreshing), Probes::Spend, false),
            (Queued, Event::Cancel) => (To::Rest, Probes::Keep, false),
            (
                Refreshing,
                Event::Finish {
                    answer,
                    own: true,
                    token: true,
                },
            ) => match answer {
                Answer::Successor => (To::State(Idle), Probes::Forget, true),
                Answer::SameToken => (To::State(Idle), Probes::Forget, false),
                Answer::NotSent | Answer::Transient => (To::Rest, Probes::GiveBack, false),
                Answer::Held => (To::State(Held), Probes::GiveBack, false),
                Answer::Rejected => (To::State(Dead), Probes::Forget, false),
                Answer::Ambiguous => (To::State(InDoubt), Probes::Open, false),
            },
            (Refreshing, Event::Abandon { unsent: true }) => (To::Rest, Probes::GiveBack, false),
            (Refreshing, Event::Abandon { unsent: false }) => {
                (To::State(InDoubt), Probes::Open, false)
            }
            (
                _,
                Event::Late {
                    answer: Answer::Successor,
                    token: true,
                },
            ) => (To::State(Idle), Probes::Forget, true),
            (
                _,
                Event::Late {
                    answer: Answer::Rejected,
                    token: true,
                },
            ) => (To::State(Dead), Probes::Forget, false),
            (_, Event::Replace) => (To::State(Idle), Probes::Forget, true),
            (Held, Event::Release) => (To::Rest, Probes::Keep, false),
            // A probe that the database has lost was spent all the same.
            (Queued, Event::JournalAhead { own: true }) if self.probes.is_some() => {
                (To::State(InDoubt), Probes::Spend, false)
            }
            (Queued | Refreshing, Event::JournalAhead { own: true }) => {
                (To::State(InDoubt), Probes::Open, false)
            }
            (_, Event::TakeOver { known }) => match known {
                Past::Nothing => (To::State(Waiting), Probes::Forget, true),
                Past::InDoubt => (To::State(Waiting), Probes::One, true),
                Past::Dead => (To::State(Dead), Probes::Forget, true),
            },
            (Waiting, Event::TakeOverAgain) => (To::State(Waiting), Probes::Forget, true),
            (Waiting, Event::Confirm) => (To::Rest, Probes::Keep, false),
            (Idle | Queued | Refreshing | Held | Waiting, Event::JournalAhead { .. })
                if self.probes.is_none() =>
            {
                (To::State(InDoubt), Probes::Open, false)
            }
            _ => return None,
        };
        Some((to, probes, new_token))
    }
}
