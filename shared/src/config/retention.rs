//! Section `retention`: how long what has happened is kept.

use std::time::Duration;

use super::check::Findings;
use super::keys::{Key, key};
use super::{Config, JournalConfig};

/// A quarter of a year: what people ask about is seldom older.
const ATTEMPTS_DAYS: u32 = 90;
/// A year, as auditors ask for.
const AUDIT_DAYS: u32 = 365;
/// A week: long enough to notice that the wrong one was deleted.
const DELETED_DAYS: u32 = 7;
/// A month: what a bulk operation did is asked about while people remember it.
const JOBS_DAYS: u32 = 30;
/// A year and a month, so that the same month of the year before can be compared.
const STATISTICS_DAYS: u32 = 400;
/// Ten years: more is a slip.
const MAX_DAYS: u32 = 3650;

/// Section `retention`.
#[derive(Clone, Debug)]
pub struct RetentionConfig {
    /// How long finished attempts are kept.
    pub attempts_days: u32,
    /// How long the audit log is kept.
    pub audit_days: u32,
    /// How long deleted credentials can be restored.
    pub deleted_days: u32,
    /// How long jobs that have ended are kept, with what became of each item.
    pub jobs_days: u32,
    /// How long the sums by the hour are kept.
    pub statistics_days: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            attempts_days: ATTEMPTS_DAYS,
            audit_days: AUDIT_DAYS,
            deleted_days: DELETED_DAYS,
            jobs_days: JOBS_DAYS,
            statistics_days: STATISTICS_DAYS,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(
        live retention.attempts_days,
        "How long finished attempts are kept; at least journal.retention_hours."
    ),
    key!(live retention.audit_days, "How long the audit log is kept."),
    key!(
        live retention.deleted_days,
        "How long a deleted credential can be restored."
    ),
    key!(
        live retention.jobs_days,
        "How long jobs that have ended are kept, with what became of each item."
    ),
    key!(
        live retention.statistics_days,
        "How long the dashboard's sums by the hour are kept."
    ),
];

impl RetentionConfig {
    /// How long a deleted credential can be restored; then it is purged.
    pub fn restorable(&self) -> Duration {
        Duration::from_hours(u64::from(self.deleted_days) * 24)
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        for (key, days) in [
            ("retention.attempts_days", self.attempts_days),
            ("retention.audit_days", self.audit_days),
            ("retention.deleted_days", self.deleted_days),
            ("retention.jobs_days", self.jobs_days),
            ("retention.statistics_days", self.statistics_days),
        ] {
            findings.range(key, days, 1, MAX_DAYS.into());
        }
    }
}

/// Journals name attempts: while a journal is kept, so are these.
pub(super) fn check_journal(config: &Config, findings: &mut Findings) {
    let JournalConfig {
        retention_hours, ..
    } = config.journal;
    let days = config.retention.attempts_days;
    if u64::from(days) * 24 < retention_hours {
        findings.error(
            &["retention.attempts_days", "journal.retention_hours"],
            format!(
                "is {days}, but must be at least {}: journals are kept for {retention_hours} hours \
                 (journal.retention_hours), and what they name must be found in the database",
                retention_hours.div_ceil(24)
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let yaml = "retention:\n  attempts_days: 30\n  audit_days: 31\n  deleted_days: 1\n  jobs_days: 2\n  statistics_days: 32\n";
        let retention = load_yaml(yaml).config.retention;
        assert_eq!((retention.attempts_days, retention.audit_days), (30, 31));
        assert_eq!((retention.deleted_days, retention.jobs_days), (1, 2));
        assert_eq!(retention.statistics_days, 32);
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "retention:\n  attempts_days: 0\n",
            "retention:\n  audit_days: 4000\n",
            "retention:\n  deleted_days: 0\n",
            "retention:\n  jobs_days: 0\n",
            "retention:\n  statistics_days: 0\n",
            // Three days of journals.
            "retention:\n  attempts_days: 2\n",
            "journal:\n  retention_hours: 2161\n",
        ] {
            problems(yaml);
        }
        load_yaml("journal:\n  retention_hours: 49\nretention:\n  attempts_days: 3\n");
    }
}
