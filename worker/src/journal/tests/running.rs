//! A worker starts over journals that are damaged in every way: it works, uses what is good, and tells the rest once.

use crate::{Live, WorkerSettings};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use rt_manage_shared::{
    db::system,
    id::BootId,
    vault::{Keyring, Vault},
};

use super::{
    super::{
        Journal, JournalOptions,
        frame::{self, MARKER, Salt},
        header::HEADER_LEN,
    },
    lost::Lost,
    options, segments,
};
use crate::{Worker, WorkerParts, test_parts::parts};

fn keys(text: &str) -> Vault {
    Vault::new(Keyring::parse(text).unwrap())
}

fn journal_of(directory: &Path) -> (Journal, JournalOptions) {
    let options = JournalOptions {
        segment_bytes: 1024 * 1024,
        ..options(directory)
    };
    (Journal::open(&options).unwrap(), options)
}

fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

/// The bytes of all files of a folder.
fn bytes_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect()
}

/// A log in memory.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged by this thread from now on.
fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let written = Log::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    (written, tracing::subscriber::set_default(subscriber))
}

fn lines_with(log: &Log, parts: &[&str]) -> usize {
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    log.lines()
        .filter(|line| parts.iter().all(|part| line.contains(part)))
        .count()
}

/// Journals of two dead workers: one without a fault, one in which faults stand between good answers.
struct House {
    parts: WorkerParts,
    keys: [String; 2],
    sound: PathBuf,
    harmed: PathBuf,
    harmed_worker: BootId,
    good: Vec<Lost>,
    /// Sealed with the second key, which the worker does not hold.
    other_key: Lost,
    /// Sealed well, but no answer.
    no_answer: Lost,
    flipped: Lost,
    _scratch: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let names = ["k1", "k2"];
        let keys_of = names.map(|name| Keyring::generate_text(name).to_string());
        let mut parts = parts(scratch.path()).await;
        parts.vault = keys(&keys_of[0]);
        let mut settings = WorkerSettings::clone(&parts.settings.current());
        settings.journal_retention = Duration::ZERO;
        let directory = settings.journal_directory.clone();
        parts.settings = Live::fixed(settings);
        let (sound, sound_options) = journal_of(&directory);
        let (harmed, harmed_options) = journal_of(&directory);
        let mut good = Vec::new();
        for (journal, options) in [(&sound, &sound_options), (&harmed, &harmed_options)] {
            for _ in 0..2 {
                let lost = Lost::new(&parts, options.worker).await;
                let sealed = lost.sealed(&parts.vault, &lost.answer());
                lost.is_journalled(journal, &parts, sealed).await;
                good.push(lost);
            }
        }
        let worker = harmed_options.worker;
        let other_key = Lost::new(&parts, worker).await;
        let sealed = other_key.sealed(&keys(&keys_of[1]), &other_key.answer());
        other_key.is_journalled(&harmed, &parts, sealed).await;
        let no_answer = Lost::new(&parts, worker).await;
        let sealed = no_answer.sealed(&parts.vault, b"\x09 of a later version");
        no_answer.is_journalled(&harmed, &parts, sealed).await;
        let flipped = Lost::new(&parts, worker).await;
        let sealed = flipped.sealed(&parts.vault, &flipped.answer());
        flipped.is_journalled(&harmed, &parts, sealed).await;
        sound.close().await;
        harmed.close().await;
        Self {
            keys: keys_of,
            sound: sound.folder().to_owned(),
            harmed: harmed.folder().to_owned(),
            harmed_worker: worker,
            parts,
            good,
            other_key,
            no_answer,
            flipped,
            _scratch: scratch,
        }
    }

    /// Does the harm; returns what each log line about it has to contain.
    fn harm(&self) -> Vec<Vec<String>> {
        let segment = |number: u32| self.harmed.join(format!("{number:010}.journal"));
        let (first, copy, newer) = (segment(1), segment(2), segment(3));
        fs::copy(&first, &copy).unwrap();
        fs::copy(&first, &newer).unwrap();
        change(&newer, |bytes| {
            bytes[8] = 9;
            let checksum = crc32fast::hash(&bytes[..HEADER_LEN - 5]).to_le_bytes();
            bytes[HEADER_LEN - 5..HEADER_LEN - 1].copy_from_slice(&checksum);
        });
        let (mut flipped, mut unknown) = (0, 0);
        for file in [&first, &copy] {
            change(file, |bytes| {
                let starts: Vec<usize> = (0..bytes.len() - 4)
                    .filter(|at| bytes[*at..*at + 4] == MARKER)
                    .collect();
                // The last one is the close frame.
                flipped = starts[starts.len() - 2];
                bytes[flipped + 40] ^= 4;
                unknown = bytes.len();
                let salt = Salt::new(self.harmed_worker, 1);
                bytes.extend(frame::encode_parts(77, b"from the future", &salt));
            });
        }
        let stray = self.harmed.join("0000000001.journal.bak");
        fs::write(&stray, b"x").unwrap();
        let told = |file: &Path, rest: &[&str]| {
            let file = format!("file={} ", file.display());
            let rest = rest.iter().map(|part| (*part).to_owned());
            std::iter::once(file).chain(rest).collect()
        };
        let (flipped, unknown) = (format!("offset={flipped} "), format!("offset={unknown} "));
        vec![
            told(&first, &[&flipped, "no sound entry"]),
            told(&first, &[&unknown, "unknown kind 77"]),
            told(&copy, &["wrong place"]),
            told(&copy, &[&flipped, "no sound entry"]),
            told(&copy, &[&unknown, "unknown kind 77"]),
            told(&newer, &["format version 9 is unknown"]),
            told(&stray, &["does not belong here"]),
        ]
    }
}

