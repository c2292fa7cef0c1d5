//! What the log and the metrics say of a commit: one line for each thing that an operator has to know of, whatever the way
//! on which it came about.

use rt_manage_shared::model::{attempt::OutcomeKind, finding::Finding};

use crate::{commit::Committed, finished::Finished};

impl Finished {
    /// Says what became of this outcome.
    pub(crate) fn report(&self, committed: Committed) {
        let (attempt, credential, code) = (self.attempt, self.credential, self.code());
        let replayed = self.replayed;
        match committed {
            Committed::Orphaned => {
                let see = Finding::Orphan.see();
                metrics::counter!("rtm_orphans_total").increment(1);
                tracing::error!(%attempt, %credential, replayed, see, "new tokens could not be applied and were set aside as an orphan");
            }
            Committed::AppliedLate => {
                let see = Finding::Late.see();
                metrics::counter!("rtm_late_answers_total").increment(1);
                tracing::warn!(%attempt, %credential, code, replayed, see, "a late answer was applied");
            }
            Committed::Applied | Committed::Known | Committed::Superseded => {}
        }
        if self.replayed && committed.is_applied() {
            let see = Finding::Replayed.see();
            metrics::counter!("rtm_replayed_total").increment(1);
            tracing::warn!(%attempt, %credential, code, see, "an answer was replayed from a journal");
        }
        if committed.is_applied() {
            self.report_state();
        }
    }

    /// Where the grant is now that this outcome was applied.
    fn report_state(&self) {
        let (attempt, credential, code) = (self.attempt, self.credential, self.code());
        match self.outcome() {
            OutcomeKind::Ambiguous => {
                let see = Finding::InDoubt.see();
                metrics::counter!("rtm_in_doubt_total").increment(1);
                tracing::error!(%attempt, %credential, code, see, "in doubt: the call was sent and no trustworthy answer came");
            }
            OutcomeKind::Rejected => {
                let see = Finding::Dead.see();
                tracing::error!(%attempt, %credential, code, see, "dead: the upstream refuses this refresh token for good");
            }
            OutcomeKind::Held => {
                let see = Finding::Held.see();
                tracing::error!(%attempt, %credential, code, see, "held: something must change before the next refresh");
            }
            _ => {}
        }
    }
}
