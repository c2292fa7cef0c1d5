//! Section `refresh`: when and how tokens are refreshed (docs/architecture.md).

use std::time::Duration;

use super::OpenAiConfig;
use super::check::{Findings, MAX_SECONDS};
use super::keys::{Key, key};
use super::value::Choice;
use crate::deadlines::COMMIT_RETRY_MAX;
use crate::model::schedule::{DoubtPolicy, SchedulePolicy};

/// A day: room for an outage of the upstream and for somebody to look after it.
const LEAD_SECONDS: u64 = 24 * 3600;
/// The predecessor's range for its interval in days.
const INTERVAL_DAYS: (u64, u64) = (1, 30);
/// Long enough for a burst of callers about one credential, short enough to surprise nobody.
const COALESCE_SECONDS: u64 = 5;
/// A minute: a client that asks for a life that its access tokens never have must not make the upstream busy.
const MIN_INTERVAL_SECONDS: u64 = 60;
/// The time to connect, all of it.
const SEND_BUDGET_SECONDS: u64 = 10;
/// A group commit with a few repetitions while the database fails over.
const PERSIST_SECONDS: u64 = 15;
const _: () = assert!(PERSIST_SECONDS >= 2 * COMMIT_RETRY_MAX.as_secs());
/// What separate clocks and a busy scheduler may add.
const GRACE_SECONDS: u64 = 10;
/// At growing distance: 10 minutes, 1 hour, 6 hours.
const PROBE_DELAYS_SECONDS: [u64; 3] = [600, 3600, 21_600];
/// At most three probes: each may be the one that the upstream takes for a replay.
const MAX_PROBES: usize = 3;
/// The first pause after a failure that left the token intact.
const BACKOFF_BASE_SECONDS: u64 = 30;
/// The longest pause: an upstream that is back is noticed within the hour.
const BACKOFF_MAX_SECONDS: u64 = 3600;
/// A hundred thousand credentials in an hour and a half, without alarming the upstream.
const RATE_PER_SECOND: u32 = 20;
/// Jobs that wait in a lane: a minute's work, so that the queue never holds what can be cancelled.
const LANE_DEPTH: u32 = 1000;
/// How long a job may be silent before it is pushed again; a doubled job does no harm.
const REPUSH_SECONDS: u64 = 60;
/// The shortest life met (docs/architecture.md, “The upstream”), for access tokens that do not say theirs.
const DEFAULT_ACCESS_TOKEN_SECONDS: u64 = 3600;

/// Section `refresh`.
#[derive(Clone, Debug)]
pub struct RefreshConfig {
    /// Whether credentials are refreshed by themselves, before their access token expires.
    pub auto: bool,
    /// How long before the access token expires.
    pub lead_seconds: u64,
    /// Also every so many days, whichever comes first.
    pub interval_days: Option<u32>,
    /// A refresh that succeeded this recently answers the next request, too.
    pub coalesce_seconds: u64,
    /// For `min_ttl` a credential is refreshed at most once in this time.
    pub min_interval_seconds: u64,
    /// From the claim to the first byte of the request's body; later it is not sent.
    pub send_budget_seconds: u64,
    /// What saving an answer may take.
    pub persist_seconds: u64,
    /// What is waited on top before an attempt counts as abandoned.
    pub grace_seconds: u64,
    /// What happens to a credential in doubt.
    pub in_doubt_policy: DoubtPolicy,
    /// The pauses before the probes of a credential in doubt; as many probes as entries.
    pub probe_delays_seconds: Vec<u64>,
    /// The first pause after a transient failure.
    pub backoff_base_seconds: u64,
    /// The longest pause after transient failures.
    pub backoff_max_seconds: u64,
    /// Most scheduled refreshes a second, over all workers.
    pub rate_per_second: u32,
    /// Most jobs that wait in a lane.
    pub lane_depth: u32,
    /// After how long a job that nobody claimed is pushed again.
    pub repush_seconds: u64,
    /// The life of an access token that does not say when it expires.
    pub default_access_token_seconds: u64,
}

impl Choice for DoubtPolicy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("before_expiry", Self::BeforeExpiry),
        ("immediate", Self::Immediate),
        ("manual", Self::Manual),
    ];
    const NAMES: &'static [&'static str] = &["before_expiry", "immediate", "manual"];
}

