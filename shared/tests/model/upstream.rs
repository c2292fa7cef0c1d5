//! The upstream: single-use refresh tokens, a ledger of all that it issued, and calls that are under way.

use rt_manage_shared::model::grant::{HeldReason, NewTokens, Verdict};

use crate::names::{Attempt, Token, fingerprint};

/// What the upstream answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reply {
    /// The token was exchanged for this one.
    Rotated(Token),
    /// New access token; the refresh token stays valid.
    Kept,
    /// 429, 503 …
    Refused,
    /// The client id or the region is not accepted.
    Held,
    /// The token is unusable.
    Rejected,
    /// 500, an unreadable page …
    Failed,
}

impl Reply {
    /// The verdict of `shared/src/openai/outcome.rs` on it.
    pub fn verdict(self) -> Verdict {
        let tokens = |rt_fp| {
            Verdict::Rotated(NewTokens {
                rt_fp,
                at_expires_at: None,
            })
        };
        match self {
            Self::Rotated(token) => tokens(Some(fingerprint(token).clone())),
            Self::Kept => tokens(None),
            Self::Refused => Verdict::Transient { retry_after: None },
            Self::Held => Verdict::Held(HeldReason::Region),
            Self::Rejected => Verdict::Rejected,
            Self::Failed => Verdict::Ambiguous,
        }
    }
}

/// What the upstream does with a call that arrives with its living token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    Rotate,
    Keep,
    Refuse,
    Hold,
    /// Ends the session.
    Reject,
    /// Fails without having done anything.
    Fail,
    /// Exchanges the token and fails then.
    RotateAndFail,
}

/// A call under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    pub attempt: Attempt,
    pub token: Token,
    /// Made while the grant was in doubt: deliberate and counted.
    pub probe: bool,
    /// Whether its worker still waits for the answer.
    pub heard: bool,
    /// The answer, once the call has arrived.
    pub reply: Option<Reply>,
}

/// The ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// The living token of each session; `None` once the upstream ended it.
    live: Vec<Option<Token>>,
    /// To which session each token belongs.
    sessions: Vec<u8>,
    pub calls: Vec<Call>,
}

impl Upstream {
    /// One session with one token.
    pub fn new() -> Self {
        Self {
            live: vec![Some(0)],
            sessions: vec![0],
            calls: Vec::new(),
        }
    }

    /// Somebody logs in: another session, and its token.
    pub fn log_in(&mut self) -> Token {
        let token = u8::try_from(self.sessions.len()).unwrap();
        self.sessions.push(u8::try_from(self.live.len()).unwrap());
        self.live.push(Some(token));
        token
    }

    /// The living token of the session that this one belongs to.
    pub fn live(&self, token: Token) -> Option<Token> {
        self.live[usize::from(self.session(token))]
    }

    pub fn session(&self, token: Token) -> u8 {
        self.sessions[usize::from(token)]
    }

    /// How many sessions there have been.
    pub fn sessions(&self) -> u8 {
        u8::try_from(self.live.len()).unwrap()
    }

    /// Whether a token was exchanged for a successor.
    pub fn is_spent(&self, token: Token) -> bool {
        self.live(token).is_some_and(|live| live != token)
    }

    /// The call arrives. A token that is not the living one is always refused.
    pub fn answer(&mut self, index: usize, reaction: Reaction) {
        let Call { token, heard, .. } = self.calls[index];
        let session = usize::from(self.session(token));
        let reply = if self.live[session] == Some(token) {
            match reaction {
                Reaction::Rotate => Reply::Rotated(self.rotate(session)),
                Reaction::Keep => Reply::Kept,
                Reaction::Refuse => Reply::Refused,
                Reaction::Hold => Reply::Held,
                Reaction::Reject => {
                    self.live[session] = None;
                    Reply::Rejected
                }
                Reaction::Fail => Reply::Failed,
                Reaction::RotateAndFail => {
                    self.rotate(session);
                    Reply::Failed
                }
            }
        } else {
            Reply::Rejected
        };
        if heard {
            self.calls[index].reply = Some(reply);
        } else {
            self.calls.remove(index);
        }
    }

    /// Another program refreshes the living token of this one's session.
    pub fn refresh_elsewhere(&mut self, token: Token) -> Token {
        self.rotate(usize::from(self.session(token)))
    }

    fn rotate(&mut self, session: usize) -> Token {
        let next = u8::try_from(self.sessions.len()).unwrap();
        self.sessions.push(u8::try_from(session).unwrap());
        self.live[session] = Some(next);
        next
    }

    /// The worker that waits for this attempt's answer takes it.
    pub fn take(&mut self, attempt: Attempt) -> Option<Reply> {
        let index = self
            .calls
            .iter()
            .position(|call| call.attempt == attempt && call.heard && call.reply.is_some())?;
        self.calls.remove(index).reply
    }

    /// Nobody waits for this attempt's answer any more; whether the call arrives is open.
    pub fn hang_up(&mut self, attempt: Attempt) {
        for call in &mut self.calls {
            if call.attempt == attempt {
                call.heard = false;
            }
        }
        self.calls.retain(|call| call.heard || call.reply.is_none());
    }
}
