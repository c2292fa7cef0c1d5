//! What happens with each action.

use std::sync::Arc;

use rt_manage_shared::model::grant::{Evidence, State};

use crate::{
    bounds::Mutation,
    names::{Attempt, attempt_id, context},
    recovery::recover,
    system::{Action, Event, GivingUp, Protocol, System},
    upstream::Reaction,
    worker::{Step, Worker},
};

/// What happens; `None` where the step is not possible or changes nothing.
impl System {
    pub fn apply(&mut self, action: Action, model: &Protocol) -> Option<()> {
        match action {
            Action::Request => {
                self.left.attempts -= 1;
                let new = self.next_attempt;
                self.next_attempt += 1;
                self.database.request(new).then_some(())
            }
            Action::Cancel => {
                self.left.cancels -= 1;
                self.database.cancel().then_some(())
            }
            Action::Release => self.database.release().then_some(()),
            Action::ReadToClaim(place, job) => self.read_to_claim(place, job),
            Action::Claim(place) => self.claim(place, model),
            Action::Intend(place) => self.intend(place),
            Action::Send(place) => self.send(place, model),
            Action::Unsent(place) => self.unsent(place, model),
            Action::Arrive(index, reaction) => {
                self.arrive(index, reaction);
                Some(())
            }
            Action::Receive(place) => self.receive(place, model),
            Action::Lose(place) => self.lose(place, model),
            Action::ReadToCommit(place) => {
                let Step::Ended(ending) = self.workers[place].step else {
                    return None;
                };
                self.workers[place].step = Step::Committing {
                    ending,
                    read: Arc::clone(&self.database.grant),
                };
                Some(())
            }
            Action::Commit(place) => self.commit(place, model),
            Action::Done(place) => {
                let attempt = self.workers[place].step.attempt()?;
                self.journal.done(attempt);
                self.workers[place].step = Step::Idle;
                Some(())
            }
            Action::Kill(place) => {
                self.left.kills -= 1;
                self.kill(place);
                Some(())
            }
            Action::LosePower => {
                self.left.power_losses -= 1;
                for place in 0..self.workers.len() {
                    self.kill(place);
                }
                self.journal.lose_power();
                self.observer.of_old_kernel = self.observer.claimed;
                Some(())
            }
            Action::Recover(place) => self.recover(place, model),
            Action::ReplayOne(place, attempt) => self.replay_one(place, attempt),
            Action::Watch(attempt, sees) => self.watch(attempt, sees, model),
            Action::GiveUp => self.give_up(model),
            Action::Replace => {
                self.left.replacements -= 1;
                let new = self.upstream.log_in();
                self.database.replace(new, false).then_some(())
            }
            Action::Return(token) => {
                self.left.returns -= 1;
                let forgetful = model.mutation == Some(Mutation::ForgetReplacedTokens);
                self.database.replace(token, forgetful).then_some(())?;
                model.note(match self.database.grant.state {
                    State::Dead => Event::ReturnedDead,
                    State::InDoubt => Event::ReturnedInDoubt,
                    _ => Event::ReturnedIntact,
                });
                Some(())
            }
            Action::RefreshElsewhere => {
                self.left.foreign = self.left.foreign.map(|left| left - 1);
                self.observer.foreign = self.upstream.refresh_elsewhere(self.observer.foreign);
                Some(())
            }
            Action::TakeOverAgain => {
                self.database
                    .take_over_again(self.observer.foreign)
                    .then_some(())?;
                model.note(Event::TakenOverAgain);
                Some(())
            }
            Action::Confirm => {
                self.database.confirm().then_some(())?;
                // It has stopped.
                self.left.foreign = Some(0);
                self.observer.unconfirmed = false;
                model.note(Event::Confirmed);
                Some(())
            }
            Action::Copy => {
                self.copy = Some(Box::new(self.database.clone()));
                Some(())
            }
            Action::Restore => self.restore(),
            Action::Resume => {
                self.database.halted = false;
                // The operator takes longer than a worker has for sending.
                self.observer.expired.add_all(self.observer.claimed);
                model.note(Event::Resumed);
                Some(())
            }
        }
    }

    fn arrive(&mut self, index: usize, reaction: Reaction) {
        let call = self.upstream.calls[index];
        let left = &mut self.left;
        if self.upstream.live(call.token) == Some(call.token) {
            match reaction {
                Reaction::Rotate => {}
                Reaction::Keep => left.kept -= 1,
                Reaction::Refuse | Reaction::Hold => left.refusals -= 1,
                Reaction::Reject => left.rejections -= 1,
                Reaction::Fail | Reaction::RotateAndFail => left.failures -= 1,
            }
            if reaction == Reaction::Keep {
                // Whatever happened to it before: the token lives.
                self.observer.uncertain.remove(call.token);
            }
            if matches!(reaction, Reaction::Refuse | Reaction::Hold) && call.probe && call.heard {
                self.observer.give_probe_back(call.token);
            }
        }
        self.upstream.answer(index, reaction);
    }

