//! A device that refuses: the journal goes on elsewhere or says so, and never pretends.

use std::{
    process::Command,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    super::{
        IntentEvidence, Journal, JournalError, JournalOptions, Scanner,
        disk::{self, Disk},
        scan,
    },
    Faults, answer_to, call, intent, options, segments,
};

fn open(options: &JournalOptions) -> (Journal, Arc<Faults>) {
    let folder = options.directory.join(options.worker.to_string());
    disk::create_folder(&folder).unwrap();
    let disk = Disk::new(folder, options.worker);
    let faults = Arc::clone(&disk.faults);
    (Journal::start(disk, options).unwrap(), faults)
}

#[tokio::test]
async fn after_a_failed_sync_everything_unsynced_stands_in_a_new_segment() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let (journal, faults) = open(&options);
    let old = call(&journal, 10).await;
    let plain = intent();
    let room = journal.intent(plain.clone()).await.unwrap();
    faults.syncs.store(1, Ordering::SeqCst);
    let answer = answer_to(&plain, vec![1; 50]);
    journal.answer(room, answer.clone()).await.unwrap();
    assert_eq!(journal.health().abandoned_segments, 1);
    assert_eq!(journal.health().failure, None);

    // As if the device had kept nothing of what was not synced.
    let files = segments(journal.folder());
    let scanned = scan(directory.path());
    assert_eq!(scanned.undone().len(), 2, "copies count once");
    assert_eq!(scanned.folders[0].unanswered().len(), 0);
    let synced = scanned.undone()[0].file().to_owned();
    assert_eq!(synced, files[0]);
    let kept = std::fs::metadata(&files[0]).unwrap().len() - 300;
    std::fs::OpenOptions::new()
        .write(true)
        .open(&files[0])
        .unwrap()
        .set_len(kept)
        .unwrap();
    let scanned = scan(directory.path());
    let read: Vec<_> = scanned
        .undone()
        .iter()
        .map(|answer| answer.read().unwrap())
        .collect();
    assert_eq!(read, [old, answer]);
    assert_eq!(
        scanned.has_intent(options.worker, plain.attempt),
        IntentEvidence::Yes
    );
    assert_eq!(
        scanned.has_intent(options.worker, intent().attempt),
        IntentEvidence::Unknown
    );
}

#[tokio::test]
async fn a_half_written_batch_is_cut_off_and_written_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open(&options(directory.path()));
    call(&journal, 10).await;
    faults.writes.store(1, Ordering::SeqCst);
    let lucky = intent();
    let room = journal.intent(lucky.clone()).await.unwrap();
    journal
        .answer(room, answer_to(&lucky, vec![3; 3]))
        .await
        .unwrap();
    let scan = scan(directory.path());
    assert_eq!(scan.undone().len(), 2);
    assert_eq!(scan.folders[0].unanswered().len(), 0);
    assert_eq!(scan.folders[0].torn, None);
}

#[tokio::test]
async fn a_journal_that_fails_twice_tells_the_caller_and_recovers_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open(&options(directory.path()));
    let early = intent();
    let _early_room = journal.intent(early.clone()).await.unwrap();
    let late = intent();
    let room = journal.intent(late.clone()).await.unwrap();
    faults.syncs.store(2, Ordering::SeqCst);
    let refused = journal.answer(room, answer_to(&late, vec![1])).await;
    assert!(
        matches!(refused, Err(JournalError::Io { action: "sync", .. })),
        "{refused:?}"
    );
    assert!(journal.health().failure.is_some());

    faults.creates.store(1, Ordering::SeqCst);
    assert!(journal.intent(intent()).await.is_err());
    wait_until(|| journal.health().failure.is_none()).await;
    let answer = call(&journal, 20).await;

    // The intents that only the abandoned segments hold were carried along.
    let files = segments(journal.folder());
    std::fs::remove_file(&files[0]).unwrap();
    std::fs::remove_file(&files[1]).unwrap();
    let scan = scan(directory.path());
    assert_eq!(scan.folders[0].unanswered(), [&early, &late]);
    assert_eq!(scan.undone()[0].read().unwrap(), answer);
}

