//! Section `journal`: the files in which an answer is safe before anything else is done with it.

use std::path::PathBuf;

use super::check::Findings;
use super::keys::{Key, key};

/// Beside the seed's database file, in the folder that its compose file keeps.
const DIRECTORY: &str = "./data/journal";
/// Three days: at least the age of the oldest backup that one would restore.
const RETENTION_HOURS: u64 = 72;
/// Ten years: more is a slip.
const MAX_RETENTION_HOURS: u64 = 10 * 365 * 24;
/// A few thousand answers.
const SEGMENT_MIB: u64 = 8;
/// Replay reads a segment at a time.
const MAX_SEGMENT_MIB: u64 = 1024;

/// Section `journal`.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The folder; each start of a worker makes one of its own in it.
    pub directory: PathBuf,
    /// How long finished entries are kept.
    pub retention_hours: u64,
    /// When the next file is begun.
    pub segment_mib: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            directory: DIRECTORY.into(),
            retention_hours: RETENTION_HOURS,
            segment_mib: SEGMENT_MIB,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(
        journal.directory,
        "Folder of the journals, on a local disk."
    ),
    key!(
        journal.retention_hours,
        "How long they are kept; at least the age of the oldest backup that you would restore."
    ),
    key!(journal.segment_mib, "Size at which the next file begins."),
];

impl JournalConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        findings.range(
            "journal.retention_hours",
            self.retention_hours,
            1,
            MAX_RETENTION_HOURS,
        );
        findings.range("journal.segment_mib", self.segment_mib, 1, MAX_SEGMENT_MIB);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let yaml = "journal:\n  directory: /var/lib/rt\n  retention_hours: 24\n  segment_mib: 1\n";
        let journal = load_yaml(yaml).config.journal;
        assert_eq!(journal.directory, Path::new("/var/lib/rt"));
        assert_eq!((journal.retention_hours, journal.segment_mib), (24, 1));
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "directory: ''",
            "retention_hours: 0",
            "segment_mib: 0",
            "segment_mib: 2048",
        ] {
            problems(&format!("journal:\n  {yaml}\n"));
        }
    }
}
