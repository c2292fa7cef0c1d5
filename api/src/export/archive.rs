//! A ZIP that is written as it is read: its directory stands at the end, and the rest never has to be held.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use super::{ExportError, rows::Row, shape::Shape};

/// Longest part of a member's name that comes from a `biz_id`.
const MAX_NAME_CHARS: usize = 64;

/// A file of the archive: its name and what stands in it.
type Member = fn(&Row) -> Result<(String, Vec<u8>), ExportError>;

pub(super) struct Archive {
    member: Member,
    /// `None` once it is finished.
    writer: Option<ZipWriter<StreamWriter<Sink>>>,
    written: Sink,
}

/// What was written and not yet sent.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Archive {
    pub(super) fn new(member: Member) -> Self {
        let written = Sink::default();
        Self {
            member,
            writer: Some(ZipWriter::new_stream(written.clone())),
            written,
        }
    }

    fn take(&self) -> Vec<u8> {
        let mut written = self
            .written
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *written)
    }
}

impl Shape for Archive {
    fn rows(&mut self, _pass: usize, rows: &[Row]) -> Result<Vec<u8>, ExportError> {
        // Tokens do not get any shorter. Whoever unpacks them alone may read them.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(0o600);
        if let Some(writer) = &mut self.writer {
            for row in rows {
                let (name, text) = (self.member)(row)?;
                writer
                    .start_file(name, options)
                    .map_err(ExportError::write)?;
                writer.write_all(&text).map_err(ExportError::write)?;
            }
        }
        Ok(self.take())
    }

    fn end(&mut self) -> Result<Vec<u8>, ExportError> {
        if let Some(writer) = self.writer.take() {
            writer.finish().map_err(ExportError::write)?;
        }
        Ok(self.take())
    }
}

/// What a member is called: its id, so that no two are the same, and its `biz_id` as far as that is harmless. Nothing in it
/// leads out of the folder, hides the file, or means something to a shell.
pub(super) fn name(row: &Row) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "_-.@".contains(c) {
            c
        } else {
            '_'
        }
    };
    let biz_id = row.credential.profile.biz_id.chars().map(plain);
    let biz_id: String = biz_id.take(MAX_NAME_CHARS).collect();
    format!("{}-{biz_id}", row.credential.id)
}