impl Default for RefreshConfig {
    fn default() -> Self {
        Self {
            auto: true,
            lead_seconds: LEAD_SECONDS,
            interval_days: None,
            coalesce_seconds: COALESCE_SECONDS,
            min_interval_seconds: MIN_INTERVAL_SECONDS,
            send_budget_seconds: SEND_BUDGET_SECONDS,
            persist_seconds: PERSIST_SECONDS,
            grace_seconds: GRACE_SECONDS,
            in_doubt_policy: DoubtPolicy::BeforeExpiry,
            probe_delays_seconds: PROBE_DELAYS_SECONDS.to_vec(),
            backoff_base_seconds: BACKOFF_BASE_SECONDS,
            backoff_max_seconds: BACKOFF_MAX_SECONDS,
            rate_per_second: RATE_PER_SECOND,
            lane_depth: LANE_DEPTH,
            repush_seconds: REPUSH_SECONDS,
            default_access_token_seconds: DEFAULT_ACCESS_TOKEN_SECONDS,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(
        live refresh.auto,
        "Refresh credentials before their access token expires."
    ),
    key!(
        live refresh.lead_seconds,
        "How long before; at most a third of the token's life is used."
    ),
    key!(
        live refresh.interval_days,
        "Refresh every 1 to 30 days as well, whichever comes first."
    ),
    key!(
        live refresh.coalesce_seconds,
        "A refresh this recent also answers the next request."
    ),
    key!(
        live refresh.min_interval_seconds,
        "For min_ttl of get-at a credential is refreshed at most once in this time."
    ),
    key!(
        live refresh.send_budget_seconds,
        "From claiming an attempt to sending it, at most."
    ),
    key!(live refresh.persist_seconds, "What saving an answer may take."),
    key!(
        live refresh.grace_seconds,
        "Extra wait before a silent attempt counts as abandoned."
    ),
    key!(
        live refresh.in_doubt_policy,
        "before_expiry, immediate or manual: when a credential in doubt is tried again."
    ),
    key!(
        live refresh.probe_delays_seconds,
        "Pauses before those trials; at most three, growing."
    ),
    key!(
        live refresh.backoff_base_seconds,
        "First pause after a transient failure."
    ),
    key!(
        live refresh.backoff_max_seconds,
        "Longest pause after transient failures."
    ),
    key!(
        live refresh.rate_per_second,
        "Most scheduled refreshes a second, over all workers."
    ),
    key!(live refresh.lane_depth, "Most jobs that wait in the queue."),
    key!(
        live refresh.repush_seconds,
        "When a job that nobody took is queued again."
    ),
    key!(
        live refresh.default_access_token_seconds,
        "Life of an access token that does not say when it expires."
    ),
];

impl RefreshConfig {
    /// The choices that decide when refreshes happen, as the state machine takes them.
    pub fn schedule_policy(&self) -> SchedulePolicy {
        let seconds = Duration::from_secs;
        SchedulePolicy {
            lead: seconds(self.lead_seconds),
            interval: self
                .interval_days
                .map(|days| Duration::from_hours(24) * days),
            backoff_base: seconds(self.backoff_base_seconds),
            backoff_max: seconds(self.backoff_max_seconds),
            doubt: self.in_doubt_policy,
            probe_delays: self
                .probe_delays_seconds
                .iter()
                .copied()
                .map(seconds)
                .collect(),
        }
    }

    /// After how much silence of a worker its attempt is given up: send budget, answer deadline,
    /// time to save, grace. Connecting needs no term of its own, since it ends within the send
    /// budget.
    pub fn abandon_after(&self, openai: &OpenAiConfig) -> Duration {
        let parts = [
            self.send_budget_seconds,
            openai.request_timeout_seconds,
            self.persist_seconds,
            self.grace_seconds,
        ];
        Duration::from_secs(parts.into_iter().fold(0, u64::saturating_add))
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        let (least, most) = INTERVAL_DAYS;
        let days = self.interval_days.map_or(least, u64::from);
        findings.range("refresh.interval_days", days, least, most);
        findings.range(
            "refresh.coalesce_seconds",
            self.coalesce_seconds,
            0,
            MAX_SECONDS,
        );
        findings.range(
            "refresh.min_interval_seconds",
            self.min_interval_seconds,
            0,
            MAX_SECONDS,
        );
        findings.range(
            "refresh.rate_per_second",
            self.rate_per_second,
            1,
            u32::MAX.into(),
        );
        findings.range("refresh.lane_depth", self.lane_depth, 1, u32::MAX.into());
        for (key, seconds) in [
            ("refresh.lead_seconds", self.lead_seconds),
            ("refresh.send_budget_seconds", self.send_budget_seconds),
            ("refresh.persist_seconds", self.persist_seconds),
            ("refresh.grace_seconds", self.grace_seconds),
            ("refresh.backoff_base_seconds", self.backoff_base_seconds),
            ("refresh.backoff_max_seconds", self.backoff_max_seconds),
            ("refresh.repush_seconds", self.repush_seconds),
            (
                "refresh.default_access_token_seconds",
                self.default_access_token_seconds,
            ),
        ] {
            findings.seconds(key, seconds);
        }
        self.check_probes(findings);
        if self.backoff_max_seconds < self.backoff_base_seconds {
            findings.error(
                &[
                    "refresh.backoff_max_seconds",
                    "refresh.backoff_base_seconds",
                ],
                format!(
                    "is {}, but must be at least refresh.backoff_base_seconds ({})",
                    self.backoff_max_seconds, self.backoff_base_seconds
                ),
            );
        }
        if self.coalesce_seconds >= self.lead_seconds {
            findings.error(
                &["refresh.coalesce_seconds", "refresh.lead_seconds"],
                format!(
                    "is {}, but must be less than refresh.lead_seconds ({})",
                    self.coalesce_seconds, self.lead_seconds
                ),
            );
        }
    }

    fn check_probes(&self, findings: &mut Findings) {
        let delays = &self.probe_delays_seconds;
        let possible = delays.iter().all(|delay| (1..=MAX_SECONDS).contains(delay));
        if delays.len() > MAX_PROBES || !possible || !delays.is_sorted() {
            findings.error(
                &["refresh.probe_delays_seconds"],
                format!(
                    "must be at most {MAX_PROBES} times from 1 to {MAX_SECONDS}, none shorter than \
                     the one before"
                ),
            );
        }
    }
}
