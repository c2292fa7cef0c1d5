//! Deadlines that depend on one another: each rule at its edge, where it passes, and one beyond, where it does not.

use super::{load_yaml, problems};

/// A configuration at the edge of one rule and one beyond it, and what is said about the latter.
struct Edge {
    passes: &'static str,
    fails: &'static str,
    says: &'static [&'static str],
}

const ERRORS: &[Edge] = &[
    Edge {
        passes: "worker: {drain_seconds: 55}",
        fails: "worker: {drain_seconds: 54}",
        says: &[
            "worker.drain_seconds: is 54, but must be at least refresh.send_budget_seconds (10) + \
             openai.request_timeout_seconds (30) + refresh.persist_seconds (15) = 55",
            "raise it",
        ],
    },
    Edge {
        passes: "server: {drain_seconds: 55}",
        fails: "server: {drain_seconds: 54}",
        says: &["server.drain_seconds: is 54, but must be at least", "= 55"],
    },
    Edge {
        passes: "openai: {connect_timeout_seconds: 10}",
        fails: "openai: {connect_timeout_seconds: 11}",
        says: &[
            "refresh.send_budget_seconds: is 10, but must be at least openai.connect_timeout_seconds (11)",
        ],
    },
    Edge {
        passes: "{worker: {heartbeat_seconds: 22}, refresh: {grace_seconds: 11}}",
        fails: "{worker: {heartbeat_seconds: 22}, refresh: {grace_seconds: 10}}",
        says: &[
            "worker.heartbeat_seconds: is 22, but 3 heartbeats must fit into the 65 s",
            "raise refresh.grace_seconds",
        ],
    },
    Edge {
        passes: "{worker: {heartbeat_seconds: 1200}, refresh: {grace_seconds: 4000}}",
        fails: "{worker: {heartbeat_seconds: 1201}, refresh: {grace_seconds: 4000}}",
        says: &[
            "worker.heartbeat_seconds: is 1201, but 3 heartbeats must fit into the 3600 s",
            "journals",
        ],
    },
    Edge {
        passes: "{openai: {connect_timeout_seconds: 1, request_timeout_seconds: 1}, \
                 refresh: {send_budget_seconds: 1, persist_seconds: 15, grace_seconds: 1}, worker: {heartbeat_seconds: 3}}",
        fails: "{openai: {connect_timeout_seconds: 1, request_timeout_seconds: 1}, \
                refresh: {send_budget_seconds: 1, persist_seconds: 15, grace_seconds: 1}, worker: {heartbeat_seconds: 4}}",
        says: &[
            "refresh.persist_seconds: is 15: finding an answer in a lost worker's journal and saving it takes up to 37 s, \
             but its attempt is given up after 36 s",
            "raise refresh.grace_seconds",
        ],
    },
    Edge {
        passes: "{journal: {retention_hours: 1}, refresh: {grace_seconds: 1745}}",
        fails: "{journal: {retention_hours: 1}, refresh: {grace_seconds: 1746}}",
        says: &[
            "journal.retention_hours: is 1 (3600 s), but a lost worker's answers may be needed for 3602 s",
        ],
    },
    Edge {
        passes: "refresh: {backoff_base_seconds: 60, backoff_max_seconds: 60}",
        fails: "refresh: {backoff_base_seconds: 60, backoff_max_seconds: 59}",
        says: &["refresh.backoff_max_seconds: is 59, but must be at least"],
    },
    Edge {
        passes: "refresh: {coalesce_seconds: 59, lead_seconds: 60}",
        fails: "refresh: {coalesce_seconds: 60, lead_seconds: 60}",
        says: &["refresh.coalesce_seconds: is 60, but must be less than"],
    },
];

const WARNINGS: &[Edge] = &[
    Edge {
        passes: "server: {refresh_wait_seconds: 55}",
        fails: "server: {refresh_wait_seconds: 54}",
        says: &[
            "server.refresh_wait_seconds",
            "is 54, less than",
            "callers can be told 504",
        ],
    },
    Edge {
        passes: "server: {refresh_wait_seconds: 75}",
        fails: "server: {refresh_wait_seconds: 76}",
        says: &["server.drain_seconds", "is 75, less than", "cut off"],
    },
    Edge {
        passes: "{journal: {retention_hours: 8}, refresh: {probe_delays_seconds: [600, 3600, 24600]}}",
        fails: "{journal: {retention_hours: 8}, refresh: {probe_delays_seconds: [600, 3600, 24601]}}",
        says: &[
            "journal.retention_hours",
            "(28800 s), less than",
            "(28801 s)",
            "before the last probe",
        ],
    },
    Edge {
        passes: "refresh: {repush_seconds: 10}",
        fails: "refresh: {repush_seconds: 9}",
        says: &["refresh.repush_seconds", "is 9, less than", "costs work"],
    },
];

#[test]
fn contradictions_refuse_the_start_and_the_edge_passes() {
    for edge in ERRORS {
        load_yaml(edge.passes);
        let found = problems(edge.fails);
        for part in edge.says {
            assert!(found.contains(part), "{part}\nnot in\n{found}");
        }
    }
}

#[test]
fn what_is_odd_is_warned_of_and_the_edge_is_not() {
    assert_eq!(load_yaml("{}").warnings, [] as [&str; 0]);
    for edge in WARNINGS {
        let quiet = load_yaml(edge.passes).warnings;
        assert_eq!(quiet, [] as [&str; 0], "{}", edge.passes);
        let warnings = load_yaml(edge.fails).warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        for part in edge.says {
            assert!(
                warnings[0].contains(part),
                "{part}\nnot in\n{}",
                warnings[0]
            );
        }
    }
}

#[test]
fn what_caused_it_is_named_with_its_place() {
    let found = problems(
        "openai: {request_timeout_seconds: 70}\nrefresh: {send_budget_seconds: 9}\n\
         worker: {heartbeat_seconds: 60}\n",
    );
    for expected in [
        "server.drain_seconds: is 75, but must be at least refresh.send_budget_seconds (9) + \
         openai.request_timeout_seconds (70) + refresh.persist_seconds (15) = 94",
        "worker.drain_seconds: is 60, but must be at least",
        "test.yml:2:32: refresh.send_budget_seconds: is 9, but must be at least \
         openai.connect_timeout_seconds (10)",
        "test.yml:3:29: worker.heartbeat_seconds: is 60, but 3 heartbeats must fit",
    ] {
        assert!(found.contains(expected), "{expected}\nnot in\n{found}");
    }
    // The key that caused it is named with its place, though another one is blamed.
    assert!(
        found.contains("openai.request_timeout_seconds is from"),
        "{found}"
    );
    assert!(found.contains("test.yml:1:35"), "{found}");
}
