//! Segment files as the writer sees them: created with room set aside, appended to, synced, closed.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rt_manage_shared::id::BootId;
use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
    process::{Resource, getrlimit},
};

use super::{
    entry::Entry,
    error::JournalError,
    frame::{self, Salt, to_u64},
    header::{HEADER_LEN, Header, kernel_boot_id},
};

const SUFFIX: &str = ".journal";
/// Zeros are written in pieces of this size where room cannot be set aside otherwise.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// Name of the segment with this number.
pub(super) fn segment_name(number: u64) -> String {
    format!("{number:010}{SUFFIX}")
}

/// Number of the segment with this name; `None` for every other file.
pub(super) fn segment_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(SUFFIX)?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// Makes a folder (and those above it) that only this user can read, with durable names.
pub(super) fn create_folder(path: &Path) -> Result<(), JournalError> {
    let new = path
        .ancestors()
        .take_while(|folder| !folder.exists())
        .count();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(JournalError::io("create", path))?;
    let above = path.ancestors().skip(1).take(new);
    for folder in above.filter(|folder| *folder != Path::new("")) {
        // Best effort: a folder that others made may not be readable, and that is no reason not to start.
        if let Err(error) = sync_folder(folder) {
            tracing::warn!(%error, "the name of a new folder may not survive a power failure");
        }
    }
    Ok(())
}

/// Makes the entries of a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), JournalError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(JournalError::io("sync", path))?;
    #[cfg(test)]
    super::tests::folder_synced(path);
    Ok(())
}

/// Creates the segments of one folder.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    worker: BootId,
    kernel_boot_id: Option<String>,
    #[cfg(test)]
    pub(super) faults: std::sync::Arc<super::tests::Faults>,
}