#[tokio::test]
async fn a_full_disk_refuses_intents_but_not_the_answers_of_calls_in_flight() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let (journal, faults) = open(&options);
    let mut calls = Vec::new();
    faults.full.store(true, Ordering::SeqCst);
    faults.creates.store(1000, Ordering::SeqCst);
    faults.extends.store(1000, Ordering::SeqCst);
    let error = loop {
        let intent = intent();
        match journal.intent(intent.clone()).await {
            Ok(room) => calls.push((intent, room)),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert!(journal.health().failure.is_some());
    assert!(calls.len() > 10);
    let (long, long_room) = calls.pop().unwrap();
    let count = calls.len();
    for (intent, room) in calls {
        journal
            .answer(room, answer_to(&intent, vec![9; 4096]))
            .await
            .unwrap();
    }
    let refused = journal
        .answer(long_room, answer_to(&long, vec![9; 100_000]))
        .await;
    assert!(
        matches!(refused, Err(JournalError::Full { .. })),
        "{refused:?}"
    );

    faults.creates.store(0, Ordering::SeqCst);
    faults.extends.store(0, Ordering::SeqCst);
    wait_until(|| journal.health().failure.is_none()).await;
    call(&journal, 1).await;
    let scan = scan(directory.path());
    assert_eq!(scan.undone().len(), count + 1);
    assert_eq!(scan.damage().count(), 0);
}

#[tokio::test]
async fn a_segment_that_cannot_be_closed_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open(&options(directory.path()));
    let mut rooms = Vec::new();
    let mut intents = Vec::new();
    // The sync that would close the first segment fails; none is needed before.
    faults.syncs.store(1, Ordering::SeqCst);
    while segments(journal.folder()).len() < 2 {
        let intent = intent();
        rooms.push(journal.intent(intent.clone()).await.unwrap());
        intents.push(intent);
        if rooms.len() % 5 == 0 {
            rooms.clear();
        }
    }
    assert_eq!(journal.health().abandoned_segments, 1);
    std::fs::remove_file(&segments(journal.folder())[0]).unwrap();
    let found = scan(directory.path());
    let found = found.folders[0].unanswered();
    assert_eq!(found, intents.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn where_room_can_only_be_filled_with_zeros_all_works_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let folder = options.directory.join(options.worker.to_string());
    disk::create_folder(&folder).unwrap();
    let disk = Disk::new(folder, options.worker);
    disk.faults.zeros_only.store(true, Ordering::SeqCst);
    let journal = Journal::start(disk, &options).unwrap();
    assert!(journal.health().zero_filled);
    let mut scanner = Scanner::new(directory.path());
    for count in 1..40 {
        call(&journal, 4000).await;
        for scan in [scanner.rescan(), scan(directory.path())] {
            assert_eq!(scan.undone().len(), count);
            assert_eq!(scan.damage().count(), 0);
            assert_eq!(scan.folders[0].torn, None);
        }
    }
    let huge = call(&journal, 200_000).await;
    let scan = scan(directory.path());
    assert_eq!(scan.undone().last().unwrap().read().unwrap(), huge);
    assert_eq!(
        scan.has_intent(options.worker, intent().attempt),
        IntentEvidence::ProvablyNo
    );
    journal.close().await;
    assert_eq!(scanner.rescan().damage().count(), 0);
}

async fn wait_until(mut condition: impl FnMut() -> bool) {
    for _ in 0..100 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never became true");
}

const CHILD: &str = "RTM_TEST_JOURNAL_LIMIT_CHILD";

/// A real limit of the kernel's: `ulimit -f` in a child process that ignores the signal.
#[test]
fn a_file_size_limit_is_a_full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "journal::tests::faults::child_under_a_limit",
            "--nocapture",
        ])
        .env(CHILD, directory.path())
        .status()
        .unwrap();
    assert!(status.success());
    let scan = scan(directory.path());
    assert_eq!(scan.undone().len(), 2);
    assert_eq!(scan.damage().count(), 0);
}

#[tokio::test]
async fn child_under_a_limit() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let options = options(directory.as_ref());
    let too_large = JournalOptions {
        segment_bytes: 8 << 20,
        ..options.clone()
    };
    assert!(matches!(
        Journal::open(&too_large),
        Err(JournalError::Full { .. })
    ));
    let journal = Journal::open(&options).unwrap();
    let one = intent();
    let other = intent();
    let one_room = journal.intent(one.clone()).await.unwrap();
    let other_room = journal.intent(other.clone()).await.unwrap();
    let refused = journal
        .answer(one_room, answer_to(&one, vec![5; 8 << 20]))
        .await;
    assert!(
        matches!(refused, Err(JournalError::Full { .. })),
        "{refused:?}"
    );
    journal
        .answer(other_room, answer_to(&other, vec![5; 4096]))
        .await
        .unwrap();
    call(&journal, 100).await;
    assert_eq!(journal.health().failure, None);
}
