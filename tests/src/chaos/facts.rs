//! What was done to whom, and what the processes have logged: the witnesses that the audit hears besides ledger, database
//! and journals.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::Path,
};

use serde_json::Value;

use crate::support::Part;

/// The processes' logs as the audit needs them. Campaigns run with `log.format: json`.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// Attempts whose worker has told that it holds new tokens, by worker.
    pub rotated: HashMap<String, HashSet<String>>,
    /// When each process first met a database that is away, by its log file (milliseconds since the epoch).
    pub database_away: BTreeMap<String, Vec<i64>>,
    /// How often each level was logged.
    pub errors: BTreeMap<String, usize>,
    /// Lines of panics; there must be none.
    pub panics: Vec<String>,
}

/// A process that was killed.
#[derive(Debug, Clone)]
pub struct Kill {
    /// Which one.
    pub part: Part,
    /// The start of the worker in it, where it had told.
    pub boot: Option<String>,
    /// When (milliseconds since the epoch).
    pub at_ms: i64,
}

/// What the harness did.
#[derive(Debug, Clone, Default)]
pub struct Deeds {
    /// Processes that were killed.
    pub kills: Vec<Kill>,
    /// How often each kind of fault was applied.
    pub counts: BTreeMap<String, usize>,
}

impl Deeds {
    /// Notes a fault of this kind.
    pub fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }
}

/// The messages that tell of a database that does not answer.
const DATABASE_AWAY: [&str; 3] = ["commit failed", "claim failed", "heartbeat failed"];

impl Logs {
    /// Reads all logs of a system's folder.
    pub fn read(folder: &Path) -> Self {
        let mut logs = Self::default();
        for entry in fs::read_dir(folder).expect("the system's folder").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|kind| kind == "log") {
                let name = entry.file_name().to_string_lossy().into_owned();
                logs.hear(&name, &fs::read_to_string(&path).unwrap_or_default());
            }
        }
        logs
    }

    fn hear(&mut self, name: &str, text: &str) {
        let mut worker = String::new();
        for line in text.lines() {
            // A line that a kill has cut says nothing.
            let Ok(event) = serde_json::from_str::<Value>(line) else {
                if line.contains("panicked at") {
                    self.panics.push(line.to_owned());
                }
                continue;
            };
            let said = |field: &str| event[field].as_str().unwrap_or_default();
            let message = said("message");
            if message == "worker started" {
                said("worker").clone_into(&mut worker);
            } else if message == "refresh finished" && said("outcome") == "rotated" {
                let told = self.rotated.entry(worker.clone()).or_default();
                told.insert(said("attempt").to_owned());
            }
            if message.contains("panic") {
                self.panics.push(line.to_owned());
            }
            if said("level") == "ERROR" {
                *self.errors.entry(message.to_owned()).or_default() += 1;
            }
            if DATABASE_AWAY.iter().any(|text| message.starts_with(text)) {
                let at = said("timestamp").parse::<jiff::Timestamp>();
                let times = self.database_away.entry(name.to_owned()).or_default();
                times.extend(at.map(jiff::Timestamp::as_millisecond));
            }
        }
    }

    /// Whether this worker has told that the attempt brought new tokens: it then held them, classified.
    pub fn knew(&self, worker: &str, attempt: &str) -> bool {
        self.rotated
            .get(worker)
            .is_some_and(|told| told.contains(attempt))
    }
}

/// The start of the worker that a log tells of.
pub(super) fn boot_in(log: &str) -> Option<String> {
    log.lines().find_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        (event["message"] == "worker started")
            .then(|| event["worker"].as_str().map(str::to_owned))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = concat!(
        r#"{"timestamp":"2026-11-23T05:14:46.500000+08:00","level":"INFO","message":"worker started","worker":"W"}"#,
        "\n",
        r#"{"timestamp":"2026-11-23T05:14:47.500000+08:00","level":"INFO","message":"refresh finished","attempt":"A","outcome":"rotated"}"#,
        "\n",
        r#"{"timestamp":"2026-11-23T05:14:47.500000+08:00","level":"INFO","message":"refresh finished","attempt":"B","outcome":"transient"}"#,
        "\n",
        r#"{"timestamp":"2026-11-23T05:14:48.500000+08:00","level":"ERROR","message":"commit failed","attempt":"A"}"#,
        "\nthread 'x' panicked at y\n",
        r#"{"timestamp":"2026-11-23T05:14:4"#,
    );

    #[test]
    fn logs_tell_what_workers_knew() {
        let mut logs = Logs::default();
        logs.hear("worker-0-1.log", LOG);
        assert!(logs.knew("W", "A") && !logs.knew("W", "B") && !logs.knew("V", "A"));
        assert_eq!(
            logs.database_away["worker-0-1.log"],
            [1_795_382_088_500_i64]
        );
        assert_eq!(logs.errors["commit failed"], 1);
        assert_eq!(logs.panics.len(), 1);
        assert_eq!(boot_in(LOG).as_deref(), Some("W"));
        assert_eq!(boot_in("nothing"), None);
    }
}
