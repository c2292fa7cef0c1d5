//! R16: steady load for an hour; memory and file descriptors stay where they are.

use std::{collections::BTreeMap, fs, time::Duration};

use crate::{
    chaos::{
        campaign::Campaign,
        plan::{Plan, Setup},
        report::Report,
    },
    support::Part,
};
use tokio::time::Instant;

/// How often processes are looked at.
const SAMPLE: Duration = Duration::from_secs(2);
/// What counts as flat: the allocator keeps some memory of bursts, and the history of the metrics and the pools settle.
const RSS_GROWTH: f64 = 1.10;
const RSS_ROOM_KIB: u64 = 6 * 1024;
/// Connections that pools open and close.
const FD_ROOM: u64 = 12;

/// What a process uses.
#[derive(Debug, Clone, Copy)]
struct Usage {
    rss_kib: u64,
    descriptors: u64,
}

pub(super) async fn soak(plan: Plan) -> Report {
    let lasts = plan.duration(3600, 300);
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| plan.pick(2000, 200)),
        apis: 1,
        workers: plan.pick(2, 1),
        concurrency: 8,
        upstream_ms: 30,
        rate: plan.pick(50, 10),
    };
    let mut campaign = Campaign::start(plan, setup, |builder| builder).await;
    // From now on everything is due again all the time: a third of 120 s before the end of each access token.
    campaign.settle().await;
    campaign
        .upstream
        .set_defaults(|defaults| defaults.at_life_seconds = 120);
    campaign.make_due().await;
    let begun = Instant::now();
    let mut samples: BTreeMap<Part, Vec<Usage>> = BTreeMap::new();
    let mut turn = 0;
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let redis_at_first = campaign.redis.used_memory();
    let mut looked = Instant::now();
    while begun.elapsed() < lasts {
        // Callers of both kinds, and one who asks for what is not there.
        let key = &campaign.accounts[turn % campaign.accounts.len()].key;
        let public = campaign.system.public();
        let asked = match turn % 10 {
            0 => ("refresh", public.refresh(key).await),
            1 => ("unknown", public.get_at("nobody").await),
            _ => ("get-at", public.get_at(key).await),
        };
        *answers
            .entry(format!("{} {}", asked.0, asked.1.status))
            .or_default() += 1;
        turn += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if looked.elapsed() >= SAMPLE {
            looked = Instant::now();
            for (part, pid) in campaign.system.pids() {
                if let Some(usage) = usage(pid.as_raw_nonzero().get()) {
                    samples.entry(part).or_default().push(usage);
                }
            }
        }
    }
    for (part, samples) in samples {
        note_flat(&mut campaign, part, &samples);
    }
    let redis = campaign.redis.used_memory().saturating_sub(redis_at_first) / 1024;
    campaign.check(
        "Redis stays small",
        format!("{redis} KiB more than at first"),
        redis < 5 * 1024,
    );
    let refused = answers
        .keys()
        .any(|code| !code.ends_with("200") && !code.ends_with("404"));
    campaign.check(
        "callers get what they ask for",
        format!("{answers:?}"),
        !refused,
    );
    campaign.finish().await
}

fn usage(pid: i32) -> Option<Usage> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(Usage {
        rss_kib: line.split_whitespace().next()?.parse().ok()?,
        descriptors: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64,
    })
}

/// Compares the middle values of the second fifth, when everything has warmed up, and of the last.
fn note_flat(campaign: &mut Campaign, part: Part, samples: &[Usage]) {
    let fifth = samples.len() / 5;
    let middle = |from: usize, value: &dyn Fn(&Usage) -> u64| {
        let mut values: Vec<_> = samples[from..from + fifth].iter().map(value).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    if fifth == 0 {
        return campaign.check(format!("{part} stays flat"), "too few samples", false);
    }
    let (early, late) = (fifth, samples.len() - fifth);
    let rss = |from| middle(from, &|usage| usage.rss_kib);
    let descriptors = |from| middle(from, &|usage| usage.descriptors);
    #[expect(clippy::cast_precision_loss, reason = "kilobytes of one process")]
    let grown =
        rss(late) as f64 > rss(early) as f64 * RSS_GROWTH && rss(late) > rss(early) + RSS_ROOM_KIB;
    campaign.check(
        format!("{part} stays flat"),
        format!(
            "{:.1} → {:.1} MiB, {} → {} descriptors",
            mebibytes(rss(early)),
            mebibytes(rss(late)),
            descriptors(early),
            descriptors(late)
        ),
        !grown && descriptors(late) <= descriptors(early) + FD_ROOM,
    );
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
