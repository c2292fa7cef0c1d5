//! Deadlines that depend on one another. Those that contradict one another lose tokens or put them in doubt: then the
//! process does not start. Those that only cut callers off or waste work are warnings. Each rule stands in
//! `docs/reliability.md`, "Deadlines".

use std::time::Duration;

use super::{Config, check::Findings};
use crate::deadlines::{
    ANSWERED_PATIENCE, JOURNAL_STALE, MISSED_HEARTBEATS, leave_to_owner, rescan,
};

pub(super) fn check(config: &Config, findings: &mut Findings) {
    drains(config, findings);
    sending(config, findings);
    heartbeats(config, findings);
    replay(config, findings);
    journals(config, findings);
    callers(config, findings);
    pushing(config, findings);
}

/// From the claim until the answer is saved, at most: each term begins when the one before has ended.
fn one_call(config: &Config) -> u64 {
    let Config {
        openai, refresh, ..
    } = config;
    refresh
        .send_budget_seconds
        .saturating_add(openai.request_timeout_seconds)
        .saturating_add(refresh.persist_seconds)
}

/// The sum that [`one_call`] is, for messages.
fn one_call_named(config: &Config) -> String {
    let Config {
        openai, refresh, ..
    } = config;
    format!(
        "refresh.send_budget_seconds ({}) + openai.request_timeout_seconds ({}) + refresh.persist_seconds ({}) = {}",
        refresh.send_budget_seconds,
        openai.request_timeout_seconds,
        refresh.persist_seconds,
        one_call(config)
    )
}

/// A process that leaves before its calls are answered and saved leaves tokens in doubt.
fn drains(config: &Config, findings: &mut Findings) {
    let drains = [
        ("server.drain_seconds", config.server.drain_seconds),
        ("worker.drain_seconds", config.worker.drain_seconds),
    ];
    for (key, drain) in drains {
        if drain < one_call(config) {
            findings.error(
                &[
                    key,
                    "refresh.send_budget_seconds",
                    "openai.request_timeout_seconds",
                    "refresh.persist_seconds",
                ],
                format!(
                    "is {drain}, but must be at least {}, so that a call under way at shutdown is still answered and \
                     saved: raise it, or lower one of the others",
                    one_call_named(config)
                ),
            );
        }
    }
}

/// The request's body may leave only after connecting, and not later than the send budget.
fn sending(config: &Config, findings: &mut Findings) {
    let (budget, connect) = (
        config.refresh.send_budget_seconds,
        config.openai.connect_timeout_seconds,
    );
    if budget < connect {
        findings.error(
            &[
                "refresh.send_budget_seconds",
                "openai.connect_timeout_seconds",
            ],
            format!(
                "is {budget}, but must be at least openai.connect_timeout_seconds ({connect}): a call is sent only once \
                 it is connected"
            ),
        );
    }
}

/// A worker must be seen to live before anything of it is taken for lost.
fn heartbeats(config: &Config, findings: &mut Findings) {
    let heartbeat = config.worker.heartbeat_seconds;
    let silent = heartbeat.saturating_mul(MISSED_HEARTBEATS.into());
    let abandon = config.refresh.abandon_after(&config.openai).as_secs();
    if silent > abandon {
        findings.error(
            &["worker.heartbeat_seconds", "refresh.grace_seconds"],
            format!(
                "is {heartbeat}, but {MISSED_HEARTBEATS} heartbeats must fit into the {abandon} s after which a silent \
                 worker's attempt is abandoned: lower it, or raise refresh.grace_seconds"
            ),
        );
    }
    let stale = JOURNAL_STALE.as_secs();
    if silent > stale {
        findings.error(
            &["worker.heartbeat_seconds"],
            format!(
                "is {heartbeat}, but {MISSED_HEARTBEATS} heartbeats must fit into the {stale} s after which a silent \
                 worker's old journals may be deleted: lower it"
            ),
        );
    }
}

