//! Folders as a whole: missing, renamed, extra, foreign and growing files.

use std::{fs, path::Path};

use super::{
    super::{DamageReason, IntentEvidence, Journal, JournalOptions, Scan, Scanner, scan},
    call, finished_call, intent, options, segments,
};

fn reasons(scan: &Scan) -> Vec<DamageReason> {
    scan.damage().map(|damage| damage.reason.clone()).collect()
}

/// A closed journal of several segments with ten answers.
async fn long_journal(directory: &Path) -> JournalOptions {
    let options = JournalOptions {
        segment_bytes: 12 * 1024,
        ..options(directory)
    };
    let journal = Journal::open(&options).unwrap();
    for _ in 0..10 {
        call(&journal, 4000).await;
    }
    assert!(segments(journal.folder()).len() >= 4);
    journal.close().await;
    options
}

fn answers(scan: &Scan) -> usize {
    let answers: Vec<_> = scan
        .folders
        .iter()
        .flat_map(|folder| folder.answers())
        .collect();
    assert!(answers.iter().all(|answer| answer.read().is_ok()));
    answers.len()
}

#[test]
fn no_directory_is_no_journal() {
    let scan = scan(Path::new("/nonexistent/journal"));
    assert!(scan.folders.is_empty() && scan.failure.is_none());
}

#[tokio::test]
async fn renamed_segments_are_read_in_their_true_order_and_reported() {
    let directory = tempfile::tempdir().unwrap();
    let options = long_journal(directory.path()).await;
    let before: Vec<_> = scan(directory.path()).folders[0]
        .answers()
        .iter()
        .map(|a| a.attempt)
        .collect();
    let files = segments(&directory.path().join(options.worker.to_string()));
    let aside = files[0].with_extension("tmp");
    fs::rename(&files[0], &aside).unwrap();
    fs::rename(&files[2], &files[0]).unwrap();
    fs::rename(&aside, &files[2]).unwrap();
    let scan = scan(directory.path());
    let after: Vec<_> = scan.folders[0]
        .answers()
        .iter()
        .map(|a| a.attempt)
        .collect();
    assert_eq!(before, after);
    assert_eq!(
        reasons(&scan),
        [DamageReason::Misplaced, DamageReason::Misplaced]
    );
}

#[tokio::test]
async fn missing_segments_are_noticed_wherever_they_were() {
    for missing in 0..4 {
        let directory = tempfile::tempdir().unwrap();
        let options = long_journal(directory.path()).await;
        let all = answers(&scan(directory.path()));
        let files = segments(&directory.path().join(options.worker.to_string()));
        let gone = if missing == 3 {
            files.last().unwrap()
        } else {
            &files[missing]
        };
        fs::remove_file(gone).unwrap();
        let scan = scan(directory.path());
        assert!(answers(&scan) < all);
        let folder = &scan.folders[0];
        assert_eq!(folder.has_intent(intent().attempt), IntentEvidence::Unknown);
        if missing == 0 {
            assert!(folder.pruned && folder.damage.is_empty());
        } else {
            assert_eq!(reasons(&scan), [DamageReason::Missing]);
        }
    }
}

#[tokio::test]
async fn a_cut_segment_is_torn_at_the_end_and_damage_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let options = long_journal(directory.path()).await;
    let files = segments(&directory.path().join(options.worker.to_string()));
    let cut = |file: &Path, by: u64| {
        let length = fs::metadata(file).unwrap().len();
        fs::OpenOptions::new()
            .write(true)
            .open(file)
            .unwrap()
            .set_len(length - by)
            .unwrap();
    };
    cut(files.last().unwrap(), 3);
    let torn = scan(directory.path());
    assert_eq!(reasons(&torn), []);
    assert_eq!(
        &torn.folders[0].torn.as_ref().unwrap().file,
        files.last().unwrap()
    );
    assert_eq!(
        torn.folders[0].has_intent(intent().attempt),
        IntentEvidence::ProvablyNo
    );
    // Up to the boundary before the close frame, and then into the entry before it.
    cut(&files[0], 26);
    assert_eq!(reasons(&scan(directory.path())), [DamageReason::Unclosed]);
    cut(&files[0], 5);
    let damaged = scan(directory.path());
    assert_eq!(reasons(&damaged), [DamageReason::CutShort]);
    assert_eq!(
        damaged.folders[0].has_intent(intent().attempt),
        IntentEvidence::Unknown
    );
    assert_eq!(answers(&damaged), 9);
}

#[tokio::test]
async fn an_empty_or_zero_filled_next_segment_is_the_trace_of_a_crash() {
    for content in [vec![], b"RTMJ".to_vec(), vec![0; 10_000]] {
        let directory = tempfile::tempdir().unwrap();
        let options = options(directory.path());
        let journal = Journal::open(&options).unwrap();
        call(&journal, 100).await;
        fs::write(journal.folder().join("0000000002.journal"), &content).unwrap();
        let scan = scan(directory.path());
        assert_eq!(reasons(&scan), []);
        assert_eq!(scan.folders[0].torn.is_some(), content.len() == 4);
        assert_eq!(
            scan.has_intent(options.worker, intent().attempt),
            IntentEvidence::ProvablyNo
        );
        journal.close().await;
    }
}