    /// Whatever the worker had in its memory is gone; a new one starts in its place.
    fn kill(&mut self, place: usize) {
        if let Step::Calling { attempt, token } = self.workers[place].step {
            self.upstream.hang_up(attempt);
            self.observer.uncertain.add(token);
        }
        self.workers[place] = Worker {
            recovered: false,
            step: Step::Idle,
        };
    }

    fn recover(&mut self, place: usize, model: &Protocol) -> Option<()> {
        let before = self.clone();
        let recovered = recover(&mut self.database, &mut self.journal, model.mutation);
        self.workers[place].recovered = true;
        self.observer.behind = false;
        self.observer.replayed |= recovered.halted;
        if recovered.halted {
            model.note(Event::Halted);
        }
        if recovered.replayed > 1 {
            model.note(Event::ChainReplayed);
        }
        (before.database != self.database
            || before.workers != self.workers
            || before.journal != self.journal
            || before.observer.replayed != self.observer.replayed)
            .then_some(())
    }

    /// A worker finds an answer that another one left. Those of the living are left to them, unless they seem frozen.
    fn replay_one(&mut self, place: usize, attempt: Attempt) -> Option<()> {
        let lives = self
            .workers
            .iter()
            .any(|worker| worker.step.attempt() == Some(attempt));
        if lives && !self.observer.expired.has(attempt) {
            return None;
        }
        let ending = self.journal.entry(attempt)?.ending()?;
        self.workers[place].step = Step::Ended(ending);
        Some(())
    }

    /// The leader has watched a claim for long enough, and looks at the journals.
    fn watch(&mut self, claimed: Attempt, sees: bool, model: &Protocol) -> Option<()> {
        if self
            .workers
            .iter()
            .any(|worker| worker.step.attempt() == Some(claimed))
        {
            self.left.freezes -= 1;
        }
        self.observer.expired.add(claimed);
        let of_this_kernel = !self.observer.of_old_kernel.has(claimed);
        let trusted = of_this_kernel || model.mutation == Some(Mutation::TrustMissingIntent);
        let unsent = sees && trusted && self.journal.entry(claimed).is_none();
        if sees && !unsent {
            // The same as not seeing the journal.
            return None;
        }
        self.leader = Some(GivingUp {
            attempt: claimed,
            evidence: if unsent {
                Evidence::NoIntent
            } else {
                Evidence::Unknown
            },
            read: Arc::clone(&self.database.grant),
        });
        Some(())
    }

    fn give_up(&mut self, model: &Protocol) -> Option<()> {
        let GivingUp {
            attempt: claimed,
            evidence,
            read,
        } = self.leader.take()?;
        if let Ok(next) = read.abandon(attempt_id(claimed), evidence, &context())
            && !self.database.compare_and_set(&read.guard(), next)
        {
            // Its worker was faster.
            return Some(());
        }
        self.database.finish(claimed, evidence.outcome());
        model.note(match evidence {
            Evidence::NoIntent => Event::GivenUpUnsent,
            Evidence::Unknown => Event::GivenUp,
        });
        Some(())
    }

    /// The database is replaced by its copy. Whoever works with it loses contact: open transactions are gone, and every
    /// worker compares the journals before it claims again.
    fn restore(&mut self) -> Option<()> {
        self.left.restores -= 1;
        self.database = *self.copy.take()?;
        for worker in &mut self.workers {
            worker.recovered = false;
            worker.step = match std::mem::replace(&mut worker.step, Step::Idle) {
                // Who has claimed finds that out before it writes an intent, and leaves the attempt alone.
                Step::Claiming { .. } | Step::Claimed { .. } => Step::Idle,
                step @ Step::Intended { attempt, .. } => {
                    self.observer.cut_off.add(attempt);
                    step
                }
                Step::Committing { ending, .. } => Step::Ended(ending),
                step => step,
            };
        }
        self.leader = None;
        for claimed in 0..self.next_attempt {
            // Forgotten, and never to be sent by whoever claimed it.
            let unsent = self.journal.entry(claimed).is_none();
            if unsent && !self.observer.of_old_kernel.has(claimed) {
                self.observer.claimed.remove(claimed);
            }
        }
        self.observer.behind = true;
        self.observer.replayed = false;
        Some(())
    }
}
