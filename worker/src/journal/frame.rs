//! Frames: how one entry stands in a segment. The layout is in the module documentation of the journal.

use crc32fast::Hasher;
use rt_manage_shared::id::BootId;

use super::entry::Entry;

/// Starts each frame. Not text and not zero, so that neither ids nor unwritten space look like it.
pub(super) const MARKER: [u8; 4] = [0xF7, 0x52, 0x54, 0x9E];
/// Ends each frame and each header.
pub(super) const END: u8 = 0xE5;
/// Marker, kind, length, checksum.
pub(super) const HEAD_LEN: usize = 4 + 1 + 4 + 4;
/// Checksum and end byte.
const TRAILER_LEN: usize = 4 + 1;
/// The longest body that is written or believed: far above any answer that the upstream client lets through
/// (about 1 MiB), and little enough to be held in memory.
pub(super) const MAX_BODY: usize = 64 * 1024 * 1024;
/// The shortest frame there is, a close frame.
pub(super) const MIN_FRAME: u64 = (HEAD_LEN + 8 + TRAILER_LEN) as u64;

/// Length of the frame around a body.
pub(super) fn frame_len(body_len: usize) -> u64 {
    to_u64(body_len).saturating_add(to_u64(HEAD_LEN + TRAILER_LEN))
}

/// Binds a frame to the segment that it was written to.
#[derive(Debug, Clone)]
pub(super) struct Salt(Hasher);

impl Salt {
    pub(super) fn new(worker: BootId, segment: u64) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(worker.to_string().as_bytes());
        hasher.update(&segment.to_le_bytes());
        Self(hasher)
    }

    fn checksum(&self, bytes: &[u8]) -> [u8; 4] {
        let mut hasher = self.0.clone();
        hasher.update(bytes);
        hasher.finalize().to_le_bytes()
    }
}

/// Appends the frame of `entry` to `out`.
pub(super) fn encode(entry: &Entry, salt: &Salt, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    entry.encode_body(&mut body);
    out.extend_from_slice(&encode_parts(entry.kind(), &body, salt));
}

pub(super) fn encode_parts(kind: u8, body: &[u8], salt: &Salt) -> Vec<u8> {
    // `Entry::fits_the_format` was asked before.
    let mut frame = encode_head(kind, u32::try_from(body.len()).unwrap_or(u32::MAX), salt);
    frame.extend_from_slice(body);
    let checksum = salt.checksum(&frame);
    frame.extend_from_slice(&checksum);
    frame.push(END);
    frame
}

pub(super) fn encode_head(kind: u8, body_len: u32, salt: &Salt) -> Vec<u8> {
    let mut head = MARKER.to_vec();
    head.push(kind);
    head.extend_from_slice(&body_len.to_le_bytes());
    let checksum = salt.checksum(&head);
    head.extend_from_slice(&checksum);
    head
}

/// The head of a frame whose own checksum is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) kind: u8,
    body_len: usize,
}

impl Head {
    /// `None` where `bytes` does not start with a sound head.
    pub(super) fn decode(bytes: &[u8], salt: &Salt) -> Option<Self> {
        let (summed, rest) = bytes.split_at_checked(HEAD_LEN - 4)?;
        let checksum: &[u8; 4] = rest.first_chunk()?;
        let (marker, rest) = summed.split_first_chunk::<4>()?;
        let (kind, length) = rest.split_first()?;
        if *marker != MARKER || *checksum != salt.checksum(summed) {
            return None;
        }
        let body_len = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        (body_len <= MAX_BODY).then_some(Self {
            kind: *kind,
            body_len,
        })
    }

    /// Length of the whole frame.
    pub(super) fn frame_len(self) -> u64 {
        frame_len(self.body_len)
    }

    /// The body, where `bytes` (which start at the head) hold the whole frame unharmed.
    pub(super) fn body<'a>(self, bytes: &'a [u8], salt: &Salt) -> Option<&'a [u8]> {
        let (summed, trailer) = bytes.split_at_checked(HEAD_LEN + self.body_len)?;
        let (checksum, rest) = trailer.split_first_chunk::<4>()?;
        if rest.first() != Some(&END) || *checksum != salt.checksum(summed) {
            return None;
        }
        summed.get(HEAD_LEN..)
    }
}

/// Lossless on every platform that Rust's standard library runs on.
pub(super) fn to_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