#[tokio::test]
async fn a_worker_starts_over_damaged_journals_and_uses_what_is_good() {
    let house = House::new().await;
    let harm = house.harm();
    let db = &house.parts.db;
    let no_folder = house.harmed.with_extension("old");
    fs::create_dir(&no_folder).unwrap();
    let before = bytes_of(&house.harmed);
    assert_eq!(segments(&house.harmed).len(), 3);

    let (written, guard) = log();
    let running = Worker::start(house.parts.clone()).await.unwrap();
    for lost in &house.good {
        assert!(lost.is_refreshed(db).await);
    }
    for lost in [&house.other_key, &house.no_answer, &house.flipped] {
        assert!(!lost.is_refreshed(db).await);
    }
    assert!(running.gate.closed_because().is_none(), "it may claim");
    // Again and again: nothing is told twice.
    running.look_after_others().await.unwrap();
    running.recover().await.unwrap();
    for told in harm {
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        let told = [&["journal damage", "docs/reliability.md"], &told[..]].concat();
        assert_eq!(lines_with(&written, &told), 1, "{told:?}");
    }
    let shown = no_folder.display().to_string();
    assert_eq!(lines_with(&written, &["no journal folder", &shown]), 1);
    for (lost, why) in [
        (&house.other_key, "sealed with key `k2`"),
        (&house.no_answer, "not an answer that this version wrote"),
    ] {
        let attempt = lost.attempt.to_string();
        let told = ["cannot be used", &attempt, why, "docs/reliability.md"];
        assert_eq!(lines_with(&written, &told), 1, "{told:?}");
    }
    let summary = running.journal_findings().unwrap();
    assert!(
        summary.contains("2 answers that cannot be used"),
        "{summary}"
    );

    // Old as everything is by now, what is harmed stays to the byte; what is whole and recorded goes.
    running.prune_journals().await.unwrap();
    assert_eq!(bytes_of(&house.harmed), before);
    assert!(!house.sound.exists());
    running.retire().await;
    drop(guard);

    // With the key that was missing, its answer is used; the other one is told again.
    let (written, _guard) = log();
    let parts = WorkerParts {
        vault: keys(&house.keys.concat()),
        ..house.parts.clone()
    };
    let running = Worker::start(parts).await.unwrap();
    assert!(house.other_key.is_refreshed(db).await);
    assert!(!house.no_answer.is_refreshed(db).await);
    assert_eq!(lines_with(&written, &["cannot be used"]), 1);
    // Whoever has looked at it moves it away: then there is nothing left to complain of.
    fs::rename(&house.harmed, house.harmed.with_extension("away")).unwrap();
    running.look_after_others().await.unwrap();
    assert_eq!(running.journal_findings(), None);
    running.retire().await;
}

/// Over a database that is older than the journals an answer that cannot be used is as good as none: its refresh token is
/// spent, and the database calls it fresh.
#[tokio::test]
async fn with_an_old_database_an_answer_that_cannot_be_used_is_a_doubt() {
    let scratch = tempfile::tempdir().unwrap();
    let parts = parts(scratch.path()).await;
    let (journal, options) = journal_of(&parts.settings.current().journal_directory);
    let lost = Lost::new(&parts, options.worker).await;
    let elsewhere = keys(&Keyring::generate_text("k2"));
    let sealed = lost.sealed(&elsewhere, &lost.answer());
    lost.is_journalled(&journal, &parts, sealed).await;
    journal.close().await;
    let now = parts.clock.now();
    system::switch_on(&mut &parts.db, system::HALTED, "restored", now)
        .await
        .unwrap();
    let worker = Worker::start(parts.clone()).await.unwrap();
    assert!(lost.is_doubtful(&parts.db).await);
    worker.retire().await;
}
