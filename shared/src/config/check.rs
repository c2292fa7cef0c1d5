//! What validation finds, and the checks that span several sections.

use super::{Config, deadlines, keys, retention};

/// The longest time that a setting in seconds can have: a year. It keeps sums of such times far
/// from any overflow, and nobody means more.
pub(super) const MAX_SECONDS: u64 = 365 * 24 * 3600;

/// Something that is wrong, or odd, with values that are each of the right type.
#[derive(Debug)]
pub(super) struct Finding {
    /// The keys that it is about; the first is the one to blame.
    pub(super) keys: Vec<&'static str>,
    pub(super) message: String,
}

/// Everything that validation found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) errors: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
    /// Which numbers keys may be, as they were checked.
    pub(super) ranges: Vec<(&'static str, (u64, u64))>,
}

impl Findings {
    pub(super) fn error(&mut self, keys: &[&'static str], message: impl Into<String>) {
        self.errors.push(finding(keys, message.into()));
    }

    pub(super) fn warning(&mut self, keys: &[&'static str], message: impl Into<String>) {
        self.warnings.push(finding(keys, message.into()));
    }

    /// An error unless `least <= value <= most`.
    pub(super) fn range(
        &mut self,
        key: &'static str,
        value: impl Into<u64>,
        least: u64,
        most: u64,
    ) {
        let value = value.into();
        self.ranges.push((key, (least, most)));
        if value < least || value > most {
            self.error(
                &[key],
                format!("must be from {least} to {most}, and is {value}"),
            );
        }
    }

    /// A time of at least a second.
    pub(super) fn seconds(&mut self, key: &'static str, value: u64) {
        self.range(key, value, 1, MAX_SECONDS);
    }

    pub(super) fn not_empty(&mut self, key: &'static str, value: &str) {
        if value.trim().is_empty() {
            self.error(&[key], "must not be empty");
        }
    }
}

fn finding(keys: &[&'static str], message: String) -> Finding {
    debug_assert!(keys.iter().all(|key| keys::find(key).is_some()), "{keys:?}");
    Finding {
        keys: keys.to_vec(),
        message,
    }
}

/// The numbers that a key may be: what the check of the defaults compared it with.
pub(super) fn range_of(path: &str) -> Option<(u64, u64)> {
    let ranges = check(&Config::default()).ranges;
    ranges
        .into_iter()
        .find(|(key, _)| *key == path)
        .map(|(_, range)| range)
}

/// Checks every section, then what must hold between them.
pub(super) fn check(config: &Config) -> Findings {
    let mut findings = Findings::default();
    config.server.check(&mut findings);
    config.database.check(&mut findings);
    config.auth.check(&mut findings);
    config.queue.check(&mut findings);
    config.openai.check(&mut findings);
    config.refresh.check(&mut findings);
    config.worker.check(&mut findings);
    config.journal.check(&mut findings);
    config.retention.check(&mut findings);
    config.log.check(&mut findings);
    config.security.check(&mut findings);
    deadlines::check(config, &mut findings);
    retention::check_journal(config, &mut findings);
    findings
}
