//! What the log and the metrics say of a commit: one line for each thing that an operator has to know of, whatever the way
//! on which it came about.

use rt_manage_shared::model::{attempt::OutcomeKind, finding::Finding};

use crate::{commit::Committed, finished::Finished};

impl Finished {
    /// Says what became of this outcome.
    pub(crate) fn tell(&self, committed: Committed) {
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

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use rt_manage_shared::{
        clock::Millis,
        db::credentials::Identity,
        id::{AttemptId, CredentialId},
        model::grant::{HeldReason, NewTokens, Verdict},
        vault::Fingerprint,
    };

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(finished: &Finished, committed: Committed) -> Vec<String> {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || finished.tell(committed));
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn finished(verdict: Verdict, replayed: bool) -> Finished {
        let code = (!matches!(verdict, Verdict::Rotated(_))).then(|| "a_code".to_owned());
        Finished {
            attempt: AttemptId::generate(),
            credential: CredentialId::generate(),
            spent: Fingerprint::from_stored("f"),
            verdict,
            code,
            http_status: None,
            duration_ms: None,
            rt: None,
            access_token: None,
            identity: Identity::default(),
            answer: None,
            replayed,
        }
    }

    #[test]
    fn each_situation_has_its_line_on_every_way() {
        let rotated = || {
            Verdict::Rotated(NewTokens {
                rt_fp: None,
                at_expires_at: Some(Millis(1)),
            })
        };
        let held = || Verdict::Held(HeldReason::ClientId);
        let (doubt, dead) = ("in doubt: ", "dead: ");
        let (late, replayed) = ("a late answer was applied", "an answer was replayed");
        let orphan = "set aside as an orphan";
        for (verdict, by_replay, committed, wanted) in [
            (rotated(), false, Committed::Applied, &[][..]),
            (Verdict::Ambiguous, false, Committed::Applied, &[doubt]),
            (
                Verdict::Ambiguous,
                true,
                Committed::Applied,
                &[replayed, doubt],
            ),
            (Verdict::Rejected, false, Committed::Applied, &[dead]),
            (
                Verdict::Rejected,
                false,
                Committed::AppliedLate,
                &[late, dead],
            ),
            (
                Verdict::Rejected,
                true,
                Committed::AppliedLate,
                &[late, replayed, dead],
            ),
            (held(), false, Committed::Applied, &["held: "]),
            (rotated(), false, Committed::AppliedLate, &[late]),
            (rotated(), true, Committed::Applied, &[replayed]),
            (rotated(), false, Committed::Orphaned, &[orphan]),
            (rotated(), true, Committed::Orphaned, &[orphan]),
            (Verdict::Rejected, true, Committed::Known, &[]),
            (Verdict::Ambiguous, true, Committed::Superseded, &[]),
        ] {
            let one = finished(verdict, by_replay);
            let lines = logged(&one, committed);
            assert_eq!(lines.len(), wanted.len(), "{committed:?}: {lines:?}");
            for (line, wanted) in lines.iter().zip(wanted) {
                let ids = [one.attempt.to_string(), one.credential.to_string()];
                assert!(line.contains(wanted), "{line}");
                assert!(line.contains(&format!("attempt={}", ids[0])), "{line}");
                assert!(line.contains(&format!("credential={}", ids[1])), "{line}");
                assert!(line.contains("see=\"docs/reliability.md#"), "{line}");
                assert_eq!(
                    line.contains("code=\"a_code\""),
                    one.code.is_some(),
                    "{line}"
                );
            }
        }
    }
}
