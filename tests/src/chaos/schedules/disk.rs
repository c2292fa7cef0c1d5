//! R15: a disk is full: the journal's first, then, where the database is a file, the database's.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::outages::Readers;
use crate::{
    chaos::{
        campaign::Campaign,
        plan::{Plan, Setup},
        report::Report,
    },
    standin::wall_ms,
    support::{Backend, until},
};

/// The small file system: room for some journals of a megabyte each, or a small database.
const SIZE: &str = "size=24m,mode=0777";

/// A call whose intent was written before the disk was full may still be sent.
const PASSED_MS: i64 = 1000;

/// A file system in memory, mounted over a folder. Needs the right to mount, as root has it.
pub(super) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    pub(super) fn mount(folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(folder)
            .status()
            .expect("mount runs");
        assert!(
            done.success(),
            "a small file system cannot be mounted: R15 has to run as root, for example in a container with CAP_SYS_ADMIN"
        );
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Takes all room that is left.
    fn fill(&self) {
        let mut file = File::create(self.folder.join("ballast")).expect("a file");
        // The last pages go in small pieces, or a few kilobytes would stay free.
        for piece in [1024 * 1024, 4096, 1] {
            let bytes = vec![1; piece];
            while file.write_all(&bytes).is_ok() {}
        }
    }

    /// Gives it back.
    fn free(&self) {
        fs::remove_file(self.folder.join("ballast")).expect("the ballast");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is being killed may still have a file open.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

/// Which disk is small, and where it is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Journal,
    Database,
}

/// Both parts are one campaign each; the report is that of the last, with the checks of all.
pub(super) async fn full(plan: Plan) -> Report {
    let mut report = one(plan.clone(), Victim::Journal).await;
    if plan.backend == Backend::Sqlite {
        let journal = report;
        report = one(plan, Victim::Database).await;
        report.add(journal);
    }
    report
}

async fn one(plan: Plan, victim: Victim) -> Report {
    let setup = Setup {
        credentials: plan.credentials.unwrap_or_else(|| match victim {
            // The segments that are open have room for some hundreds.
            Victim::Journal => plan.pick(4000, 1600),
            Victim::Database => plan.pick(2000, 120),
        }),
        workers: 2,
        upstream_ms: match victim {
            Victim::Journal => 10,
            Victim::Database => 100,
        },
        ..Setup::of(&plan)
    };
    let mut disk = None;
    let mut campaign = Campaign::start(plan, setup, |builder| {
        let (folder, journal) = match victim {
            Victim::Journal => ("data/journal", "./data/journal"),
            Victim::Database => ("data", "./journal"),
        };
        disk = Some(SmallDisk::mount(&builder.folder().join(folder)));
        builder.set("RTM_JOURNAL__DIRECTORY", journal)
    })
    .await;
    let disk = disk.expect("a small disk");
    let readers = Readers::start(&campaign, "c0").await;
    disk.fill();
    campaign.deeds.count(match victim {
        Victim::Journal => "journal's disk full",
        Victim::Database => "database's disk full",
    });
    let (name, says) = match victim {
        Victim::Journal => ("journal", "journal"),
        Victim::Database => ("database", "takes no writes"),
    };
    // What had room set aside before goes on; then nothing is sent any more.
    let why = until_stopped(&campaign).await;
    let stopped_ms = wall_ms();
    tokio::time::sleep(campaign.plan.millis(10_000, 3500)).await;
    let (further, unwritten) = calls_since(&campaign, stopped_ms + PASSED_MS).await;
    let left = campaign.look().await.map_or(0, |look| look.waiting());
    campaign.check(
        format!("{name}: refreshing stops before the call"),
        format!(
            "{left} credentials wait; {further} calls while it was full, {unwritten} of them without room in the journal"
        ),
        unwritten == 0 && left > 0,
    );
    campaign.check(
        format!("{name}: /readyz says why"),
        why.clone(),
        why.contains("503") && why.contains(says),
    );
    disk.free();
    campaign.settle().await;
    readers.note(&mut campaign).await;
    let lost = campaign.look().await.map_or(0, |look| look.of("in_doubt"));
    campaign.check(
        format!("{name}: nothing is in doubt"),
        lost.to_string(),
        lost == 0,
    );
    let report = campaign.finish().await;
    drop(disk);
    report
}

/// The calls that began after a moment, and those of them whose answer found no room in a journal. A journal file that is closed
/// gives its unused room back, and a few calls may be made with that.
async fn calls_since(campaign: &Campaign, since_ms: i64) -> (usize, usize) {
    let calls: HashSet<u64> = campaign
        .upstream
        .calls()
        .iter()
        .filter(|call| call.at_ms > since_ms && call.rotated)
        .map(|call| call.number)
        .collect();
    let answers = campaign.snapshot().await.answers;
    let written: HashSet<String> = answers
        .into_iter()
        .filter_map(|one| one.successor)
        .collect();
    let issued = campaign
        .upstream
        .ledger()
        .into_iter()
        .flat_map(|account| account.tokens);
    let unwritten = issued
        .filter(|token| {
            token
                .issued_by_call
                .is_some_and(|call| calls.contains(&call))
        })
        .filter(|token| !written.contains(&token.refresh_token))
        .count();
    (calls.len(), unwritten)
}

/// Waits until every worker says that it cannot work; returns what one of them says.
async fn until_stopped(campaign: &Campaign) -> String {
    let system = &campaign.system;
    until("the workers notice the full disk", || async {
        let mut stopped = true;
        for worker in system.workers() {
            stopped &= system.get_from(worker, "/readyz").await.status == 503;
        }
        stopped
    })
    .await;
    let worker = system.workers()[0];
    let mut said = String::new();
    for _ in 0..40 {
        let ready = system.get_from(worker, "/readyz").await;
        said = format!("{} {}", ready.status, ready.body["checks"]);
        if ready.status == 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    said
}
