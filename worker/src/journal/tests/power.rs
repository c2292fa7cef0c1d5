//! The power fails at a random moment, and the disk has forgotten a random part of what no sync had covered: every answer
//! that was acknowledged is there, whatever else is not.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use proptest::prelude::*;
use rt_manage_shared::id::AttemptId;

use super::{
    super::{Answer, Intent, Journal, JournalOptions, disk::Disk, scan},
    Faults, answer_to, cases, intent, options, payload,
    tape::Dice,
};

/// What a worker does with its journal.
#[derive(Debug, Clone)]
enum Act {
    /// Calls at the same time, with answers of these lengths.
    Calls(Vec<usize>),
    /// A call that is never answered.
    Unanswered,
    /// The database has recorded the last answer.
    Done,
    /// The next syncs fail.
    SyncFails(u32),
    /// The next write fails halfway.
    WriteFails,
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => proptest::collection::vec(0..6000_usize, 1..4).prop_map(Act::Calls),
        1 => Just(Act::Unanswered),
        2 => Just(Act::Done),
        1 => (1..3_u32).prop_map(Act::SyncFails),
        1 => Just(Act::WriteFails),
    ]
}

/// Which duty the writer neglects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neglect {
    Nothing,
    Syncs,
    FolderSyncs,
}

struct History {
    faults: Arc<Faults>,
    options: JournalOptions,
    /// All answers that were handed in, acknowledged or not.
    answers: HashMap<AttemptId, Answer>,
    _directory: tempfile::TempDir,
}

impl History {
    /// Lets a writer do all of it.
    fn run(acts: &[Act], zeros_only: bool, neglect: Neglect) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(Self::written(acts, zeros_only, neglect))
    }

    async fn written(acts: &[Act], zeros_only: bool, neglect: Neglect) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = JournalOptions {
            segment_bytes: 24 * 1024,
            ..options(directory.path())
        };
        let folder = options.directory.join(options.worker.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let disk = Disk::new(folder, options.worker);
        let faults = Arc::clone(&disk.faults);
        faults.zeros_only.store(zeros_only, Ordering::SeqCst);
        let tape = &faults.tape;
        tape.without_syncs
            .store(neglect == Neglect::Syncs, Ordering::SeqCst);
        tape.without_folder_syncs
            .store(neglect == Neglect::FolderSyncs, Ordering::SeqCst);
        let journal = Journal::start(disk, &options).unwrap();
        let mut history = Self {
            faults: Arc::clone(&faults),
            options,
            answers: HashMap::new(),
            _directory: directory,
        };
        let mut last = None;
        for act in acts {
            match act {
                Act::Calls(lengths) => {
                    let calls: Vec<(Intent, usize)> =
                        lengths.iter().map(|length| (intent(), *length)).collect();
                    for (intent, length) in &calls {
                        let answer = answer_to(intent, payload(intent, *length));
                        history.answers.insert(intent.attempt, answer);
                    }
                    let answered = calls.into_iter().map(|(intent, length)| {
                        let (journal, faults) = (journal.clone(), Arc::clone(&faults));
                        tokio::spawn(async move {
                            // A refused intent is a call that is never made.
                            let room = journal.intent(intent.clone()).await.ok()?;
                            let answer = answer_to(&intent, payload(&intent, length));
                            journal.answer(room, answer).await.ok()?;
                            faults.tape.acknowledged(intent.attempt);
                            Some(intent)
                        })
                    });
                    for call in answered.collect::<Vec<_>>() {
                        last = call.await.unwrap().or(last);
                    }
                }
                Act::Unanswered => drop(journal.intent(intent()).await),
                Act::Done => {
                    if let Some(intent) = &last {
                        journal.done(intent.attempt, intent.at).await;
                    }
                }
                Act::SyncFails(times) => faults.syncs.store(*times, Ordering::SeqCst),
                Act::WriteFails => faults.writes.store(1, Ordering::SeqCst),
            }
        }
        journal.close().await;
        history
    }

    /// The power fails after so many events.
    fn survives(&self, after: usize, seed: u64) -> Result<(), String> {
        let aftermath = self.faults.tape.power_fails(after, &mut Dice(seed));
        let left = tempfile::tempdir().unwrap();
        let folder = left.path().join(self.options.worker.to_string());
        std::fs::create_dir(&folder).unwrap();
        for (path, content) in &aftermath.files {
            std::fs::write(folder.join(path.file_name().unwrap()), content).unwrap();
        }
        let scan = scan(left.path());
        let found: HashMap<AttemptId, Answer> = scan
            .folders
            .iter()
            .flat_map(|folder| folder.answers())
            .map(|answer| (answer.attempt, answer.read().unwrap()))
            .collect();
        for (attempt, answer) in &found {
            if self.answers.get(attempt) != Some(answer) {
                return Err(format!("{attempt} was never handed in"));
            }
        }
        for attempt in &aftermath.acknowledged {
            if !found.contains_key(attempt) {
                return Err(format!("{attempt} was acknowledged and is lost"));
            }
        }
        Ok(())
    }

    /// Moments at which the power fails: some at random, and the last one.
    fn moments(&self, seed: u64) -> Vec<usize> {
        let (length, mut dice) = (self.faults.tape.len(), Dice(seed));
        let at_random = |_| usize::try_from(dice.below(length as u64 + 1)).unwrap();
        (0..10).map(at_random).chain([length]).collect()
    }
}

proptest! {
    // Each history is written for real and lost eleven times.
    #![proptest_config(cases(40))]

    #[test]
    fn what_was_acknowledged_survives_a_power_failure(
        acts in proptest::collection::vec(any_act(), 1..25),
        zeros_only: bool,
        seed: u64,
    ) {
        let history = History::run(&acts, zeros_only, Neglect::Nothing);
        for (round, moment) in history.moments(seed).into_iter().enumerate() {
            let survived = history.survives(moment, seed.wrapping_add(round as u64));
            prop_assert!(survived.is_ok(), "power failed at {}: {:?}", moment, survived);
        }
    }
}

/// How many of some power failures lose what was acknowledged.
fn losses(neglect: Neglect) -> usize {
    // Answers of this size fill a segment after a few: the change to the next one is among what can be lost.
    let acts = vec![Act::Calls(vec![4000]); 12];
    let history = History::run(&acts, false, neglect);
    let end = history.faults.tape.len();
    (0..50)
        .filter(|seed| history.survives(end, *seed).is_err())
        .count()
}

/// The property above can fail: it notices a writer that neglects its duties.
#[test]
fn a_writer_that_does_not_sync_is_found_out() {
    assert_eq!(losses(Neglect::Nothing), 0);
    for neglect in [Neglect::Syncs, Neglect::FolderSyncs] {
        let lost = losses(neglect);
        assert!(
            lost > 10,
            "{neglect:?}: {lost} of 50 failures lost something"
        );
    }
}
