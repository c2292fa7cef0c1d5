//! Reads all workers' folders, again and again, without locks and without changing anything.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rt_manage_shared::id::{AttemptId, BootId};

use super::{
    disk::segment_number,
    entry::{Done, boot_id_text},
    folder::{FolderScan, IntentEvidence},
    found::{AnswerAt, Damage, DamageReason},
    header::kernel_boot_id,
    lock::{self, LOCK_FILE},
    segment_scan::SegmentScan,
};

/// A live folder changes while it is read; when the picture does not fit together it is read again.
const TRIES: u32 = 3;

/// What all journals hold.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// One for each worker's folder, in the order of the workers' starts.
    pub folders: Vec<FolderScan>,
    /// Things in the directory that are no journal folders; they were not read.
    pub unexpected: Vec<PathBuf>,
    /// Why the directory itself could not be listed.
    pub failure: Option<String>,
}

impl Scan {
    /// The folder of one worker.
    pub fn folder(&self, worker: BootId) -> Option<&FolderScan> {
        self.folders.iter().find(|folder| folder.worker == worker)
    }

    /// Whether `worker` may have called the upstream for `attempt`. [`IntentEvidence::Unknown`] where its folder
    /// is not here.
    pub fn has_intent(&self, worker: BootId, attempt: AttemptId) -> IntentEvidence {
        self.folder(worker)
            .map_or(IntentEvidence::Unknown, |folder| folder.has_intent(attempt))
    }

    /// The attempts that the database has recorded as far as any journal knows: whoever replays another
    /// worker's answer notes that in a journal of its own.
    pub fn done(&self) -> HashSet<AttemptId> {
        self.folders.iter().flat_map(FolderScan::done).collect()
    }

    /// All answers that no journal notes as done, folder by folder.
    pub fn undone(&self) -> Vec<&AnswerAt> {
        let done = self.done();
        let answers = self.folders.iter().flat_map(FolderScan::answers);
        answers
            .filter(|answer| !done.contains(&answer.attempt))
            .collect()
    }

    /// The `count` attempts that any worker noted as done last, the newest first.
    pub fn newest_done(&self, count: usize) -> Vec<Done> {
        let mut newest: Vec<Done> = self
            .folders
            .iter()
            .flat_map(|folder| folder.newest_done(count))
            .collect();
        newest.sort_by_key(|done| (std::cmp::Reverse(done.at), done.attempt));
        newest.dedup_by_key(|done| done.attempt);
        newest.truncate(count);
        newest
    }

    /// The `count` attempts that any worker wrote an intent for last, the newest first.
    pub fn newest_intents(&self, count: usize) -> Vec<AttemptId> {
        let mut newest: Vec<_> = self
            .folders
            .iter()
            .flat_map(|folder| folder.newest_intents(count))
            .map(|intent| (std::cmp::Reverse(intent.at), intent.attempt))
            .collect();
        newest.sort_unstable();
        newest.dedup();
        newest.truncate(count);
        newest.into_iter().map(|(_, attempt)| attempt).collect()
    }

    /// All damage in all folders.
    pub fn damage(&self) -> impl Iterator<Item = &Damage> {
        self.folders.iter().flat_map(|folder| &folder.damage)
    }
}

/// Reads all journals below `directory` once. Never fails: what cannot be read is part of the answer.
pub fn scan(directory: &Path) -> Scan {
    Scanner::new(directory).rescan()
}

/// Reads all journals below a directory and remembers how far: the next scan reads only what is new.
#[derive(Debug)]
pub struct Scanner {
    directory: PathBuf,
    kernel_boot_id: Option<String>,
    folders: HashMap<BootId, Segments>,
    skipped: HashSet<BootId>,
}

type Segments = BTreeMap<u64, Arc<SegmentScan>>;

