//! One worker's folder, put together from its segments, and the questions that recovery asks of it.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use rt_manage_shared::id::{AttemptId, BootId};

use super::{
    disk::segment_name,
    entry::{Done, Intent},
    found::{AnswerAt, Damage, DamageReason, JournalEntry, Torn},
    reader::Tail,
    segment_scan::SegmentScan,
};

/// Whether a journal shows that an attempt's call may have been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentEvidence {
    /// The journal mentions the attempt.
    Yes,
    /// The folder is complete, unharmed and of the running kernel, and does not mention the attempt: the call
    /// was never made.
    ProvablyNo,
    /// The journal cannot tell.
    Unknown,
}

/// What one worker's folder holds.
#[derive(Debug, Clone)]
pub struct FolderScan {
    /// Whose journal it is.
    pub worker: BootId,
    /// The folder.
    pub path: PathBuf,
    /// The kernel's boot id when it was written, where that is known.
    pub kernel_boot_id: Option<String>,
    /// Whether all of it was written since this machine was started: nothing is lost in a page cache.
    pub of_this_boot: bool,
    /// Whether its owner holds its lock; asked before the files were read.
    pub owner_alive: bool,
    /// Whether old segments are gone. That is in order, but absence then proves nothing.
    pub pruned: bool,
    /// What cannot be vouched for.
    pub damage: Vec<Damage>,
    /// An entry that was cut short at the end of the last written file.
    pub torn: Option<Torn>,
    segments: Vec<Arc<SegmentScan>>,
}

impl FolderScan {
    pub(super) fn new(worker: BootId, path: &Path, owner_alive: bool) -> Self {
        Self {
            worker,
            path: path.to_owned(),
            kernel_boot_id: None,
            of_this_boot: false,
            owner_alive,
            pruned: false,
            damage: Vec::new(),
            torn: None,
            segments: Vec::new(),
        }
    }

    /// Judges the segments as a whole.
    pub(super) fn with_segments(
        mut self,
        mut segments: Vec<Arc<SegmentScan>>,
        kernel: Option<&str>,
    ) -> Self {
        segments.sort_by_key(|segment| (segment.number(), segment.number_by_name()));
        let written = segments
            .iter()
            .rposition(|segment| segment.has_frames())
            .unwrap_or(0);
        for (position, segment) in segments.iter().enumerate() {
            self.judge(segment, position < written);
        }
        self.find_gaps(&segments);
        let mut headers = segments
            .iter()
            .filter_map(|segment| segment.header())
            .peekable();
        self.kernel_boot_id = headers
            .peek()
            .and_then(|header| header.kernel_boot_id.clone());
        self.of_this_boot = kernel.is_some()
            && headers.peek().is_some()
            && headers.all(|header| header.kernel_boot_id.as_deref() == kernel);
        self.pruned = segments.first().is_some_and(|segment| segment.number() > 1);
        self.segments = segments;
        self
    }

    fn judge(&mut self, segment: &SegmentScan, followed: bool) {
        if let Some(reason) = segment.damage_of_header() {
            self.note(segment.path(), 0, reason);
        }
        self.damage.extend_from_slice(segment.damage_inside());
        if let Some(error) = segment.unreadable() {
            self.note(
                segment.path(),
                segment.read_to(),
                DamageReason::Unreadable(error.to_owned()),
            );
        }
        match segment.tail() {
            Tail::Torn(offset) if !followed => {
                self.torn = Some(Torn {
                    file: segment.path().to_owned(),
                    offset,
                });
            }
            Tail::Torn(offset) => self.note(segment.path(), offset, DamageReason::CutShort),
            Tail::Damaged(offset) => self.note(segment.path(), offset, DamageReason::Checksum),
            Tail::Clean if followed && segment.is_unfinished() => {
                self.note(segment.path(), 0, DamageReason::Header);
            }
            Tail::Clean if followed && segment.closed().is_none() => {
                // A file that is set aside was not read up to its close frame.
                if !matches!(
                    segment.damage_of_header(),
                    Some(DamageReason::UnknownVersion(_))
                ) {
                    self.note(segment.path(), segment.read_to(), DamageReason::Unclosed);
                }
            }
            Tail::Clean => {}
        }
    }

