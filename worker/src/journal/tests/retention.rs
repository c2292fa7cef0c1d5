//! Deletion: only what is old, finished, unharmed and nobody's.

use std::{fs, path::Path, time::Duration};

use rt_manage_shared::{
    clock::{Clock, Millis},
    id::{AttemptId, BootId},
};

use super::{
    super::{
        IntentEvidence, Journal, JournalOptions, Retention, RetentionReport, delete_expired, scan,
    },
    call, finished_call, intent, options, segments,
};

const LIMIT: Duration = Duration::from_hours(72);

fn later() -> Millis {
    Clock::new().now() + LIMIT + Duration::from_mins(1)
}

fn delete(
    directory: &Path,
    now: Millis,
    own: Option<BootId>,
    stale: bool,
    recorded: bool,
) -> RetentionReport {
    let retention = Retention {
        own,
        older_than: LIMIT,
        now,
    };
    delete_expired(directory, &retention, |_| stale, |_: AttemptId| recorded)
}

#[tokio::test]
async fn a_finished_folder_goes_when_it_is_old_stale_and_unlocked() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let journal = Journal::open(&options).unwrap();
    finished_call(&journal, 10).await;
    assert!(
        delete(directory.path(), later(), None, true, false)
            .deleted
            .is_empty(),
        "its owner lives"
    );
    journal.close().await;
    assert!(
        delete(directory.path(), later(), None, false, false)
            .deleted
            .is_empty(),
        "its heart beats"
    );
    assert!(
        delete(directory.path(), Clock::new().now(), None, true, false)
            .deleted
            .is_empty(),
        "it is young"
    );
    let report = delete(directory.path(), later(), None, true, false);
    assert_eq!(report.deleted, [options.worker]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_undone_answer_keeps_its_folder_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let journal = Journal::open(&options).unwrap();
    let answer = call(&journal, 10).await;
    journal.close().await;
    let report = delete(directory.path(), later() + LIMIT * 100, None, true, false);
    assert!(report.deleted.is_empty());
    assert_eq!(report.kept[0].worker, options.worker);
    assert_eq!(report.kept[0].undone[0].read().unwrap(), answer);
    let report = delete(directory.path(), later(), None, true, true);
    assert_eq!(report.deleted, [options.worker], "the database knows it");
}

#[tokio::test]
async fn damage_keeps_a_folder() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(&options(directory.path())).unwrap();
    finished_call(&journal, 10).await;
    journal.close().await;
    let file = segments(journal.folder()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&file, bytes).unwrap();
    let report = delete(directory.path(), later(), None, true, true);
    assert!(report.deleted.is_empty());
    assert_eq!(report.kept[0].damages, 1);
}

#[tokio::test]
async fn an_interrupted_deletion_is_finished_and_never_read() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let journal = Journal::open(&options).unwrap();
    finished_call(&journal, 10).await;
    journal.close().await;
    let expiring = directory
        .path()
        .join(format!("{}.deleting", options.worker));
    fs::rename(journal.folder(), &expiring).unwrap();
    let scan = scan(directory.path());
    assert!(scan.folders.is_empty() && scan.unexpected.is_empty());
    delete(directory.path(), Clock::new().now(), None, false, false);
    assert!(!expiring.exists());
}

#[tokio::test]
async fn of_the_own_folder_old_finished_segments_go_from_the_front() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        segment_bytes: 12 * 1024,
        ..options(directory.path())
    };
    let journal = Journal::open(&options).unwrap();
    for _ in 0..4 {
        finished_call(&journal, 4000).await;
    }
    let waiting = call(&journal, 4000).await;
    for _ in 0..6 {
        finished_call(&journal, 4000).await;
    }
    let own = Some(options.worker);
    let before = segments(journal.folder());
    assert!(
        delete(directory.path(), Clock::new().now(), own, true, false)
            .deleted_segments
            .is_empty()
    );
    let report = delete(directory.path(), later(), own, true, false);
    assert!(report.deleted.is_empty());
    assert!(!report.deleted_segments.is_empty());
    assert_eq!(
        report.deleted_segments[..],
        before[..report.deleted_segments.len()]
    );
    let scanned = scan(directory.path());
    assert_eq!(scanned.undone()[0].read().unwrap(), waiting);
    assert!(scanned.folders[0].pruned);
    assert_eq!(scanned.damage().count(), 0);
    assert_eq!(
        scanned.has_intent(options.worker, intent().attempt),
        IntentEvidence::Unknown
    );

    journal.done(waiting.attempt, waiting.at).await;
    delete(directory.path(), later(), own, true, false);
    assert_eq!(
        segments(journal.folder()),
        before[before.len() - 1..],
        "the current one stays"
    );
    finished_call(&journal, 4000).await;
    finished_call(&journal, 4000).await;
    assert_eq!(scan(directory.path()).damage().count(), 0);
}