impl Scanner {
    /// Reads nothing yet.
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            kernel_boot_id: kernel_boot_id(),
            folders: HashMap::new(),
            skipped: HashSet::new(),
        }
    }

    /// Leaves a folder out from now on, and forgets what was read of it: days of entries take memory.
    pub fn skip(&mut self, worker: BootId) {
        self.skipped.insert(worker);
        self.folders.remove(&worker);
    }

    /// Reads what is new. Blocks on the disk.
    pub fn rescan(&mut self) -> Scan {
        let mut scan = Scan::default();
        let mut workers = HashSet::new();
        match list(&self.directory) {
            Ok(files) => {
                for path in files {
                    match worker_of(&path) {
                        Found::Folder(worker) if self.skipped.contains(&worker) => {}
                        Found::Folder(worker) => {
                            workers.insert(worker);
                            scan.folders.extend(self.folder(worker, &path));
                        }
                        Found::Expiring => {}
                        Found::Other => scan.unexpected.push(path),
                    }
                }
            }
            // No journal was ever written here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => scan.failure = Some(error.to_string()),
        }
        self.folders.retain(|worker, _| workers.contains(worker));
        scan.folders.sort_by_key(|folder| folder.worker);
        scan.unexpected.sort();
        scan
    }

    /// `None` where the folder has vanished.
    pub(super) fn folder(&mut self, worker: BootId, path: &Path) -> Option<FolderScan> {
        let known = self.folders.entry(worker).or_default();
        let mut result = None;
        for _ in 0..TRIES {
            let (folder, steady) = read_folder(worker, path, known, self.kernel_boot_id.as_deref());
            result = folder;
            if steady {
                break;
            }
        }
        if let Some(folder) = &mut result {
            folder.damage.retain(|damage| !appeared(damage));
        }
        result
    }
}

/// Whether a missing segment is there by now: it was created after the folder was listed. It exists before its predecessor
/// names it, and gets entries only after that, so that whatever it holds is newer than the scan. An owner that changes
/// segments faster than they are read would otherwise seem to have lost one at each try.
fn appeared(damage: &Damage) -> bool {
    damage.reason == DamageReason::Missing && is_file(&damage.file)
}

/// Says also whether the files fit together, as those of a folder that is being written may not.
fn read_folder(
    worker: BootId,
    path: &Path,
    known: &mut Segments,
    kernel: Option<&str>,
) -> (Option<FolderScan>, bool) {
    // First of all: what a dead owner wrote is then all there to be read.
    let mut folder = FolderScan::new(worker, path, lock::is_held(path));
    let files = match list(path) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (None, true),
        Err(error) => {
            folder.note(path, 0, DamageReason::Unreadable(error.to_string()));
            return (Some(folder), true);
        }
    };
    let mut listed = BTreeMap::new();
    for file in files {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        match segment_number(name) {
            Some(number) if is_file(&file) => drop(listed.insert(number, file)),
            _ if name == LOCK_FILE => {}
            _ => folder.note(&file, 0, DamageReason::Unexpected),
        }
    }
    known.retain(|number, _| listed.contains_key(number));
    let mut steady = true;
    // From the newest to the oldest: a segment is closed before its successor gets entries, so that what is
    // read later is never behind.
    for (number, file) in listed.iter().rev() {
        let segment = known
            .entry(*number)
            .or_insert_with(|| Arc::new(SegmentScan::new(file, *number, worker)));
        match update(segment) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                known.remove(number);
                steady = false;
            }
            Err(error) => folder.note(file, 0, DamageReason::Unreadable(error.to_string())),
        }
    }
    let folder = folder.with_segments(known.values().cloned().collect(), kernel);
    let missing = folder
        .damage
        .iter()
        .any(|damage| damage.reason == DamageReason::Missing);
    (Some(folder), steady && !missing)
}

fn update(segment: &mut Arc<SegmentScan>) -> io::Result<()> {
    if segment.is_current(&fs::symlink_metadata(segment.path())?) {
        return Ok(());
    }
    Arc::make_mut(segment).update()
}

/// What an entry of the journal directory is.
pub(super) enum Found {
    Folder(BootId),
    /// Expired and about to be removed.
    Expiring,
    Other,
}

/// Marks a folder that is being removed.
pub(super) const EXPIRING_SUFFIX: &str = ".deleting";

pub(super) fn worker_of(path: &Path) -> Found {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let (id, expiring) = match name.strip_suffix(EXPIRING_SUFFIX) {
        Some(id) => (id, true),
        None => (name, false),
    };
    match id.parse::<BootId>() {
        // Other spellings of the same id would be a second folder of the same worker.
        Ok(worker) if boot_id_text(worker) == id && is_folder(path) => {
            if expiring {
                Found::Expiring
            } else {
                Found::Folder(worker)
            }
        }
        _ => Found::Other,
    }
}

pub(super) fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(path)?.map(|file| Ok(file?.path())).collect()
}

// Links are not followed: they would lead out of the journal.
fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}
