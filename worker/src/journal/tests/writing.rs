//! The handle: what is acknowledged can be read back, and room is kept for answers.

use rt_manage_shared::id::BootId;

use super::{
    super::{IntentEvidence, Journal, JournalError, JournalOptions, scan},
    answer_to, call, finished_call, intent, options, payload, segments,
};

#[tokio::test]
async fn what_was_acknowledged_is_read_back_while_the_owner_lives() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let journal = Journal::open(&options).unwrap();
    let open = intent();
    let _reservation = journal.intent(open.clone()).await.unwrap();
    let undone = call(&journal, 1000).await;
    let first = finished_call(&journal, 0).await;
    let second = finished_call(&journal, 2000).await;

    let scan = scan(directory.path());
    let folder = scan.folder(options.worker).unwrap();
    assert!(folder.owner_alive && folder.of_this_boot);
    assert_eq!((&folder.damage, &folder.torn), (&vec![], &None));
    assert_eq!(folder.unanswered(), [&open]);
    let answers: Vec<_> = folder
        .answers()
        .iter()
        .map(|answer| answer.read().unwrap())
        .collect();
    assert_eq!(answers, [undone.clone(), first.clone(), second.clone()]);
    let pending: Vec<_> = folder
        .undone()
        .iter()
        .map(|answer| answer.attempt)
        .collect();
    assert_eq!(pending, [undone.attempt]);
    let newest: Vec<_> = scan
        .newest_done(1)
        .iter()
        .map(|done| done.attempt)
        .collect();
    assert_eq!(newest, [second.attempt]);
    let newest: Vec<_> = folder
        .newest_done(9)
        .iter()
        .map(|done| done.attempt)
        .collect();
    assert_eq!(newest, [second.attempt, first.attempt]);

    assert_eq!(
        scan.has_intent(options.worker, open.attempt),
        IntentEvidence::Yes
    );
    assert_eq!(
        scan.has_intent(options.worker, intent().attempt),
        IntentEvidence::ProvablyNo
    );
    assert_eq!(
        scan.has_intent(BootId::generate(), open.attempt),
        IntentEvidence::Unknown
    );
}

#[tokio::test]
async fn the_folder_is_private_and_has_one_writer() {
    use std::os::unix::fs::MetadataExt;
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        directory: directory.path().join("a/b"),
        ..options(directory.path())
    };
    let journal = Journal::open(&options).unwrap();
    for path in [&options.directory, journal.folder()] {
        assert_eq!(std::fs::metadata(path).unwrap().mode() & 0o777, 0o700);
    }
    for file in segments(journal.folder()) {
        assert_eq!(std::fs::metadata(file).unwrap().mode() & 0o777, 0o600);
    }
    assert!(matches!(
        Journal::open(&options),
        Err(JournalError::Locked(_))
    ));
    journal.close().await;
    let again = Journal::open(&options).unwrap();
    let answer = call(&again, 10).await;
    let scan = scan(&options.directory);
    assert_eq!(scan.damage().count(), 0, "an orderly end is no damage");
    assert_eq!(scan.undone()[0].read().unwrap(), answer);
}

#[tokio::test]
async fn answers_that_wait_together_share_a_sync() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(&JournalOptions {
        segment_bytes: 4 << 20,
        ..options(directory.path())
    })
    .unwrap();
    let before = journal.health().syncs;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let journal = journal.clone();
            tokio::spawn(async move { call(&journal, 500).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let health = journal.health();
    assert!(health.syncs - before < 200, "{health:?}");
    assert_eq!(
        (health.entries, health.reserved_bytes, health.failure),
        (400, 0, None)
    );
    assert_eq!(scan(directory.path()).undone().len(), 200);
}

#[tokio::test]
async fn reservations_hold_over_many_segments_and_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let journal = Journal::open(&options).unwrap();
    let early = intent();
    let early_room = journal.intent(early.clone()).await.unwrap();
    let free = journal.health().free_bytes;
    drop(journal.intent(intent()).await.unwrap());
    assert!(
        journal.health().free_bytes + 1000 > free - 4096,
        "room comes back"
    );
    let mut all = Vec::new();
    for _ in 0..60 {
        all.push(finished_call(&journal, 4096).await);
    }
    assert!(segments(journal.folder()).len() > 3);
    let late = answer_to(&early, payload(&early, 4096));
    let before = segments(journal.folder());
    journal.answer(early_room, late.clone()).await.unwrap();
    assert_eq!(
        segments(journal.folder()),
        before,
        "its room was in the current segment"
    );
    assert_eq!(journal.health().reserved_bytes, 0);
    all.push(late);
    let scan = scan(directory.path());
    assert_eq!(scan.damage().count(), 0, "{:?}", scan.folders);
    let read: Vec<_> = scan.folders[0]
        .answers()
        .iter()
        .map(|answer| answer.read().unwrap())
        .collect();
    assert_eq!(read, all);
}

#[tokio::test]
async fn an_answer_beyond_its_reservation_is_written_too() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(&options(directory.path())).unwrap();
    let other = intent();
    let other_room = journal.intent(other.clone()).await.unwrap();
    let huge = call(&journal, 3 << 20).await;
    let small = answer_to(&other, payload(&other, 4096));
    journal.answer(other_room, small.clone()).await.unwrap();
    let scan = scan(directory.path());
    assert_eq!(scan.damage().count(), 0);
    let read: Vec<_> = scan
        .undone()
        .iter()
        .map(|answer| answer.read().unwrap())
        .collect();
    assert_eq!(read, [huge, small]);
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_no_answer_and_no_room() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(&options(directory.path())).unwrap();
    let intent = intent();
    let room = journal.intent(intent.clone()).await.unwrap();
    {
        let mut answering = Box::pin(journal.answer(room, answer_to(&intent, vec![7; 100])));
        let polled = futures_poll_once(&mut answering).await;
        assert!(polled.is_none() || polled.is_some());
        let mut asking = Box::pin(journal.intent(super::intent()));
        let _ = futures_poll_once(&mut asking).await;
    }
    journal.close().await;
    assert_eq!(journal.health().reserved_bytes, 0);
    assert_eq!(
        scan(directory.path()).undone()[0].read().unwrap().sealed,
        vec![7; 100]
    );
}

async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn a_closed_journal_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let journal = Journal::open(&options).unwrap();
    journal.clone().close().await;
    assert!(matches!(
        journal.intent(intent()).await,
        Err(JournalError::Closed)
    ));
    assert!(journal.health().failure.is_some());
    assert!(
        !scan(directory.path())
            .folder(options.worker)
            .unwrap()
            .owner_alive
    );
}

#[test]
fn payloads_stay_out_of_debug_output() {
    let answer = answer_to(&intent(), vec![42; 7]);
    let text = format!("{answer:?}");
    assert!(
        !text.contains("42, 42") && text.contains("sealed_bytes: 7"),
        "{text}"
    );
}
