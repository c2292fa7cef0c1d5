//! What a scan finds: entries, torn ends and damage.

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rt_manage_shared::{
    clock::Millis,
    id::{AttemptId, CredentialId},
};

use super::{
    entry::{Answer, Done, Entry, Intent},
    frame::Salt,
    reader::{Frames, Step},
};

/// Part of a folder that cannot be vouched for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Damage {
    /// The file concerned.
    pub file: PathBuf,
    /// Where in the file it begins.
    pub offset: u64,
    /// What is wrong.
    pub reason: DamageReason,
}

/// What is wrong with a part of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DamageReason {
    /// Bytes that are no sound frame, inside a file or at its end.
    #[error("bytes that are no sound entry")]
    Checksum,
    /// A sound frame whose body makes no sense.
    #[error("an entry that makes no sense")]
    Malformed,
    /// A sound frame of a kind that this program does not know.
    #[error("an entry of unknown kind {0}")]
    UnknownKind(u8),
    /// The header of the file is damaged; its entries were read nevertheless.
    #[error("a damaged header")]
    Header,
    /// The file is of a format version that this program does not know; it was not read.
    #[error("format version {0} is unknown: the file is set aside")]
    UnknownVersion(u16),
    /// The file belongs to another place than its header says; its entries were read nevertheless.
    #[error("the file lies in the wrong place or has the wrong name")]
    Misplaced,
    /// The file ends in the middle of an entry although another one follows it.
    #[error("the file ends in the middle of an entry although another one follows")]
    CutShort,
    /// The file lacks its close frame although another one follows it: its tail may be missing.
    #[error("the file was given up or its end is missing, although another one follows")]
    Unclosed,
    /// A segment between others, or one that its predecessor names, is not there.
    #[error("the file is missing")]
    Missing,
    /// A file that does not belong into a journal folder; it was not read.
    #[error("a file that does not belong here")]
    Unexpected,
    /// The file or folder, or a place in it, could not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// The last entry of a folder was cut short: the normal trace of a crash. It was never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file concerned.
    pub file: PathBuf,
    /// Where the cut entry begins.
    pub offset: u64,
}

/// One entry as a scan holds it: payloads stay on the disk.
#[derive(Debug, Clone)]
pub enum JournalEntry {
    /// A call was about to be made.
    Intent(Intent),
    /// An answer came.
    Answer(AnswerAt),
    /// The database has recorded the attempt.
    Done(Done),
}

impl JournalEntry {
    /// The attempt that it is about.
    pub fn attempt(&self) -> AttemptId {
        match self {
            Self::Intent(intent) => intent.attempt,
            Self::Answer(answer) => answer.attempt,
            Self::Done(done) => done.attempt,
        }
    }
}

/// An answer in a journal file. Days of payloads do not fit into memory: [`AnswerAt::read`] fetches this one.
#[derive(Clone)]
pub struct AnswerAt {
    /// The attempt that was answered.
    pub attempt: AttemptId,
    /// The credential that it refreshes.
    pub credential: CredentialId,
    /// Fingerprint of the refresh token that was spent.
    pub rt_fp: String,
    /// When the answer arrived.
    pub at: Millis,
    /// Checksum of the body without salt: equal for an answer and its copy in another segment.
    digest: u32,
    file: Arc<Path>,
    offset: u64,
    salt: Salt,
}

/// Why an answer that a scan found cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum ReadAnswerError {
    /// The file cannot be read; it may have been deleted since.
    #[error("cannot read the answer in {file}: {source}")]
    Io {
        /// The journal file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The entry is no longer what the scan saw.
    #[error("the answer at byte {offset} of {file} is damaged")]
    Damaged {
        /// The journal file.
        file: PathBuf,
        /// Where the entry begins.
        offset: u64,
    },
}

impl AnswerAt {
    pub(super) fn new(
        answer: Answer,
        digest: u32,
        file: Arc<Path>,
        offset: u64,
        salt: Salt,
    ) -> Self {
        let Answer {
            attempt,
            credential,
            rt_fp,
            at,
            sealed: _,
        } = answer;
        Self {
            attempt,
            credential,
            rt_fp,
            at,
            digest,
            file,
            offset,
            salt,
        }
    }

    /// The file that it stands in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Where its entry begins in that file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Tells an answer from others of the same attempt, but not from its own copies.
    pub(super) fn identity(&self) -> (AttemptId, u32) {
        (self.attempt, self.digest)
    }

    /// Fetches the answer with its payload, and verifies it again. Blocks on the disk.
    pub fn read(&self) -> Result<Answer, ReadAnswerError> {
        let step = File::open(&self.file)
            .and_then(|file| Frames::new(&file, &self.salt, self.offset).step())
            .map_err(|source| ReadAnswerError::Io {
                file: self.file.to_path_buf(),
                source,
            })?;
        if let Step::Frame { kind, body, .. } = step
            && let Ok(Entry::Answer(answer)) = Entry::decode(kind, &body)
            && answer.attempt == self.attempt
        {
            return Ok(answer);
        }
        Err(ReadAnswerError::Damaged {
            file: self.file.to_path_buf(),
            offset: self.offset,
        })
    }
}

impl fmt::Debug for AnswerAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerAt")
            .field("attempt", &self.attempt)
            .field("credential", &self.credential)
            .field("rt_fp", &self.rt_fp)
            .field("at", &self.at)
            .field("file", &self.file)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