#[tokio::test]
async fn what_does_not_belong_is_reported_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let options = long_journal(directory.path()).await;
    let folder = directory.path().join(options.worker.to_string());
    fs::write(directory.path().join("notes.txt"), "x").unwrap();
    fs::create_dir(directory.path().join("lost+found")).unwrap();
    fs::create_dir(
        directory
            .path()
            .join(options.worker.to_string().to_lowercase()),
    )
    .unwrap();
    fs::write(folder.join("0000000001.journal.bak"), "x").unwrap();
    fs::write(folder.join("2.journal"), "x").unwrap();
    fs::create_dir(folder.join("0000000099.journal")).unwrap();
    let scan = scan(directory.path());
    assert_eq!(scan.unexpected.len(), 3);
    assert_eq!(reasons(&scan), vec![DamageReason::Unexpected; 3]);
    assert_eq!(answers(&scan), 10);
    assert_eq!(fs::read(folder.join("2.journal")).unwrap(), b"x");
}

#[tokio::test]
async fn a_segment_of_another_worker_is_read_but_not_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let first = long_journal(directory.path()).await;
    let second = long_journal(directory.path()).await;
    let from = &segments(&directory.path().join(first.worker.to_string()))[0];
    let to = directory
        .path()
        .join(second.worker.to_string())
        .join("0000000077.journal");
    fs::rename(from, &to).unwrap();
    let scan = scan(directory.path());
    assert_eq!(answers(&scan), 20);
    assert!(reasons(&scan).contains(&DamageReason::Misplaced));
}

#[tokio::test]
async fn another_kernel_boot_proves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let journal = Journal::open(&options).unwrap();
    let answer = call(&journal, 10).await;
    let folder = scan(directory.path()).folders.remove(0);
    let segments: Vec<_> = folder.segments().to_vec();
    let elsewhere = super::super::folder::FolderScan::new(options.worker, &folder.path, false)
        .with_segments(segments, Some("another boot"));
    assert!(!elsewhere.of_this_boot);
    assert_eq!(elsewhere.kernel_boot_id, folder.kernel_boot_id);
    assert_eq!(
        elsewhere.has_intent(intent().attempt),
        IntentEvidence::Unknown
    );
    assert_eq!(elsewhere.has_intent(answer.attempt), IntentEvidence::Yes);
}

#[tokio::test]
async fn a_rescan_finds_what_is_new_and_forgets_what_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let mut scanner = Scanner::new(directory.path());
    assert!(scanner.rescan().folders.is_empty());
    let options = JournalOptions {
        segment_bytes: 20 * 1024,
        ..options(directory.path())
    };
    let journal = Journal::open(&options).unwrap();
    for count in 1..=12 {
        finished_call(&journal, 3000).await;
        let incremental = scanner.rescan();
        let fresh = scan(directory.path());
        assert_eq!(incremental.folders[0].done().len(), count);
        assert_eq!(answers(&incremental), count);
        assert_eq!(
            incremental.folders[0].entries().count(),
            fresh.folders[0].entries().count()
        );
        assert_eq!(reasons(&incremental), []);
    }
    // Damage to what was read already shows to whoever reads it again only.
    let files = segments(journal.folder());
    let before = answers(&scanner.rescan());
    let mut bytes = fs::read(&files[0]).unwrap();
    bytes[500] ^= 1;
    fs::write(&files[0], &bytes).unwrap();
    assert_eq!(answers_listed(&scanner.rescan()), before);
    assert_eq!(answers_listed(&scan(directory.path())), before - 1);
    fs::remove_file(&files[0]).unwrap();
    assert!(answers(&scanner.rescan()) < before);
    fs::remove_dir_all(journal.folder()).unwrap();
    assert!(scanner.rescan().folders.is_empty());
}

fn answers_listed(scan: &Scan) -> usize {
    scan.folders
        .iter()
        .map(|folder| folder.answers().len())
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scanning_a_journal_that_is_being_written_sees_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        segment_bytes: 10 * 1024,
        ..options(directory.path())
    };
    let journal = Journal::open(&options).unwrap();
    let writer = {
        let journal = journal.clone();
        tokio::spawn(async move {
            for _ in 0..150 {
                finished_call(&journal, 2000).await;
            }
        })
    };
    let mut scanner = Scanner::new(directory.path());
    while !writer.is_finished() {
        for scan in [scanner.rescan(), scan(directory.path())] {
            assert_eq!(
                reasons(&scan),
                [],
                "{:?}",
                scan.damage().collect::<Vec<_>>()
            );
        }
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert_eq!(scanner.rescan().folders[0].done().len(), 150);
}

/// A segment for each call: the folder changes faster than it can be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_came_after_the_listing_is_not_missing() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        segment_bytes: 5 * 1024,
        ..options(directory.path())
    };
    let journal = Journal::open(&options).unwrap();
    let writer = {
        let journal = journal.clone();
        tokio::spawn(async move {
            for _ in 0..200 {
                finished_call(&journal, 4000).await;
            }
        })
    };
    while !writer.is_finished() {
        let scan = scan(directory.path());
        assert_eq!(
            reasons(&scan),
            [],
            "{:?}",
            scan.damage().collect::<Vec<_>>()
        );
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    // One that is really gone is told.
    let folder = directory.path().join(options.worker.to_string());
    let files = segments(&folder);
    assert!(files.len() > 100);
    fs::remove_file(&files[50]).unwrap();
    assert_eq!(reasons(&scan(directory.path())), [DamageReason::Missing]);
}

#[tokio::test]
async fn a_done_entry_of_any_worker_counts() {
    let directory = tempfile::tempdir().unwrap();
    let dead = Journal::open(&options(directory.path())).unwrap();
    let answer = call(&dead, 10).await;
    dead.close().await;
    let replaying = Journal::open(&options(directory.path())).unwrap();
    assert_eq!(scan(directory.path()).undone().len(), 1);
    replaying.done(answer.attempt, answer.at).await;
    assert_eq!(scan(directory.path()).undone().len(), 0);
}
