//! Deletes journals that nobody needs any more: never one that holds an answer which the database may lack.

use std::{
    collections::HashSet,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rt_manage_shared::{
    clock::Millis,
    id::{AttemptId, BootId},
};

use super::{
    disk::sync_folder,
    folder::FolderScan,
    found::{AnswerAt, JournalEntry},
    lock,
    scan::{EXPIRING_SUFFIX, Found, Scanner, list, worker_of},
    segment_scan::SegmentScan,
};

/// What may be deleted.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// The folder that this process writes: of it, only old and finished segments are deleted.
    pub own: Option<BootId>,
    /// Files that were written to more recently stay (`journal.retention_hours`).
    pub older_than: Duration,
    /// Now. File times come from the host, so a clock that is far off keeps or deletes too much.
    pub now: Millis,
}

/// A folder that is old enough and stays nevertheless.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Whose journal it is.
    pub worker: BootId,
    /// Answers that the database may lack.
    pub undone: Vec<AnswerAt>,
    /// How many parts of it cannot be vouched for: something may be hidden there.
    pub damages: usize,
}

/// What became of old journals.
#[derive(Debug, Clone, Default)]
pub struct RetentionReport {
    /// Folders of other workers that were deleted.
    pub deleted: Vec<BootId>,
    /// Segments of the own folder that were deleted.
    pub deleted_segments: Vec<PathBuf>,
    /// Folders of workers that are gone, old enough but not finished: they want to be looked at.
    pub kept: Vec<Kept>,
    /// What could not be deleted, and why.
    pub failures: Vec<(PathBuf, String)>,
}

/// Deletes what is old, finished, unharmed and nobody's. Blocks on the disk.
///
/// `is_stale` says whether a worker's heartbeat has stopped; `is_recorded` whether the database has recorded an
/// attempt for which no journal has a done entry (a caller that does not know says no).
pub fn delete_expired(
    directory: &Path,
    retention: &Retention,
    is_stale: impl Fn(BootId) -> bool,
    is_recorded: impl Fn(AttemptId) -> bool,
) -> RetentionReport {
    let mut report = RetentionReport::default();
    finish_earlier_deletions(directory, &mut report);
    let mut scanner = Scanner::new(directory);
    let scan = scanner.rescan();
    let done = scan.done();
    let recorded = |attempt| done.contains(&attempt) || is_recorded(attempt);
    for folder in &scan.folders {
        if Some(folder.worker) == retention.own {
            delete_own_segments(folder, retention, &recorded, &mut report);
        } else if is_stale(folder.worker) && is_old(&folder.path, retention) {
            match delete_foreign(&mut scanner, folder, directory, &recorded) {
                Ok(Outcome::Deleted) => report.deleted.push(folder.worker),
                Ok(Outcome::InUse) => {}
                Ok(Outcome::Kept(kept)) => report.kept.push(kept),
                Err(error) => report
                    .failures
                    .push((folder.path.clone(), error.to_string())),
            }
        }
    }
    report
}

enum Outcome {
    Deleted,
    InUse,
    Kept(Kept),
}

fn delete_foreign(
    scanner: &mut Scanner,
    folder: &FolderScan,
    directory: &Path,
    recorded: &impl Fn(AttemptId) -> bool,
) -> io::Result<Outcome> {
    if folder.owner_alive {
        return Ok(Outcome::InUse);
    }
    let Ok(_lock) = lock::acquire(&folder.path) else {
        return Ok(Outcome::InUse);
    };
    // Its owner may have written until a moment ago.
    let Some(folder) = scanner.folder(folder.worker, &folder.path) else {
        return Ok(Outcome::InUse);
    };
    let undone: Vec<AnswerAt> = folder
        .answers()
        .into_iter()
        .filter(|answer| !recorded(answer.attempt))
        .cloned()
        .collect();
    if !undone.is_empty() || !folder.damage.is_empty() {
        return Ok(Outcome::Kept(Kept {
            worker: folder.worker,
            undone,
            damages: folder.damage.len(),
        }));
    }
    // Renamed first: nobody ever reads a folder of which a part is gone.
    let expiring = with_suffix(&folder.path);
    fs::rename(&folder.path, &expiring)?;
    sync_folder(directory).map_err(io::Error::other)?;
    fs::remove_dir_all(&expiring)?;
    Ok(Outcome::Deleted)
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(EXPIRING_SUFFIX);
    name.into()
}

fn finish_earlier_deletions(directory: &Path, report: &mut RetentionReport) {
    for path in list(directory).unwrap_or_default() {
        if let Found::Expiring = worker_of(&path)
            && let Err(error) = fs::remove_dir_all(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            report.failures.push((path, error.to_string()));
        }
    }
}

/// Only from the oldest on and without a gap, so that a missing segment elsewhere still means damage.
fn delete_own_segments(
    folder: &FolderScan,
    retention: &Retention,
    recorded: &impl Fn(AttemptId) -> bool,
    report: &mut RetentionReport,
) {
    let Some((_current, older)) = folder.segments().split_last() else {
        return;
    };
    let harmed: HashSet<&Path> = folder
        .damage
        .iter()
        .map(|damage| damage.file.as_path())
        .collect();
    for segment in older {
        let expendable = segment.closed().is_some()
            && !harmed.contains(segment.path())
            && is_finished(segment, recorded)
            && is_old_file(segment.path(), retention);
        if !expendable {
            return;
        }
        match fs::remove_file(segment.path()) {
            Ok(()) => report.deleted_segments.push(segment.path().to_owned()),
            Err(error) => {
                report
                    .failures
                    .push((segment.path().to_owned(), error.to_string()));
                return;
            }
        }
    }
}

/// Whether the database has recorded every attempt that the segment is about.
fn is_finished(segment: &SegmentScan, recorded: &impl Fn(AttemptId) -> bool) -> bool {
    segment.entries().iter().all(|entry| match entry {
        JournalEntry::Intent(intent) => recorded(intent.attempt),
        JournalEntry::Answer(answer) => recorded(answer.attempt),
        JournalEntry::Done(_) => true,
    })
}

/// Whether nothing in the folder, nor the folder itself, was changed recently.
fn is_old(folder: &Path, retention: &Retention) -> bool {
    let Ok(files) = list(folder) else {
        return false;
    };
    is_old_file(folder, retention) && files.iter().all(|file| is_old_file(file, retention))
}

fn is_old_file(path: &Path, retention: &Retention) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| {
        Millis::from_seconds(metadata.mtime()) < retention.now - retention.older_than
    })
}
