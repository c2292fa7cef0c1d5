//! What a worker says of the journals that it sees.

use std::fs;

use rt_manage_shared::{
    clock::Clock,
    id::{AttemptId, BootId, CredentialId},
};

use crate::{
    Worker,
    journal::{Answer, Intent, Journal, JournalOptions},
    test_parts::parts,
};

/// Another worker's journal with an answer that no key of ours opens.
async fn leave_a_sealed_answer(folder: &std::path::Path) {
    let options = JournalOptions {
        directory: folder.join("journal"),
        worker: BootId::generate(),
        segment_bytes: 1024 * 1024,
        answer_reserve_bytes: 1024,
    };
    let journal = Journal::open(&options).unwrap();
    let (attempt, credential) = (AttemptId::generate(), CredentialId::generate());
    let at = Clock::new().now();
    let intent = Intent {
        attempt,
        credential,
        rt_fp: "f".into(),
        at,
    };
    let room = journal.intent(intent).await.unwrap();
    let answer = Answer {
        attempt,
        credential,
        rt_fp: "f".into(),
        at,
        sealed: b"sealed with another key".to_vec(),
    };
    journal.answer(room, answer).await.unwrap();
    journal.close().await;
}

#[tokio::test]
async fn damage_and_answers_that_cannot_be_opened_are_told_with_the_heartbeat() {
    let folder = tempfile::tempdir().unwrap();
    leave_a_sealed_answer(folder.path()).await;
    let broken = folder
        .path()
        .join("journal")
        .join(BootId::generate().to_string());
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("0000000001.journal"), b"no journal at all").unwrap();

    let parts = parts(folder.path()).await;
    let db = parts.db.clone();
    let worker = Worker::start(parts).await.unwrap();
    worker.beat().await.unwrap();
    let told = rt_manage_shared::db::coordination::live_workers(
        &mut &db,
        rt_manage_shared::clock::Millis(0),
    )
    .await
    .unwrap();
    let pulse = &told[0].pulse;
    assert_eq!(pulse.journal_unreadable, 1, "{pulse:?}");
    assert!(pulse.journal_damage > 0, "{pulse:?}");
    assert_eq!(
        (&pulse.journal_failure, &pulse.not_claiming),
        (&None, &None)
    );
    // It is counted once, however often the journals are looked through.
    worker.look_after_others().await.unwrap();
    assert_eq!(worker.pulse().journal_unreadable, 1);
}
