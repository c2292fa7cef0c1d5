//! What can happen next.

use rt_manage_shared::model::{
    attempt::AttemptState,
    grant::{HeldReason, State},
};

use crate::{
    system::{Action, System},
    upstream::{Call, Reaction},
    worker::{Step, Worker},
};

impl System {
    /// Everything that can happen next.
    pub fn actions(&self, actions: &mut Vec<Action>) {
        if self.left.attempts > 0 {
            actions.push(Action::Request);
        }
        if self.left.cancels > 0 && matches!(self.database.grant.state, State::Queued(_)) {
            actions.push(Action::Cancel);
        }
        if matches!(self.database.grant.state, State::Held(_)) {
            actions.push(Action::Release);
        }
        for (place, worker) in self.workers.iter().enumerate() {
            // Equal workers do equal things.
            if place == 0 || self.workers[place - 1] != *worker {
                self.actions_of(place, worker, actions);
            }
        }
        for (index, call) in self.upstream.calls.iter().enumerate() {
            if call.reply.is_none() {
                self.arrivals(index, *call, actions);
            }
        }
        self.actions_of_leader(actions);
        self.actions_of_operator(actions);
    }

    fn actions_of(&self, place: usize, worker: &Worker, actions: &mut Vec<Action>) {
        match &worker.step {
            Step::Idle => {
                if worker.recovered {
                    // The queue hands out any job at any time, any number of times, or never.
                    let jobs = (0..self.next_attempt).map(|job| Action::ReadToClaim(place, job));
                    actions.extend(jobs);
                    let entries = self.journal.entries().iter();
                    let undone = entries.filter(|entry| !entry.done && entry.answer.is_some());
                    actions.extend(undone.map(|entry| Action::ReplayOne(place, entry.attempt)));
                }
            }
            Step::Claiming { .. } => actions.push(Action::Claim(place)),
            Step::Claimed { .. } => actions.push(Action::Intend(place)),
            Step::Intended { .. } => actions.extend([Action::Send(place), Action::Unsent(place)]),
            Step::Calling { .. } => {
                actions.push(Action::Receive(place));
                if self.left.losses > 0 {
                    actions.push(Action::Lose(place));
                }
            }
            Step::Ended(_) => actions.push(Action::ReadToCommit(place)),
            Step::Committing { .. } => actions.push(Action::Commit(place)),
            Step::Committed { .. } => actions.push(Action::Done(place)),
        }
        if self.left.kills > 0 && worker.step != Step::Idle {
            actions.push(Action::Kill(place));
        }
        if !worker.recovered || self.database.halted {
            actions.push(Action::Recover(place));
        }
    }

    fn arrivals(&self, index: usize, call: Call, actions: &mut Vec<Action>) {
        let mut add = |reaction| actions.push(Action::Arrive(index, reaction));
        add(Reaction::Rotate);
        if self.upstream.live(call.token) != Some(call.token) {
            return;
        }
        // An upstream that keeps the token does not rotate it for a call that is still on its way.
        let alone = self
            .upstream
            .calls
            .iter()
            .filter(|other| other.token == call.token)
            .count()
            == 1;
        if self.left.kept > 0 && alone {
            add(Reaction::Keep);
        }
        if self.left.refusals > 0 {
            add(Reaction::Refuse);
            add(Reaction::Hold);
        }
        if self.left.rejections > 0 {
            add(Reaction::Reject);
        }
        if self.left.failures > 0 {
            add(Reaction::Fail);
            add(Reaction::RotateAndFail);
        }
    }

    fn actions_of_leader(&self, actions: &mut Vec<Action>) {
        if self.leader.is_some() {
            actions.push(Action::GiveUp);
            return;
        }
        for claimed in 0..self.next_attempt {
            let open = matches!(self.database.row(claimed), Some(row) if row.state == AttemptState::Refreshing);
            let lives = self
                .workers
                .iter()
                .any(|worker| worker.step.attempt() == Some(claimed));
            if open && (!lives || self.left.freezes > 0) {
                // It may see the worker's journal, or not.
                actions.extend([Action::Watch(claimed, true), Action::Watch(claimed, false)]);
            }
        }
    }

    fn actions_of_operator(&self, actions: &mut Vec<Action>) {
        if self.left.power_losses > 0 {
            actions.push(Action::LosePower);
        }
        if self.left.replacements > 0 {
            actions.push(Action::Replace);
        }
        if self.left.returns > 0 {
            // Nobody but the upstream and this program has seen the others.
            let earlier =
                (0..=self.database.token()).filter(|token| self.database.replaced.has(*token));
            actions.extend(earlier.map(Action::Return));
        }
        if self.left.foreign.is_some_and(|left| left > 0) {
            actions.push(Action::RefreshElsewhere);
        }
        if self.database.grant.state == State::Held(HeldReason::Migration) {
            // Whoever confirms takes over first what the other program has refreshed in the meantime.
            actions.push(if self.database.token() == self.observer.foreign {
                Action::Confirm
            } else {
                Action::TakeOverAgain
            });
        }
        if self.left.restores > 0 {
            actions.push(if self.copy.is_some() {
                Action::Restore
            } else {
                Action::Copy
            });
        }
        if self.database.halted && self.observer.replayed {
            actions.push(Action::Resume);
        }
    }
}
