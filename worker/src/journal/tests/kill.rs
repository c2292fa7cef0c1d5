//! A process that is killed while it writes: everything that was acknowledged is there.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
    process::{Command, Stdio},
    time::Duration,
};

use rt_manage_shared::id::AttemptId;

use super::{
    super::{Journal, JournalEntry, JournalOptions, scan},
    answer_to, intent, options, payload,
};

const CHILD: &str = "RTM_TEST_JOURNAL_KILL_CHILD";

#[test]
fn everything_acknowledged_survives_a_kill() {
    for round in 0..5_u64 {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "journal::tests::kill::child_that_writes",
                "--nocapture",
            ])
            .env(CHILD, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 70 * round));
        child.kill().unwrap();
        let mut told = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut told)
            .unwrap();
        child.wait().unwrap();

        let scan = scan(directory.path());
        assert_eq!(
            scan.damage().count(),
            0,
            "{:?}",
            scan.damage().collect::<Vec<_>>()
        );
        let folder = &scan.folders[0];
        assert!(!folder.owner_alive);
        let done = folder.done();
        let known: HashSet<_> = folder.entries().map(JournalEntry::attempt).collect();
        let answers: HashMap<_, _> = folder
            .answers()
            .into_iter()
            .map(|answer| (answer.attempt, answer))
            .collect();
        let mut answered = 0;
        let complete = told.rsplit_once('\n').map_or("", |(lines, _)| lines);
        for line in complete.lines() {
            let Some((what, id)) = line.split_once(' ') else {
                continue;
            };
            let Ok(attempt) = id.parse::<AttemptId>() else {
                continue;
            };
            match what {
                "intent" => assert!(known.contains(&attempt), "{line}"),
                "answer" => {
                    let answer = answers[&attempt];
                    let sealed = answer.read().unwrap().sealed;
                    assert!(id.bytes().cycle().take(sealed.len()).eq(sealed), "{line}");
                    answered += 1;
                }
                "done" => assert!(done.contains(&attempt), "{line}"),
                _ => {}
            }
        }
        assert!(answered > 0, "the child was killed before it began: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let options = JournalOptions {
        segment_bytes: 128 * 1024,
        ..options(directory.as_ref())
    };
    let journal = Journal::open(&options).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let journal = journal.clone();
            tokio::spawn(async move {
                loop {
                    let intent = intent();
                    let attempt = intent.attempt;
                    let answer = answer_to(&intent, payload(&intent, 300 * (task + 1)));
                    let room = journal.intent(intent).await.unwrap();
                    println!("intent {attempt}");
                    let at = answer.at;
                    journal.answer(room, answer).await.unwrap();
                    println!("answer {attempt}");
                    journal.done(attempt, at).await;
                    println!("done {attempt}");
                }
            })
        })
        .collect();
    // Until the parent ends this.
    tasks.into_iter().next().unwrap().await.unwrap();
}