impl Disk {
    pub(super) fn new(folder: PathBuf, worker: BootId) -> Self {
        Self {
            folder,
            worker,
            kernel_boot_id: kernel_boot_id(),
            #[cfg(test)]
            faults: std::sync::Arc::default(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Creates a segment with `capacity` bytes set aside, durable by itself.
    pub(super) fn create(&self, number: u64, capacity: u64) -> Result<Segment, JournalError> {
        let path = self.folder.join(segment_name(number));
        #[cfg(test)]
        self.faults
            .create()
            .map_err(JournalError::io("create", &path))?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(JournalError::io("create", &path))?;
        #[cfg(test)]
        self.faults.tape.created(&path);
        let mut segment = Segment {
            salt: Salt::new(self.worker, number),
            number,
            path,
            file,
            written: 0,
            capacity: 0,
            keeps_size: true,
            #[cfg(test)]
            faults: self.faults.clone(),
        };
        let prepared = segment.prepare(&self.header(number), capacity);
        let named = prepared.and_then(|()| sync_folder(&self.folder));
        #[cfg(test)]
        if named.is_ok() {
            self.faults.tape.folder_synced();
        }
        if let Err(error) = named {
            // Nothing was acknowledged from it, so it may go; if it stays, a reader sees an unfinished header.
            let _ = std::fs::remove_file(&segment.path);
            return Err(error);
        }
        Ok(segment)
    }

    fn header(&self, segment: u64) -> Header {
        Header {
            segment,
            worker: self.worker,
            kernel_boot_id: self.kernel_boot_id.clone(),
        }
    }
}

/// The file that is written.
#[derive(Debug)]
pub(super) struct Segment {
    number: u64,
    path: PathBuf,
    file: File,
    salt: Salt,
    written: u64,
    capacity: u64,
    /// False where room could only be set aside by writing zeros.
    keeps_size: bool,
    #[cfg(test)]
    faults: std::sync::Arc<super::tests::Faults>,
}

impl Segment {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn keeps_size(&self) -> bool {
        self.keeps_size
    }

    /// Bytes set aside and not yet written.
    pub(super) fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.written)
    }

    fn prepare(&mut self, header: &Header, capacity: u64) -> Result<(), JournalError> {
        self.extend(capacity)?;
        let bytes = header.encode();
        self.file
            .write_all_at(&bytes, 0)
            .and_then(|()| self.file.sync_all())
            .map_err(JournalError::io("write", &self.path))?;
        #[cfg(test)]
        self.faults.tape.written_and_synced(&self.path, 0, &bytes);
        self.written = to_u64(HEADER_LEN);
        Ok(())
    }

    /// Sets `more` bytes aside at the end.
    pub(super) fn extend(&mut self, more: u64) -> Result<(), JournalError> {
        #[cfg(test)]
        self.faults
            .extend()
            .map_err(JournalError::io("extend", &self.path))?;
        let from = self.capacity;
        let to = from.saturating_add(more);
        // Room beyond the end of the file is set aside without regard to this limit; writing then fails.
        if getrlimit(Resource::Fsize)
            .current
            .is_some_and(|limit| to > limit)
        {
            return Err(JournalError::io("extend", &self.path)(Errno::FBIG.into()));
        }
        let unsupported = match fallocate(&self.file, FallocateFlags::KEEP_SIZE, from, more) {
            Ok(()) => false,
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => true,
            Err(errno) => return Err(JournalError::io("extend", &self.path)(errno.into())),
        };
        #[cfg(test)]
        let unsupported = unsupported
            || self
                .faults
                .zeros_only
                .load(std::sync::atomic::Ordering::SeqCst);
        if unsupported {
            self.fill(from, to)
                .map_err(JournalError::io("extend", &self.path))?;
            self.keeps_size = false;
        }
        self.capacity = to;
        Ok(())
    }

    /// The way to have room where the file system cannot set it aside.
    fn fill(&self, from: u64, to: u64) -> io::Result<()> {
        let mut at = from;
        while at < to {
            let len = usize::try_from(to - at)
                .unwrap_or(usize::MAX)
                .min(ZEROS.len());
            self.file
                .write_all_at(ZEROS.get(..len).unwrap_or_default(), at)?;
            #[cfg(test)]
            self.faults
                .tape
                .wrote(&self.path, at, ZEROS.get(..len).unwrap_or_default());
            at += to_u64(len);
        }
        self.file.sync_all()?;
        #[cfg(test)]
        self.faults.tape.synced(&self.path);
        Ok(())
    }

    /// Appends frames in one write, and makes them and all before them durable where `sync`.
    pub(super) fn append<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Entry>,
        sync: bool,
    ) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        for entry in entries {
            frame::encode(entry, &self.salt, &mut bytes);
        }
        #[cfg(test)]
        self.faults
            .write(&self.file, &self.path, self.written, &bytes)
            .map_err(JournalError::io("write", &self.path))?;
        self.file
            .write_all_at(&bytes, self.written)
            .map_err(JournalError::io("write", &self.path))?;
        self.written = self.written.saturating_add(to_u64(bytes.len()));
        if sync {
            #[cfg(test)]
            self.faults
                .sync(&self.path)
                .map_err(JournalError::io("sync", &self.path))?;
            #[cfg(test)]
            if self.faults.tape.leaves_syncs_out() {
                return Ok(());
            }
            self.file
                .sync_data()
                .map_err(JournalError::io("sync", &self.path))?;
            #[cfg(test)]
            self.faults.tape.synced(&self.path);
        }
        Ok(())
    }

    /// Writes the close frame, makes everything durable, and gives unused room back.
    pub(super) fn close(mut self, next: u64) -> Result<(), JournalError> {
        let closed = self.append(std::iter::once(&Entry::Close(next)), true);
        self.trim();
        closed
    }

    /// After a failure: cuts a half-written batch off, as far as the device lets us.
    pub(super) fn abandon(self) {
        self.trim();
    }

    fn trim(&self) {
        // Best effort: what remains is room on the disk, or a tail that readers know how to judge.
        let _ = self.file.set_len(self.written);
        #[cfg(test)]
        self.faults.tape.resized(&self.path, self.written);
    }
}
