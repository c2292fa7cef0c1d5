//! What validation finds, and the checks that span several sections.

use super::{Config, keys};

/// The longest time that a setting in seconds can have: a year. It keeps sums of such times far
/// from any overflow, and nobody means more.
pub(super) const MAX_SECONDS: u64 = 365 * 24 * 3600;

/// How many heartbeats a worker may miss before others may think that it is gone: 3, so that one
/// lost packet or one slow commit is no death.
const MISSED_HEARTBEATS: u64 = 3;

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
    config.log.check(&mut findings);
    config.security.check(&mut findings);
    deadlines(config, &mut findings);
    findings
}

/// Deadlines that contradict one another lose tokens or cut callers off; better not to start.
fn deadlines(config: &Config, findings: &mut Findings) {
    let Config {
        server,
        openai,
        refresh,
        worker,
        ..
    } = config;
    let answer = openai.request_timeout_seconds;
    let save = answer.saturating_add(refresh.persist_seconds);

    // A process that leaves before its calls are answered and saved leaves tokens in doubt.
    let drains = [
        ("server.drain_seconds", server.drain_seconds),
        ("worker.drain_seconds", worker.drain_seconds),
    ];
    for (key, drain) in drains {
        if drain < save {
            findings.error(
                &[
                    key,
                    "openai.request_timeout_seconds",
                    "refresh.persist_seconds",
                ],
                format!(
                    "is {drain}, but must be at least openai.request_timeout_seconds ({answer}) + \
                     refresh.persist_seconds ({}) = {save}, so that a call under way at shutdown \
                     is still answered and saved",
                    refresh.persist_seconds
                ),
            );
        }
    }

    // The request's body may leave only after connecting, and not later than the send budget.
    if refresh.send_budget_seconds < openai.connect_timeout_seconds {
        findings.error(
            &[
                "refresh.send_budget_seconds",
                "openai.connect_timeout_seconds",
            ],
            format!(
                "is {}, but must be at least openai.connect_timeout_seconds ({}): a call is sent \
                 only once it is connected",
                refresh.send_budget_seconds, openai.connect_timeout_seconds
            ),
        );
    }

    let abandon = refresh.abandon_after(openai).as_secs();
    if worker.heartbeat_seconds.saturating_mul(MISSED_HEARTBEATS) > abandon {
        findings.error(
            &["worker.heartbeat_seconds", "refresh.grace_seconds"],
            format!(
                "is {}, but {MISSED_HEARTBEATS} heartbeats must fit into the {abandon} s after \
                 which a silent worker's attempt is abandoned",
                worker.heartbeat_seconds
            ),
        );
    }

    if server.refresh_wait_seconds <= answer {
        findings.warning(
            &[
                "server.refresh_wait_seconds",
                "openai.request_timeout_seconds",
            ],
            format!(
                "is {}, not more than openai.request_timeout_seconds ({answer}): callers can be \
                 told 504 before a slow call has ended",
                server.refresh_wait_seconds
            ),
        );
    }
    if server.drain_seconds < server.refresh_wait_seconds {
        findings.warning(
            &["server.drain_seconds", "server.refresh_wait_seconds"],
            format!(
                "is {}, less than server.refresh_wait_seconds ({}): callers that wait can be cut \
                 off at shutdown",
                server.drain_seconds, server.refresh_wait_seconds
            ),
        );
    }
}