/// An answer that lies in a journal must be replayed before its claim is given up: otherwise the credential is in doubt for
/// nothing, and a probe could use a token that is known to be spent.
fn replay(config: &Config, findings: &mut Findings) {
    let refresh = &config.refresh;
    let abandon = refresh.abandon_after(&config.openai);
    let seconds = Duration::from_secs;
    let needed = [
        leave_to_owner(abandon),
        rescan(abandon),
        seconds(config.worker.heartbeat_seconds),
        seconds(refresh.persist_seconds),
    ];
    let needed = needed
        .into_iter()
        .fold(Duration::ZERO, Duration::saturating_add);
    let patience = abandon.saturating_mul(ANSWERED_PATIENCE);
    if patience < needed {
        findings.error(
            &[
                "refresh.persist_seconds",
                "refresh.grace_seconds",
                "worker.heartbeat_seconds",
            ],
            format!(
                "is {}: finding an answer in a lost worker's journal and saving it takes up to {} s, but its attempt is \
                 given up after {} s: lower refresh.persist_seconds or worker.heartbeat_seconds, or raise \
                 refresh.grace_seconds",
                refresh.persist_seconds,
                needed.as_secs_f64(),
                patience.as_secs()
            ),
        );
    }
}

/// Journals must outlast whatever may still ask for them.
fn journals(config: &Config, findings: &mut Findings) {
    let kept = config.journal.retention_hours.saturating_mul(3600);
    let abandon = config.refresh.abandon_after(&config.openai);
    let settled = abandon.saturating_mul(ANSWERED_PATIENCE).as_secs();
    if kept < settled {
        findings.error(
            &["journal.retention_hours", "refresh.grace_seconds"],
            format!(
                "is {} ({kept} s), but a lost worker's answers may be needed for {settled} s: raise it, or lower \
                 refresh.grace_seconds",
                config.journal.retention_hours
            ),
        );
    }
    let delays = config.refresh.probe_delays_seconds.iter();
    let probes = delays.fold(0_u64, |sum, delay| sum.saturating_add(*delay));
    if kept < probes {
        findings.warning(
            &["journal.retention_hours", "refresh.probe_delays_seconds"],
            format!(
                "is {} ({kept} s), less than all of refresh.probe_delays_seconds together ({probes} s): an answer that \
                 would end a doubt can be deleted before the last probe",
                config.journal.retention_hours
            ),
        );
    }
}

/// Callers shall be told how their refresh ended.
fn callers(config: &Config, findings: &mut Findings) {
    let server = &config.server;
    if server.refresh_wait_seconds < one_call(config) {
        findings.warning(
            &[
                "server.refresh_wait_seconds",
                "refresh.send_budget_seconds",
                "openai.request_timeout_seconds",
                "refresh.persist_seconds",
            ],
            format!(
                "is {}, less than {}: callers can be told 504 before a slow call has ended",
                server.refresh_wait_seconds,
                one_call_named(config)
            ),
        );
    }
    if server.drain_seconds < server.refresh_wait_seconds {
        findings.warning(
            &["server.drain_seconds", "server.refresh_wait_seconds"],
            format!(
                "is {}, less than server.refresh_wait_seconds ({}): callers that wait can be cut off at shutdown",
                server.drain_seconds, server.refresh_wait_seconds
            ),
        );
    }
}

/// A job that a worker has just taken shall not be pushed again while it may still be sent.
fn pushing(config: &Config, findings: &mut Findings) {
    let refresh = &config.refresh;
    if refresh.repush_seconds < refresh.send_budget_seconds {
        findings.warning(
            &["refresh.repush_seconds", "refresh.send_budget_seconds"],
            format!(
                "is {}, less than refresh.send_budget_seconds ({}): jobs that workers have in hand are pushed again, \
                 which does no harm but costs work",
                refresh.repush_seconds, refresh.send_budget_seconds
            ),
        );
    }
}
