//! [`Findings`]: what is wrong in the journals. Each fault is told once, counted, and shown in readiness.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use rt_manage_shared::{id::AttemptId, model::finding::Finding};

use crate::journal::{AnswerAt, Damage, DamageReason, Scan, Torn};

/// What readers of the journals have found and could not use.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    damage: HashSet<Damage>,
    /// Things beside the journal folders; they are not read.
    strange: HashSet<PathBuf>,
    /// Ends of folders whose owner is gone.
    torn: HashSet<(PathBuf, u64)>,
    /// Answers that cannot be read, opened or understood, and the files in which they stay.
    unopened: HashMap<AttemptId, PathBuf>,
    /// Why the directory could not be listed the last time.
    failure: Option<String>,
}

impl Findings {
    /// Takes a scan in: tells what is new, and forgets what is gone.
    pub(crate) fn see(&mut self, scan: &Scan) {
        if let Some(failure) = &scan.failure
            && self.failure.as_ref() != Some(failure)
        {
            tracing::error!(%failure, see = Finding::JournalDamaged.see(), "the journal directory cannot be read");
        }
        self.failure.clone_from(&scan.failure);
        self.damage.retain(is_there);
        for damage in scan.damage() {
            if self.damage.insert(damage.clone()) {
                tracing::error!(
                    file = %damage.file.display(),
                    offset = damage.offset,
                    reason = %damage.reason,
                    see = Finding::JournalDamaged.see(),
                    "journal damage; the rest of the journal is used, and what is damaged stays where it is"
                );
            }
        }
        for path in &scan.unexpected {
            if self.strange.insert(path.clone()) {
                tracing::warn!(
                    path = %path.display(),
                    "this is no journal folder and is not read. If it was one, give it its old name back"
                );
            }
        }
        let dead = scan.folders.iter().filter(|folder| !folder.owner_alive);
        for Torn { file, offset } in dead.filter_map(|folder| folder.torn.as_ref()) {
            if self.torn.insert((file.clone(), *offset)) {
                tracing::info!(
                    file = %file.display(),
                    offset,
                    "the last entry of a journal was cut short by a crash; it was never acknowledged"
                );
            }
        }
        // Another worker, which has the key, may have replayed it.
        let done = scan.done();
        self.unopened
            .retain(|attempt, file| !done.contains(attempt) && file.exists());
        self.publish();
    }

    /// An answer that cannot be used in this process; it stays in its journal.
    pub(crate) fn note_unopened(&mut self, answer: &AnswerAt, error: &dyn std::error::Error) {
        let file = answer.file();
        let known = self.unopened.insert(answer.attempt, file.to_owned());
        if known.is_none() {
            tracing::error!(
                attempt = %answer.attempt,
                credential = %answer.credential,
                file = %file.display(),
                offset = answer.offset(),
                %error,
                see = Finding::JournalUnreadable.see(),
                "a journalled answer cannot be used; it stays in its journal and is tried again at the next start"
            );
        }
        self.publish();
    }

    /// An answer that was used after all.
    pub(crate) fn note_opened(&mut self, attempt: AttemptId) {
        if self.unopened.remove(&attempt).is_some() {
            self.publish();
        }
    }

    /// What readiness says; `None`: nothing is wrong.
    pub(crate) fn summary(&self) -> Option<String> {
        let count = |number: usize, what: &str| (number > 0).then(|| format!("{number} {what}"));
        let parts = [
            count(self.damage.len(), "damaged places"),
            count(self.unopened.len(), "answers that cannot be used"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| {
            let found = parts.join(", ");
            format!("{found}; see the log, and docs/reliability.md, \"Journal damage\"")
        })
    }

    /// Damaged places.
    pub(crate) fn damaged(&self) -> u32 {
        u32::try_from(self.damage.len()).unwrap_or(u32::MAX)
    }

    /// Answers that cannot be used.
    pub(crate) fn unusable(&self) -> u32 {
        u32::try_from(self.unopened.len()).unwrap_or(u32::MAX)
    }

    fn publish(&self) {
        metrics::gauge!("rtm_journal_damage").set(f64::from(self.damaged()));
        metrics::gauge!("rtm_journal_unreadable").set(f64::from(self.unusable()));
    }
}

/// Whether a damage can still be seen: whoever has looked at a file may have moved it away.
fn is_there(damage: &Damage) -> bool {
    match damage.reason {
        DamageReason::Missing => damage.file.parent().is_some_and(Path::exists),
        _ => damage.file.exists(),
    }
}
