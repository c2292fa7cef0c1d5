//! Section `refresh`, and the deadlines that it shares with others.

use std::time::Duration;

use super::{load_yaml, problems};
use crate::config::Config;
use crate::model::schedule::DoubtPolicy;

#[test]
fn documented_yaml() {
    let refresh = load_yaml(
        r#"
refresh:
  auto: false
  lead_seconds: 3600
  interval_days: 7
  coalesce_seconds: 0
  send_budget_seconds: 12
  persist_seconds: 18
  grace_seconds: 8
  in_doubt_policy: "immediate"
  probe_delays_seconds: [60, 60]
  backoff_base_seconds: 10
  backoff_max_seconds: 10
  rate_per_second: 5
  lane_depth: 100
  repush_seconds: 30
  default_access_token_seconds: 600
"#,
    )
    .config
    .refresh;
    assert!(!refresh.auto);
    assert_eq!(
        (refresh.lead_seconds, refresh.interval_days),
        (3600, Some(7))
    );
    assert_eq!(
        (refresh.coalesce_seconds, refresh.send_budget_seconds),
        (0, 12)
    );
    assert_eq!((refresh.persist_seconds, refresh.grace_seconds), (18, 8));
    assert_eq!(refresh.in_doubt_policy, DoubtPolicy::Immediate);
    assert_eq!(refresh.probe_delays_seconds, [60, 60]);
    assert_eq!(
        (refresh.backoff_base_seconds, refresh.backoff_max_seconds),
        (10, 10)
    );
    assert_eq!((refresh.rate_per_second, refresh.lane_depth), (5, 100));
    assert_eq!(
        (refresh.repush_seconds, refresh.default_access_token_seconds),
        (30, 600)
    );
}

#[test]
fn impossible_values() {
    for yaml in [
        "lead_seconds: 0",
        "lead_seconds: 18446744073709551615",
        "interval_days: 0",
        "interval_days: 31",
        "rate_per_second: 0",
        "lane_depth: 0",
        "in_doubt_policy: never",
        "probe_delays_seconds: [1, 2, 3, 4]",
        "probe_delays_seconds: [0]",
        "probe_delays_seconds: [600, 60]",
        "probe_delays_seconds: 600",
        "probe_delays_seconds: [[600]]",
        "backoff_max_seconds: 29",
        "{coalesce_seconds: 60, lead_seconds: 60}",
        "persist_seconds: 0",
        "repush_seconds: 0",
    ] {
        problems(&format!("refresh:\n  {yaml}\n"));
    }
    assert_eq!(
        load_yaml("refresh: {probe_delays_seconds: []}")
            .config
            .refresh
            .probe_delays_seconds,
        [0; 0]
    );
}

#[test]
fn an_attempt_is_abandoned_after_all_its_deadlines() {
    let config = Config::default();
    assert_eq!(
        config.refresh.abandon_after(&config.openai),
        Duration::from_secs(65)
    );
    let mut config = config;
    config.refresh.grace_seconds = u64::MAX;
    assert_eq!(
        config.refresh.abandon_after(&config.openai),
        Duration::from_secs(u64::MAX)
    );
}

#[test]
fn the_predecessors_keys_take_effect() {
    let loaded = load_yaml("openai: {refresh_interval: 3, schedule_enabled: false}");
    assert_eq!(loaded.config.refresh.interval_days, Some(3));
    assert!(!loaded.config.refresh.auto);
    assert_eq!(loaded.warnings, [] as [&str; 0]);

    // What is wrong with the value is said about the key that the operator wrote.
    let found = problems("openai: {refresh_interval: 31}");
    assert!(
        found.contains("test.yml:1:28: openai.refresh_interval: must be from 1 to 30"),
        "{found}"
    );
}

#[test]
fn both_names_may_agree_but_not_differ() {
    load_yaml("openai: {refresh_interval: 3}\nrefresh: {interval_days: 3}\n");
    let found = problems("refresh: {auto: true}\nopenai: {schedule_enabled: false}\n");
    assert!(
        found.contains("openai.schedule_enabled: is false, but refresh.auto ("),
        "{found}"
    );
    assert!(
        found.contains("test.yml:1:17) means the same and is true"),
        "{found}"
    );
}
