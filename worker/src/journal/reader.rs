//! Reads frames from a segment, also from a damaged one.

use std::{fs::File, io, os::unix::fs::FileExt};

use super::frame::{HEAD_LEN, Head, MARKER, MIN_FRAME, Salt, to_u64};

/// How much is read at once.
const CHUNK: usize = 256 * 1024;
/// An unreadable place is skipped up to the next multiple of this: the page size, in which files are read.
const PAGE: u64 = 4096;
/// After this many unreadable places in one go the file as a whole is given up.
const MAX_UNREADABLE: u32 = 1024;

/// Something that can be read at any place.
pub(super) trait Source {
    /// Like `read_at` of Unix files: may read less than asked, and nothing at the end only.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl Source for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

/// A part of a source, held in memory.
struct Window<'a, S> {
    source: &'a S,
    start: u64,
    bytes: Vec<u8>,
    /// Whether the source ended behind `bytes`. A file may grow meanwhile: that is for the next scan.
    ended: bool,
    /// What the device said about places that it could not read; they count as zeros.
    unreadable: Option<io::Error>,
    unreadable_places: u32,
}

impl<'a, S: Source> Window<'a, S> {
    fn new(source: &'a S) -> Self {
        Self {
            source,
            start: 0,
            bytes: Vec::new(),
            ended: false,
            unreadable: None,
            unreadable_places: 0,
        }
    }

    /// All bytes held from `offset` on: at least `least`, or fewer where the source ends.
    fn from(&mut self, offset: u64, least: usize) -> io::Result<&[u8]> {
        if !self.holds(offset, least) {
            self.fill(offset, least.max(CHUNK))?;
        }
        let skip = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        Ok(self.bytes.get(skip..).unwrap_or_default())
    }

    /// What is asked for next is read anew.
    fn forget(&mut self) {
        self.bytes.clear();
        self.ended = false;
    }

    fn holds(&self, offset: u64, least: usize) -> bool {
        let end = self.start.saturating_add(to_u64(self.bytes.len()));
        offset >= self.start && (self.ended || offset.saturating_add(to_u64(least)) <= end)
    }

    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        self.start = offset;
        self.bytes.clear();
        self.bytes.resize(len, 0);
        self.ended = false;
        let mut have = 0;
        while let Some(rest) = self.bytes.get_mut(have..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(to_u64(have));
            match self.source.read_at(rest, at) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => have += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.unreadable_places == MAX_UNREADABLE => return Err(error),
                Err(error) => {
                    // What lies behind a bad block is still worth reading.
                    self.unreadable = Some(error);
                    self.unreadable_places += 1;
                    let skip = usize::try_from(PAGE - at % PAGE).unwrap_or(usize::MAX);
                    have += skip.min(rest.len());
                }
            }
        }
        self.bytes.truncate(have);
        Ok(())
    }
}

/// What follows the last readable frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing, or room that was set aside.
    Clean,
    /// The beginning of a frame: a write that was cut short.
    Torn(u64),
    /// Something else.
    Damaged(u64),
}

/// What stands next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A sound frame.
    Frame {
        offset: u64,
        kind: u8,
        body: Vec<u8>,
    },
    /// Bytes that are none, before a further sound frame.
    Damage { offset: u64 },
    /// No sound frame follows.
    End(Tail),
}

/// Walks through the frames of one segment.
pub(super) struct Frames<'a, S> {
    window: Window<'a, S>,
    salt: &'a Salt,
    position: u64,
}

impl<'a, S: Source> Frames<'a, S> {
    pub(super) fn new(source: &'a S, salt: &'a Salt, from: u64) -> Self {
        Self {
            window: Window::new(source),
            salt,
            position: from,
        }
    }

    /// Where the next frame is expected: behind the last one that [`Frames::step`] returned.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// What the device said, where a place could not be read.
    pub(super) fn unreadable(&self) -> Option<&io::Error> {
        self.window.unreadable.as_ref()
    }

    pub(super) fn step(&mut self) -> io::Result<Step> {
        let offset = self.position;
        if let Some((len, kind, body)) = self.frame_at(offset)? {
            self.position = offset.saturating_add(len);
            return Ok(Step::Frame { offset, kind, body });
        }
        let found = self.search(offset)?;
        let end = match found {
            Some(_) => None,
            None => Some(self.tail(offset)?),
        };
        if matches!(end, None | Some(Tail::Damaged(_)))
            && let Some((len, kind, body)) = self.written_meanwhile(offset)?
        {
            self.position = offset.saturating_add(len);
            return Ok(Step::Frame { offset, kind, body });
        }
        self.position = found.unwrap_or(offset);
        Ok(end.map_or(Step::Damage { offset }, Step::End))
    }

    /// The file may be written while it is read, and what lies behind `offset` was looked at later than that place itself.
    /// Its owner writes in order: where there was something behind a frame, the frame is complete by now.
    fn written_meanwhile(&mut self, offset: u64) -> io::Result<Option<(u64, u8, Vec<u8>)>> {
        if self.window.unreadable.is_some() {
            // The device is at fault; its bad places are not tried over and over.
            return Ok(None);
        }
        self.window.forget();
        self.frame_at(offset)
    }

    fn frame_at(&mut self, offset: u64) -> io::Result<Option<(u64, u8, Vec<u8>)>> {
        let salt = self.salt;
        let Some(head) = Head::decode(self.window.from(offset, HEAD_LEN)?, salt) else {
            return Ok(None);
        };
        let len = head.frame_len();
        let whole = self
            .window
            .from(offset, usize::try_from(len).unwrap_or(usize::MAX))?;
        Ok(head
            .body(whole, salt)
            .map(|body| (len, head.kind, body.to_vec())))
    }

    /// The next sound frame behind `from`.
    fn search(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from.saturating_add(1);
        loop {
            let bytes = self.window.from(at, MARKER.len())?;
            if bytes.len() < MARKER.len() {
                return Ok(None);
            }
            match bytes
                .windows(MARKER.len())
                .position(|window| *window == MARKER)
            {
                Some(skip) => {
                    at = at.saturating_add(to_u64(skip));
                    if self.frame_at(at)?.is_some() {
                        return Ok(Some(at));
                    }
                    at = at.saturating_add(1);
                }
                // The last bytes may be the start of a marker.
                None => at = at.saturating_add(to_u64(bytes.len() - MARKER.len() + 1)),
            }
        }
    }

    /// Length from `from` up to the last byte that is not zero.
    pub(super) fn written(&mut self, from: u64) -> io::Result<u64> {
        let mut written = 0;
        let mut at = from;
        loop {
            let bytes = self.window.from(at, 1)?;
            if bytes.is_empty() {
                return Ok(written);
            }
            if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
                written = at.saturating_add(to_u64(last) + 1) - from;
            }
            at = at.saturating_add(to_u64(bytes.len()));
        }
    }

    /// Judges what follows `from`, where no sound frame does.
    fn tail(&mut self, from: u64) -> io::Result<Tail> {
        let written = self.written(from)?;
        if written == 0 {
            return Ok(Tail::Clean);
        }
        let start = self.window.from(from, HEAD_LEN)?;
        let cut = usize::try_from(written).unwrap_or(usize::MAX);
        let torn = if written < MIN_FRAME {
            MARKER
                .iter()
                .zip(start)
                .take(cut)
                .all(|(want, have)| want == have)
        } else {
            Head::decode(start, self.salt).is_some_and(|head| head.frame_len() > written)
        };
        Ok(if torn {
            Tail::Torn(from)
        } else {
            Tail::Damaged(from)
        })
    }
}
