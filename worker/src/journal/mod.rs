//! The write-ahead journal of upstream answers.
//!
//! OpenAI invalidates a refresh token with the answer that brings its successor. Between that answer and the
//! database's commit the successor exists here only, so it goes to disk, synced, before anybody looks at it.
//! Each worker writes a folder of its own; every process may read all folders, without a lock, at any time.
//!
//! # On disk
//!
//! ```text
//! <journal directory>/<worker boot id>/lock                  flock held exclusively while the worker lives
//! <journal directory>/<worker boot id>/0000000001.journal    segments, numbered from 1 without a gap
//! <journal directory>/<worker boot id>.deleting/             expired, about to be removed; nobody reads it
//! ```
//!
//! All integers are little-endian; ids are their 26-character text; checksums are CRC-32 (IEEE).
//!
//! **Segment header**, 87 bytes. Every version keeps magic, version and length in place and
//! ends with the checksum and the end byte, so that an old reader can tell a newer format from a damaged header.
//!
//! | bytes | field |
//! |---|---|
//! | 8 | magic `RTMJRNL\n` |
//! | 2 | format version, 1 |
//! | 2 | length of this header |
//! | 8 | number of the segment |
//! | 26 | the worker's boot id |
//! | 36 | the kernel's boot id (`/proc/sys/kernel/random/boot_id`), zeros where it cannot be read |
//! | 4 | checksum of all before |
//! | 1 | end byte `0xE5` |
//!
//! **Frame**, back to back after the header:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | marker `F7 52 54 9E`: where a reader picks up again behind damage |
//! | 1 | kind: 1 intent, 2 answer, 3 done, 4 close |
//! | 4 | length of the body |
//! | 4 | checksum of salt and head up to here, so that the length can be trusted before the body is there |
//! | n | body |
//! | 4 | checksum of salt, whole head and body |
//! | 1 | end byte `0xE5`: not zero, so that a frame whose end was never written can be told from a damaged one |
//!
//! The *salt* is the worker's boot id (26 bytes) and the segment's number (8 bytes). It is not stored: it keeps
//! frames from another segment, in reused disk blocks or inside a payload, from being taken for frames of this one.
//!
//! | kind | body |
//! |---|---|
//! | intent | attempt (26), credential (26), at (8), length of the fingerprint (2), fingerprint |
//! | answer | as intent, then the sealed payload up to the end |
//! | done | attempt (26), at (8) |
//! | close | number of the segment that follows, 0 where the journal ended in order (8) |
//!
//! A segment is preallocated, so that an answer whose room was reserved cannot fail for lack of space. Where the
//! file system keeps the size, the file ends with its last frame; elsewhere it is filled with zeros up to its
//! capacity. Copy-on-write file systems (btrfs, ZFS) may still refuse a write into preallocated room.
//!
//! A segment that is followed by another one ends with a close frame. Missing: its tail cannot be vouched for
//! (damage), because the device refused a write or a sync there. What that segment had not synced then stands
//! at the start of the next one, and readers drop the duplicates.

mod disk;
mod entry;
mod error;
mod folder;
mod found;
mod frame;
mod handle;
mod header;
mod lock;
mod reader;
mod retain;
mod scan;
mod segment_scan;
mod store;
mod writer;

#[cfg(test)]
mod tests;

pub use entry::{Answer, Done, Intent};
pub use error::JournalError;
pub use folder::{FolderScan, IntentEvidence};
pub use found::{AnswerAt, Damage, DamageReason, JournalEntry, ReadAnswerError, Torn};
pub use handle::{Journal, JournalHealth, JournalOptions, Reservation};
pub use retain::{Kept, Retention, RetentionReport, delete_expired};
pub use scan::{Scan, Scanner, scan};
