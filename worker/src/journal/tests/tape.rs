//! A disk that forgets: what the writer did is recorded, and played back with a random part of it lost that no sync had
//! covered, as a power failure leaves a disk.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use rt_manage_shared::id::AttemptId;

/// Disks write whole sectors.
const SECTOR: u64 = 512;

/// What happened to the disk, and what a caller was told in between.
#[derive(Debug, Clone)]
enum Event {
    Created(PathBuf),
    FolderSynced,
    Wrote(PathBuf, u64, Vec<u8>),
    Resized(PathBuf, u64),
    Synced(PathBuf),
    /// What waited may never reach the disk: the system has dropped it.
    SyncFailed(PathBuf),
    Acknowledged(AttemptId),
}

/// A record of all that the writer did.
#[derive(Debug, Default)]
pub(in crate::journal) struct Tape {
    events: Mutex<Vec<Event>>,
    /// Test switches: the writer leaves its `fdatasync` out, or that of its folder.
    pub(super) without_syncs: AtomicBool,
    pub(super) without_folder_syncs: AtomicBool,
}

impl Tape {
    fn note(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    pub(in crate::journal) fn created(&self, path: &Path) {
        self.note(Event::Created(path.to_owned()));
    }

    pub(in crate::journal) fn folder_synced(&self) {
        if !self.without_folder_syncs.load(Ordering::SeqCst) {
            self.note(Event::FolderSynced);
        }
    }

    pub(in crate::journal) fn wrote(&self, path: &Path, at: u64, bytes: &[u8]) {
        self.note(Event::Wrote(path.to_owned(), at, bytes.to_owned()));
    }

    pub(in crate::journal) fn written_and_synced(&self, path: &Path, at: u64, bytes: &[u8]) {
        self.wrote(path, at, bytes);
        self.synced(path);
    }

    pub(in crate::journal) fn resized(&self, path: &Path, to: u64) {
        self.note(Event::Resized(path.to_owned(), to));
    }

    pub(in crate::journal) fn synced(&self, path: &Path) {
        self.note(Event::Synced(path.to_owned()));
    }

    pub(in crate::journal) fn sync_failed(&self, path: &Path) {
        self.note(Event::SyncFailed(path.to_owned()));
    }

    pub(in crate::journal) fn leaves_syncs_out(&self) -> bool {
        self.without_syncs.load(Ordering::SeqCst)
    }

    /// A caller was told that this answer stands.
    pub(super) fn acknowledged(&self, attempt: AttemptId) {
        self.note(Event::Acknowledged(attempt));
    }

    /// How many events there are.
    pub(super) fn len(&self) -> usize {
        self.events.lock().unwrap().len()
    }

    /// The power fails after so many events: what was acknowledged by then, and the files that are found afterwards.
    pub(super) fn power_fails(&self, after: usize, dice: &mut Dice) -> Aftermath {
        let mut disk = Disk::default();
        for event in &self.events.lock().unwrap()[..after] {
            disk.play(event);
        }
        disk.forget(dice)
    }
}

/// What is left after a power failure.
pub(super) struct Aftermath {
    pub(super) acknowledged: Vec<AttemptId>,
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
}

#[derive(Default)]
struct Disk {
    files: BTreeMap<PathBuf, Content>,
    acknowledged: Vec<AttemptId>,
}

#[derive(Default)]
struct Content {
    /// Its name is durable.
    named: bool,
    durable: Vec<u8>,
    /// What the next sync makes durable.
    waiting: Vec<Change>,
    /// What no sync makes durable any more. It may have reached the disk nevertheless.
    dropped: Vec<Change>,
}

enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

impl Disk {
    fn file(&mut self, path: &Path) -> &mut Content {
        self.files.entry(path.to_owned()).or_default()
    }

    fn play(&mut self, event: &Event) {
        match event {
            Event::Created(path) => {
                self.files.insert(path.clone(), Content::default());
            }
            Event::FolderSynced => {
                for file in self.files.values_mut() {
                    file.named = true;
                }
            }
            Event::Wrote(path, at, bytes) => {
                let change = Change::Write(*at, bytes.clone());
                self.file(path).waiting.push(change);
            }
            Event::Resized(path, to) => self.file(path).waiting.push(Change::Length(*to)),
            Event::Synced(path) => {
                let file = self.file(path);
                for change in std::mem::take(&mut file.waiting) {
                    change.apply(&mut file.durable, |_| Fate::Kept);
                }
            }
            Event::SyncFailed(path) => {
                let file = self.file(path);
                file.dropped.append(&mut file.waiting);
            }
            Event::Acknowledged(attempt) => self.acknowledged.push(*attempt),
        }
    }

    fn forget(self, dice: &mut Dice) -> Aftermath {
        // Some failures lose nearly all that was not synced, others nearly nothing.
        let kept = dice.below(101);
        let mut files = BTreeMap::new();
        for (path, file) in self.files {
            if !file.named && dice.below(2) == 0 {
                continue;
            }
            let mut content = file.durable;
            for change in file.dropped.into_iter().chain(file.waiting) {
                change.apply(&mut content, |_| match dice.below(100) {
                    roll if roll < kept => Fate::Kept,
                    roll if roll % 5 == 0 => Fate::Garbled(dice.next()),
                    _ => Fate::Lost,
                });
            }
            files.insert(path, content);
        }
        Aftermath {
            acknowledged: self.acknowledged,
            files,
        }
    }
}

/// What becomes of one sector.
enum Fate {
    Kept,
    Lost,
    Garbled(u64),
}

impl Change {
    /// Changes `content`, sector by sector as `fate` says.
    fn apply(&self, content: &mut Vec<u8>, mut fate: impl FnMut(u64) -> Fate) {
        match self {
            Self::Length(to) => {
                if matches!(fate(0), Fate::Kept) {
                    content.resize(usize::try_from(*to).unwrap(), 0);
                }
            }
            Self::Write(at, bytes) => {
                let mut from = 0;
                while from < bytes.len() {
                    let start = *at + from as u64;
                    let left = usize::try_from(SECTOR - start % SECTOR).unwrap();
                    let part = &bytes[from..bytes.len().min(from + left)];
                    let place = usize::try_from(start).unwrap()..;
                    let place = place.start..place.start + part.len();
                    from += part.len();
                    let fate = fate(start);
                    if matches!(fate, Fate::Lost) {
                        continue;
                    }
                    if content.len() < place.end {
                        content.resize(place.end, 0);
                    }
                    content[place.clone()].copy_from_slice(part);
                    if let Fate::Garbled(seed) = fate {
                        let mut noise = Dice(seed);
                        content[place].fill_with(|| noise.next().to_le_bytes()[0]);
                    }
                }
            }
        }
    }
}

/// Random numbers that a seed repeats (`SplitMix64`).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
