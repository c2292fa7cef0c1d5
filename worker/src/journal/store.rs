//! The segment that is written, what it must still hold, and the change to the next one.

use std::sync::Arc;

use super::{
    disk::{Disk, Segment, segment_number},
    entry::Entry,
    error::JournalError,
    frame::{MIN_FRAME, to_u64},
    handle::Shared,
    header::HEADER_LEN,
};

/// Entries that no sync has covered are kept in memory, to be written again where a sync fails. Beyond this
/// size (some thousand intents) a sync is made for their sake.
const UNSYNCED_LIMIT: u64 = 1024 * 1024;
/// Room for the close frame.
const CLOSE_LEN: u64 = MIN_FRAME;

/// How hard to look for room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Refusing is fine: nothing is lost yet.
    Refusable,
    /// It must be written wherever the disk still takes it.
    Urgent,
}

/// Invariant: what is set aside in the current segment holds all reservations and a close frame.
pub(super) struct Store {
    pub(super) disk: Disk,
    segment_bytes: u64,
    shared: Arc<Shared>,
    /// `None` after the device refused: the next entry opens a new one.
    current: Option<Segment>,
    next_number: u64,
    /// Acknowledged entries of the current segment that no sync has covered.
    unsynced: Vec<Entry>,
    unsynced_bytes: u64,
}

impl Store {
    pub(super) fn new(
        disk: Disk,
        segment_bytes: u64,
        shared: Arc<Shared>,
    ) -> Result<Self, JournalError> {
        let next_number = last_number(&disk)?.saturating_add(1);
        Ok(Self {
            disk,
            segment_bytes,
            shared,
            current: None,
            next_number,
            unsynced: Vec::new(),
            unsynced_bytes: 0,
        })
    }

    /// By how much the current segment is too small for all reservations and `more`.
    pub(super) fn missing(&self, more: u64) -> Option<u64> {
        let free = self.current.as_ref()?.free();
        let wanted = self
            .shared
            .reserved()
            .saturating_add(more)
            .saturating_add(CLOSE_LEN);
        Some(wanted.saturating_sub(free))
    }

    /// Tries to set more room aside in the current segment.
    pub(super) fn extend(&mut self, bytes: u64) -> bool {
        self.current
            .as_mut()
            .is_some_and(|segment| segment.extend(bytes).is_ok())
    }

    /// Goes on in a new segment, with room for all reservations and `more`.
    pub(super) fn rotate(&mut self, more: u64, need: Need) -> Result<(), JournalError> {
        let fresh = self.create(more, need)?;
        // The successor exists before the old segment names it; it has no entry before the old one is closed.
        let closed = match self.current.take() {
            Some(old) => old
                .close(fresh.number())
                .inspect(|()| self.count_sync())
                .inspect_err(|error| self.note_abandoned(error))
                .is_ok(),
            None => self.unsynced.is_empty(),
        };
        if closed {
            self.forget_unsynced();
            self.current = Some(fresh);
            return Ok(());
        }
        self.take_over(fresh, &[])
    }

    /// Appends entries of `bytes` in all, for which there is room. After an error none of them counts as
    /// written.
    pub(super) fn write(&mut self, entries: Vec<Entry>, bytes: u64) -> Result<(), JournalError> {
        let sync = self.unsynced_bytes.saturating_add(bytes) > UNSYNCED_LIMIT
            || entries
                .iter()
                .any(|entry| matches!(entry, Entry::Answer(_)));
        if let Some(segment) = self.current.as_mut() {
            match segment.append(entries.iter(), sync) {
                Ok(()) if sync => {
                    self.count_sync();
                    self.forget_unsynced();
                    return Ok(());
                }
                Ok(()) => {
                    self.unsynced.extend(entries);
                    self.unsynced_bytes = self.unsynced_bytes.saturating_add(bytes);
                    return Ok(());
                }
                Err(error) => self.note_abandoned(&error),
            }
        }
        // What of these and of earlier plain writes is on the disk is now unknown: write it all again.
        if let Some(segment) = self.current.take() {
            segment.abandon();
        }
        let fresh = self.create(bytes, Need::Urgent)?;
        self.take_over(fresh, &entries)
    }

    /// Ends the journal in order.
    pub(super) fn close(&mut self) {
        if let Some(segment) = self.current.take()
            && let Err(error) = segment.close(0)
        {
            tracing::warn!(%error, "the journal could not be closed in order");
        }
    }

    /// Writes all that no sync has covered, and `entries`, to a new segment, which becomes the current one.
    fn take_over(&mut self, mut fresh: Segment, entries: &[Entry]) -> Result<(), JournalError> {
        if let Err(error) = fresh.append(self.unsynced.iter().chain(entries), true) {
            self.note_abandoned(&error);
            fresh.abandon();
            return Err(error);
        }
        self.count_sync();
        self.forget_unsynced();
        self.current = Some(fresh);
        Ok(())
    }

    /// A new segment with room for what no sync has covered, all reservations, and `more`.
    fn create(&mut self, more: u64, need: Need) -> Result<Segment, JournalError> {
        let least = to_u64(HEADER_LEN)
            .saturating_add(self.unsynced_bytes)
            .saturating_add(self.shared.reserved())
            .saturating_add(more)
            .saturating_add(CLOSE_LEN);
        let usual = least.max(self.segment_bytes);
        let created = match self.disk.create(self.next_number, usual) {
            Err(JournalError::Full { .. }) if need == Need::Urgent && usual > least => {
                self.disk.create(self.next_number, least)
            }
            other => other,
        };
        // After a failure the number may be taken by a file that could not be removed.
        self.next_number = match &created {
            Ok(_) => self.next_number.saturating_add(1),
            Err(_) => last_number(&self.disk).map_or(self.next_number, |last| {
                self.next_number.max(last.saturating_add(1))
            }),
        };
        created
    }

    /// Tells the current state of the segment.
    pub(super) fn publish(&self) {
        let free = self.current.as_ref().map_or(0, Segment::free);
        let free = free
            .saturating_sub(self.shared.reserved())
            .saturating_sub(CLOSE_LEN);
        self.shared.update_health(|health| {
            health.free_bytes = free;
            if let Some(segment) = &self.current {
                health.segment = segment.number();
                health.zero_filled = !segment.keeps_size();
            }
        });
    }

    fn note_abandoned(&self, error: &JournalError) {
        tracing::error!(%error, "a journal segment is given up; its entries move to the next one");
        self.shared.update_health(|health| {
            health.abandoned_segments = health.abandoned_segments.saturating_add(1);
        });
    }

    fn count_sync(&self) {
        self.shared
            .update_health(|health| health.syncs = health.syncs.saturating_add(1));
    }

    fn forget_unsynced(&mut self) {
        self.unsynced.clear();
        self.unsynced_bytes = 0;
    }
}

/// The highest segment number in the folder, or 0.
fn last_number(disk: &Disk) -> Result<u64, JournalError> {
    let files =
        std::fs::read_dir(disk.folder()).map_err(JournalError::io("list", disk.folder()))?;
    let numbers = files.filter_map(|file| segment_number(file.ok()?.file_name().to_str()?));
    Ok(numbers.max().unwrap_or(0))
}
