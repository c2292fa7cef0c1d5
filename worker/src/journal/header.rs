//! The header of a segment. The layout is in the module documentation of the journal.

use rt_manage_shared::id::BootId;

use super::{entry::ID_LEN, frame::END};

/// Starts each segment.
pub(super) const MAGIC: [u8; 8] = *b"RTMJRNL\n";
/// The format that is written, and the only one that is read.
const VERSION: u16 = 1;
/// A UUID's text.
const KERNEL_BOOT_ID_LEN: usize = 36;
/// Length of the header of version 1.
pub(super) const HEADER_LEN: usize = 8 + 2 + 2 + 8 + ID_LEN + KERNEL_BOOT_ID_LEN + 4 + 1;
// The module documentation names it.
const _: () = assert!(HEADER_LEN == 87);
/// How much a reader looks at, so that longer headers of later versions can be verified too.
pub(super) const HEADER_LOOK: usize = 1024;

/// Says whose segment it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) segment: u64,
    pub(super) worker: BootId,
    /// `None` where the kernel did not tell.
    pub(super) kernel_boot_id: Option<String>,
}

/// What stands where a header belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeaderState {
    /// Nothing, or the start of a header: the writer did not come further.
    Unfinished,
    Damaged,
    /// Unharmed and of a version that this program does not know.
    UnknownVersion(u16),
    Good(Header),
}

/// The running kernel's boot id.
pub(super) fn kernel_boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = text.trim();
    (id.len() == KERNEL_BOOT_ID_LEN).then(|| id.to_owned())
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&u16::try_from(HEADER_LEN).unwrap_or(u16::MAX).to_le_bytes());
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(self.worker.to_string().as_bytes());
        match &self.kernel_boot_id {
            Some(id) => out.extend_from_slice(id.as_bytes()),
            None => out.extend_from_slice(&[0; KERNEL_BOOT_ID_LEN]),
        }
        let checksum = crc32fast::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out.push(END);
        out
    }

    /// Judges the first [`HEADER_LOOK`] bytes of a segment (or fewer, where it is shorter).
    pub(super) fn read(bytes: &[u8]) -> HeaderState {
        let written = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        if written < HEADER_LEN {
            let magic = MAGIC
                .iter()
                .zip(bytes)
                .take(written)
                .all(|(want, have)| want == have);
            return if magic {
                HeaderState::Unfinished
            } else {
                HeaderState::Damaged
            };
        }
        match verify(bytes) {
            Some((VERSION, fields)) => {
                decode(fields).map_or(HeaderState::Damaged, HeaderState::Good)
            }
            Some((version, _)) => HeaderState::UnknownVersion(version),
            None => HeaderState::Damaged,
        }
    }
}

/// Version and the fields behind the length, where magic, checksum and end are right.
fn verify(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (length, _) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let summed = bytes.get(..length.checked_sub(5)?)?;
    let (checksum, rest) = bytes.get(length - 5..length)?.split_first_chunk::<4>()?;
    let sound = *magic == MAGIC
        && rest.first() == Some(&END)
        && *checksum == crc32fast::hash(summed).to_le_bytes();
    sound.then_some(())?;
    Some((u16::from_le_bytes(*version), summed.get(12..)?))
}

fn decode(fields: &[u8]) -> Option<Header> {
    let (segment, rest) = fields.split_first_chunk::<8>()?;
    let (worker, kernel) = rest.split_at_checked(ID_LEN)?;
    if kernel.len() != KERNEL_BOOT_ID_LEN {
        return None;
    }
    let kernel_boot_id = if kernel.iter().all(|byte| *byte == 0) {
        None
    } else {
        Some(std::str::from_utf8(kernel).ok()?.to_owned())
    };
    Some(Header {
        segment: u64::from_le_bytes(*segment),
        worker: std::str::from_utf8(worker).ok()?.parse().ok()?,
        kernel_boot_id,
    })
}
