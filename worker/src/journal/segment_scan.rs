//! One segment file as far as it has been read.

use std::{
    collections::HashSet,
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::Arc,
};

use rt_manage_shared::id::{AttemptId, BootId};

use super::{
    entry::{BodyError, Entry},
    found::{AnswerAt, Damage, DamageReason, JournalEntry},
    frame::{Salt, to_u64},
    header::{HEADER_LEN, HEADER_LOOK, Header, HeaderState},
    reader::{Frames, Source, Step, Tail},
};

/// Remembers what was read of a segment, so that only new bytes are read next time.
#[derive(Debug, Clone)]
pub(super) struct SegmentScan {
    path: Arc<Path>,
    /// By its name.
    number: u64,
    /// Whose folder it lies in.
    worker: BootId,
    /// Device, inode and length when it was read.
    seen: Option<(u64, u64, u64)>,
    header: HeaderState,
    /// Behind the last sound frame.
    read_to: u64,
    frames: u64,
    entries: Vec<JournalEntry>,
    attempts: HashSet<AttemptId>,
    closed: Option<u64>,
    /// Between sound frames; what follows the last one may still change and is in `tail`.
    damage: Vec<Damage>,
    tail: Tail,
    /// What the device said, where it could not read a place.
    unreadable: Option<String>,
}

