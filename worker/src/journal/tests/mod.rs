//! Tests of the journal.

mod faults;
mod folders;
mod framing;
mod growing;
mod kill;
mod lost;
mod mutations;
mod power;
mod properties;
mod retention;
mod running;
mod scanning;
mod tape;
mod writing;

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use proptest::prelude::ProptestConfig;
use rt_manage_shared::{
    clock::{Clock, Millis},
    id::{AttemptId, BootId, CredentialId},
};

use super::{Answer, Intent, Journal, JournalOptions};
pub(super) use folders::folder_synced;
pub(super) use tape::Tape;

/// Makes the next calls of the file layer fail; one counter for each kind of call.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) creates: AtomicU32,
    pub(super) extends: AtomicU32,
    pub(super) writes: AtomicU32,
    pub(super) syncs: AtomicU32,
    /// Whether the file system can only be given zeros.
    pub(super) zeros_only: std::sync::atomic::AtomicBool,
    /// Whether failing calls say that the disk is full, instead of broken.
    pub(super) full: std::sync::atomic::AtomicBool,
    /// What reached the disk, for disks that forget.
    pub(super) tape: Tape,
}

impl Faults {
    fn strike(&self, counter: &AtomicU32) -> io::Result<()> {
        let due = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
        if due.is_err() {
            return Ok(());
        }
        let full = self.full.load(Ordering::SeqCst);
        Err(if full {
            rustix::io::Errno::NOSPC
        } else {
            rustix::io::Errno::IO
        }
        .into())
    }

    pub(super) fn create(&self) -> io::Result<()> {
        self.strike(&self.creates)
    }

    pub(super) fn extend(&self) -> io::Result<()> {
        self.strike(&self.extends)
    }

    /// A failing write leaves half of its bytes.
    pub(super) fn write(&self, file: &File, path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        let half = &bytes[..bytes.len() / 2];
        self.strike(&self.writes)
            .inspect(|()| self.tape.wrote(path, at, bytes))
            .inspect_err(|_| {
                let _ = file.write_all_at(half, at);
                self.tape.wrote(path, at, half);
            })
    }

    pub(super) fn sync(&self, path: &Path) -> io::Result<()> {
        self.strike(&self.syncs)
            .inspect_err(|_| self.tape.sync_failed(path))
    }
}

/// So many cases of a property that writes files, or as many as `PROPTEST_CASES` says.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig::with_cases(asked.and_then(|text| text.parse().ok()).unwrap_or(usual))
}

fn options(directory: &Path) -> JournalOptions {
    JournalOptions {
        directory: directory.to_owned(),
        worker: BootId::generate(),
        segment_bytes: 64 * 1024,
        answer_reserve_bytes: 4 * 1024,
    }
}

fn intent() -> Intent {
    Intent {
        attempt: AttemptId::generate(),
        credential: CredentialId::generate(),
        rt_fp: "0123456789abcdef".repeat(4),
        at: Clock::new().now(),
    }
}

fn answer_to(intent: &Intent, sealed: Vec<u8>) -> Answer {
    Answer {
        attempt: intent.attempt,
        credential: intent.credential,
        rt_fp: intent.rt_fp.clone(),
        at: Millis(intent.at.0 + 1),
        sealed,
    }
}

/// A payload that differs from attempt to attempt.
fn payload(intent: &Intent, len: usize) -> Vec<u8> {
    intent
        .attempt
        .to_string()
        .bytes()
        .cycle()
        .take(len)
        .collect()
}

/// Intent and answer.
async fn call(journal: &Journal, len: usize) -> Answer {
    let intent = intent();
    let answer = answer_to(&intent, payload(&intent, len));
    let reservation = journal.intent(intent).await.unwrap();
    journal.answer(reservation, answer.clone()).await.unwrap();
    answer
}

/// Intent, answer and done.
async fn finished_call(journal: &Journal, len: usize) -> Answer {
    let answer = call(journal, len).await;
    journal.done(answer.attempt, answer.at).await;
    answer
}

/// The segment files of a folder, in order.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "journal")
        })
        .collect();
    files.sort();
    files
}
