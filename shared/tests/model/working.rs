//! The steps of the refresh protocol, from the claim to the commit.

use std::sync::Arc;

use crate::{
    bounds::Mutation,
    database::Committed,
    names::{Attempt, attempt_id},
    system::{Broken, Event, Protocol, System},
    upstream::{Call, Reply},
    worker::{End, Ending, Step},
};

/// `None` where the step is not possible or changes nothing.
impl System {
    pub fn read_to_claim(&mut self, place: usize, job: Attempt) -> Option<()> {
        // A job that is not to be made any more is dropped at once, and nothing changes.
        if self.database.halted || self.database.grant.claim(attempt_id(job)).is_err() {
            return None;
        }
        self.workers[place].step = Step::Claiming {
            attempt: job,
            read: Arc::clone(&self.database.grant),
        };
        Some(())
    }

    pub fn claim(&mut self, place: usize, model: &Protocol) -> Option<()> {
        let Step::Claiming { attempt, read } = self.workers[place].step.clone() else {
            return None;
        };
        let fenced = model.mutation != Some(Mutation::ClaimWithoutFence);
        if !self.database.claim(attempt, &read, fenced) {
            self.workers[place].step = Step::Idle;
            model.note(Event::DuplicateDropped);
            return Some(());
        }
        if self.observer.claimed.has(attempt) {
            self.observer.broken = Some(Broken::ClaimedTwice);
        } else if self.database.halted {
            self.observer.broken = Some(Broken::ClaimedHalted);
        }
        self.observer.claimed.add(attempt);
        self.workers[place].step = Step::Claimed {
            attempt,
            token: self.database.token(),
            probe: read.doubt.is_some(),
        };
        Some(())
    }

    pub fn intend(&mut self, place: usize) -> Option<()> {
        let Step::Claimed {
            attempt,
            token,
            probe,
        } = self.workers[place].step
        else {
            return None;
        };
        self.journal.intend(attempt, token);
        // Recovery is repeated as long as refreshing is halted, and has not seen this yet.
        self.observer.replayed = false;
        self.workers[place].step = Step::Intended {
            attempt,
            token,
            probe,
        };
        Some(())
    }

    pub fn send(&mut self, place: usize, model: &Protocol) -> Option<()> {
        let Step::Intended {
            attempt,
            token,
            probe,
        } = self.workers[place].step
        else {
            return None;
        };
        if self.observer.cut_off.has(attempt) {
            return None;
        }
        if self.observer.expired.has(attempt) {
            if model.mutation != Some(Mutation::SendLate) {
                return None;
            }
            self.observer.broken = Some(Broken::SentLate);
        }
        if self.observer.unconfirmed {
            self.observer.broken = Some(Broken::SentUnconfirmed);
        }
        if !probe {
            if self.upstream.calls.iter().any(|call| call.token == token) {
                self.observer.broken = Some(Broken::TwoCalls);
            } else if self.upstream.is_spent(token) {
                self.observer.broken = Some(Broken::SpentSent);
            }
        }
        if probe {
            self.observer.count_probe(token);
        }
        self.upstream.calls.push(Call {
            attempt,
            token,
            probe,
            heard: true,
            reply: None,
        });
        self.upstream.calls.sort_unstable();
        self.workers[place].step = Step::Calling { attempt, token };
        Some(())
    }

    pub fn unsent(&mut self, place: usize, model: &Protocol) -> Option<()> {
        let Step::Intended { attempt, token, .. } = self.workers[place].step else {
            return None;
        };
        if self.observer.cut_off.has(attempt) {
            model.note(Event::CutOffWorkerDidNotSend);
        } else if self.observer.expired.has(attempt) {
            model.note(Event::LateWorkerDidNotSend);
        } else {
            self.left.unsent = self.left.unsent.checked_sub(1)?;
        }
        self.workers[place].step = Step::Ended(Ending {
            attempt,
            token,
            end: End::Unsent,
        });
        Some(())
    }

    pub fn receive(&mut self, place: usize, model: &Protocol) -> Option<()> {
        let Step::Calling { attempt, token } = self.workers[place].step else {
            return None;
        };
        let reply = self.upstream.take(attempt)?;
        if model.mutation != Some(Mutation::CommitBeforeSync) {
            self.journal.answered(attempt, reply);
        }
        match reply {
            Reply::Rotated(successor) => self.observer.seen.add(successor),
            Reply::Failed => self.observer.uncertain.add(token),
            _ => {}
        }
        self.workers[place].step = Step::Ended(Ending {
            attempt,
            token,
            end: match reply {
                Reply::Failed if model.mutation == Some(Mutation::RetryAmbiguous) => End::Unsent,
                reply => End::Answer(reply),
            },
        });
        Some(())
    }

    pub fn lose(&mut self, place: usize, model: &Protocol) -> Option<()> {
        let Step::Calling { attempt, token } = self.workers[place].step else {
            return None;
        };
        self.left.losses -= 1;
        self.upstream.hang_up(attempt);
        self.observer.uncertain.add(token);
        let end = if model.mutation == Some(Mutation::RetryAmbiguous) {
            End::Unsent
        } else {
            End::Lost
        };
        self.workers[place].step = Step::Ended(Ending {
            attempt,
            token,
            end,
        });
        Some(())
    }

    pub fn commit(&mut self, place: usize, model: &Protocol) -> Option<()> {
        let Step::Committing { ending, read } = self.workers[place].step.clone() else {
            return None;
        };
        let guarded = model.mutation != Some(Mutation::CommitWithoutGuard);
        let doubted = self.database.grant.doubt.is_some();
        let committed = self.database.commit(&ending.outcome(), &read, guarded);
        if model.mutation == Some(Mutation::CommitBeforeSync)
            && let End::Answer(reply) = ending.end
        {
            self.journal.answered(ending.attempt, reply);
        }
        match committed {
            Committed::Late => model.note(Event::LateAnswer),
            Committed::SetAside => model.note(Event::SetAside),
            Committed::GuardMissed => model.note(Event::GuardMissed),
            Committed::Applied if doubted && self.database.grant.doubt.is_none() => {
                model.note(Event::DoubtEnded);
            }
            _ => {}
        }
        self.workers[place].step = if committed == Committed::GuardMissed {
            Step::Ended(ending)
        } else {
            Step::Committed {
                attempt: ending.attempt,
            }
        };
        Some(())
    }
}