    fn find_gaps(&mut self, segments: &[Arc<SegmentScan>]) {
        let successors = segments
            .iter()
            .skip(1)
            .map(Some)
            .chain(std::iter::once(None));
        for (segment, successor) in segments.iter().zip(successors) {
            let next = segment.number().saturating_add(1);
            let missing = match successor {
                Some(successor) => successor.number() > next,
                None => segment.closed().is_some_and(|named| named != 0),
            };
            if missing {
                let file = self.path.join(segment_name(next));
                self.note(&file, 0, DamageReason::Missing);
            }
        }
    }

    pub(super) fn note(&mut self, file: &Path, offset: u64, reason: DamageReason) {
        self.damage.push(Damage {
            file: file.to_owned(),
            offset,
            reason,
        });
    }

    pub(super) fn segments(&self) -> &[Arc<SegmentScan>] {
        &self.segments
    }

    /// All entries in the order in which they were written. After a device failure some stand twice.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &JournalEntry> {
        self.segments.iter().flat_map(|segment| segment.entries())
    }

    /// All answers in order, done ones included.
    pub fn answers(&self) -> Vec<&AnswerAt> {
        let mut seen = HashSet::new();
        self.entries()
            .filter_map(|entry| match entry {
                JournalEntry::Answer(answer) if seen.insert(answer.identity()) => Some(answer),
                _ => None,
            })
            .collect()
    }

    /// Answers that no done entry of this folder follows, in order. See also [`super::Scan::undone`].
    pub fn undone(&self) -> Vec<&AnswerAt> {
        let done = self.done();
        let mut answers = self.answers();
        answers.retain(|answer| !done.contains(&answer.attempt));
        answers
    }

    /// Intents without an answer, in order: calls that were made, are being made, or were about to be made.
    pub fn unanswered(&self) -> Vec<&Intent> {
        let mut seen: HashSet<AttemptId> = self
            .entries()
            .filter_map(|entry| match entry {
                JournalEntry::Answer(answer) => Some(answer.attempt),
                _ => None,
            })
            .collect();
        self.entries()
            .filter_map(|entry| match entry {
                JournalEntry::Intent(intent) if seen.insert(intent.attempt) => Some(intent),
                _ => None,
            })
            .collect()
    }

    /// The attempts that the database has recorded.
    pub fn done(&self) -> HashSet<AttemptId> {
        self.entries()
            .filter_map(|entry| match entry {
                JournalEntry::Done(done) => Some(done.attempt),
                _ => None,
            })
            .collect()
    }

    /// The `count` attempts that were noted as done last, the newest first. A database that does not know them
    /// is older than this journal.
    pub fn newest_done(&self, count: usize) -> Vec<Done> {
        let mut seen = HashSet::new();
        self.entries()
            .rev()
            .filter_map(|entry| match entry {
                JournalEntry::Done(done) if seen.insert(done.attempt) => Some(*done),
                _ => None,
            })
            .take(count)
            .collect()
    }

    /// The `count` intents that were written last, the newest first. The database has recorded the claim of each.
    pub fn newest_intents(&self, count: usize) -> impl Iterator<Item = &Intent> {
        self.entries()
            .rev()
            .filter_map(|entry| match entry {
                JournalEntry::Intent(intent) => Some(intent),
                _ => None,
            })
            .take(count)
    }

    /// Whether this worker may have called the upstream for `attempt`.
    ///
    /// True of the moment of the scan: judge an abandoned claim by a scan that began after the claim was seen
    /// to be abandoned.
    pub fn has_intent(&self, attempt: AttemptId) -> IntentEvidence {
        if self
            .segments
            .iter()
            .any(|segment| segment.mentions(attempt))
        {
            IntentEvidence::Yes
        } else if self.of_this_boot && !self.pruned && self.damage.is_empty() {
            IntentEvidence::ProvablyNo
        } else {
            IntentEvidence::Unknown
        }
    }
}