impl SegmentScan {
    pub(super) fn new(path: &Path, number: u64, worker: BootId) -> Self {
        Self {
            path: path.into(),
            number,
            worker,
            seen: None,
            header: HeaderState::Unfinished,
            read_to: 0,
            frames: 0,
            entries: Vec::new(),
            attempts: HashSet::new(),
            closed: None,
            damage: Vec::new(),
            tail: Tail::Clean,
            unreadable: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn number_by_name(&self) -> u64 {
        self.number
    }

    pub(super) fn header(&self) -> Option<&Header> {
        if let HeaderState::Good(header) = &self.header {
            Some(header)
        } else {
            None
        }
    }

    /// Its place among the segments: as the header says, else as the name says.
    pub(super) fn number(&self) -> u64 {
        self.header().map_or(self.number, |header| header.segment)
    }

    pub(super) fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    pub(super) fn mentions(&self, attempt: AttemptId) -> bool {
        self.attempts.contains(&attempt)
    }

    pub(super) fn has_frames(&self) -> bool {
        self.frames > 0
    }

    /// The successor that the close frame names (0: none), where there is a close frame.
    pub(super) fn closed(&self) -> Option<u64> {
        self.closed
    }

    pub(super) fn damage_inside(&self) -> &[Damage] {
        &self.damage
    }

    pub(super) fn tail(&self) -> Tail {
        self.tail
    }

    pub(super) fn unreadable(&self) -> Option<&str> {
        self.unreadable.as_deref()
    }

    pub(super) fn read_to(&self) -> u64 {
        self.read_to
    }

    /// Damage that concerns the file as a whole.
    pub(super) fn damage_of_header(&self) -> Option<DamageReason> {
        match &self.header {
            HeaderState::Unfinished => None,
            HeaderState::Damaged => Some(DamageReason::Header),
            HeaderState::UnknownVersion(version) => Some(DamageReason::UnknownVersion(*version)),
            HeaderState::Good(header) => (header.segment != self.number
                || header.worker != self.worker)
                .then_some(DamageReason::Misplaced),
        }
    }

    /// Whether the file holds nothing of what a writer puts into it: it was only just created.
    pub(super) fn is_unfinished(&self) -> bool {
        self.header == HeaderState::Unfinished
    }

    /// Whether there is nothing new to read.
    pub(super) fn is_current(&self, metadata: &Metadata) -> bool {
        // An open segment of constant length may have grown inside its zeros.
        self.closed.is_some() && self.seen == Some(seen(metadata))
    }

    /// Reads what is new.
    pub(super) fn update(&mut self) -> io::Result<()> {
        let file = File::open(&self.path)?;
        let now = seen(&file.metadata()?);
        let same_file = self
            .seen
            .is_some_and(|(device, inode, _)| (device, inode) == (now.0, now.1));
        if !same_file || now.2 < self.read_to || self.header().is_none() {
            *self = Self::new(&Arc::clone(&self.path), self.number, self.worker);
        }
        self.read(&file)?;
        self.seen = Some(now);
        Ok(())
    }

    pub(super) fn read(&mut self, source: &impl Source) -> io::Result<()> {
        if self.header().is_none() && !self.read_header(source)? {
            return Ok(());
        }
        let salt = self.salt();
        let mut frames = Frames::new(source, &salt, self.read_to);
        loop {
            match frames.step()? {
                Step::Frame { offset, kind, body } => self.take(&salt, offset, kind, &body),
                Step::Damage { offset } => self.note(offset, DamageReason::Checksum),
                Step::End(tail) => {
                    self.tail = tail;
                    self.unreadable = frames.unreadable().map(ToString::to_string);
                    return Ok(());
                }
            }
            self.read_to = frames.position();
        }
    }

    /// Says whether frames can follow.
    fn read_header(&mut self, source: &impl Source) -> io::Result<bool> {
        self.header = look_at_header(source);
        self.read_to = 0;
        if self.header == HeaderState::Unfinished {
            let salt = self.salt();
            let mut frames = Frames::new(source, &salt, 0);
            let written = frames.written(0)?;
            if written < to_u64(HEADER_LEN) && frames.unreadable().is_none() {
                if written > 0 {
                    self.tail = Tail::Torn(0);
                }
                return Ok(false);
            }
        }
        if matches!(self.header, HeaderState::Unfinished | HeaderState::Damaged) {
            // Its owner may have written it between these looks, or in the middle of the first.
            self.header = look_at_header(source);
        }
        if self.header == HeaderState::Unfinished {
            self.header = HeaderState::Damaged;
        }
        if self.header().is_some() {
            self.read_to = to_u64(HEADER_LEN);
        }
        // Behind a damaged header nobody knows where the first frame is: the search starts at the beginning.
        Ok(matches!(
            self.header,
            HeaderState::Good(_) | HeaderState::Damaged
        ))
    }

    fn salt(&self) -> Salt {
        let worker = self.header().map_or(self.worker, |header| header.worker);
        Salt::new(worker, self.number())
    }

    fn take(&mut self, salt: &Salt, offset: u64, kind: u8, body: &[u8]) {
        self.frames += 1;
        let entry = match Entry::decode(kind, body) {
            Ok(Entry::Close(next)) => {
                self.closed = Some(next);
                return;
            }
            Ok(Entry::Intent(intent)) => JournalEntry::Intent(intent),
            Ok(Entry::Done(done)) => JournalEntry::Done(done),
            Ok(Entry::Answer(answer)) => JournalEntry::Answer(AnswerAt::new(
                answer,
                crc32fast::hash(body),
                Arc::clone(&self.path),
                offset,
                salt.clone(),
            )),
            Err(BodyError::UnknownKind(kind)) => {
                return self.note(offset, DamageReason::UnknownKind(kind));
            }
            Err(BodyError::Malformed) => return self.note(offset, DamageReason::Malformed),
        };
        self.attempts.insert(entry.attempt());
        self.entries.push(entry);
    }

    fn note(&mut self, offset: u64, reason: DamageReason) {
        self.damage.push(Damage {
            file: self.path.to_path_buf(),
            offset,
            reason,
        });
    }
}

/// A short read or a bad block gives a damaged header, behind which frames are still looked for.
fn look_at_header(source: &impl Source) -> HeaderState {
    let mut start = vec![0; HEADER_LOOK];
    let length = source.read_at(&mut start, 0).unwrap_or(0);
    start.truncate(length);
    Header::read(&start)
}

fn seen(metadata: &Metadata) -> (u64, u64, u64) {
    (metadata.dev(), metadata.ino(), metadata.len())
}
