//! A ZIP of files in any of the forms. It comes from outside, so everything about it is bounded: the number of files, what they
//! unpack to, and how much larger that is than what was sent. Nothing is written anywhere: a name is only told to people.

use std::{
    borrow::Cow,
    io::{Cursor, Read as _},
};

use zip::{CompressionMethod, ZipArchive, read::ZipFile};

use super::{FormError, entry::Said, rows::Rows, text_of};

/// How a ZIP begins.
const SIGNATURES: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// Most entries: one file for each of as many credentials as an import is made for, and their folders.
const MAX_ENTRIES: usize = 120_000;
/// Most bytes that all files together may unpack to: four times what may be sent.
const MAX_TOTAL_BYTES: u64 = 256 * 1024 * 1024;
/// Most bytes that one byte may unpack to. Text of tokens hardly shrinks; field names repeated a thousand times do, some hundredfold.
const MAX_RATIO: u64 = 200;
/// Small files may be anything: a few bytes of nothing else than blanks are no bomb.
const FREE_BYTES: u64 = 1024 * 1024;
/// Longest name that is shown.
const MAX_NAME_CHARS: usize = 200;

/// Whether these bytes are a ZIP.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    SIGNATURES
        .iter()
        .any(|signature| bytes.starts_with(signature))
}

/// Reads all files of a ZIP.
pub(super) fn read(bytes: &[u8], rows: &mut Rows) -> Result<(), FormError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| FormError::Archive)?;
    if archive.len() > MAX_ENTRIES {
        return Err(FormError::Entries);
    }
    let mut left = MAX_TOTAL_BYTES;
    for index in 0..archive.len() {
        // Decrypting is not built in, so an entry in cipher text is an error here.
        let Ok(entry) = archive.by_index(index) else {
            rows.enter(&format!("entry {}", index + 1));
            rows.push(1, invalid("this file cannot be unpacked: it is damaged, encrypted, or packed in an unknown way"))?;
            continue;
        };
        let name = entry
            .name()
            .map_or_else(|_| format!("entry {}", index + 1), Cow::into_owned);
        if is_of_no_interest(&entry, &name) {
            continue;
        }
        rows.enter(&shown(&name));
        match unpack(entry, &mut left) {
            Ok(bytes) if is_zip(&bytes) => {
                rows.push(
                    1,
                    invalid("this is a ZIP inside a ZIP; unpack it and send it alone"),
                )?;
            }
            Ok(bytes) => match text_of(&bytes).and_then(|text| super::text::read(text, rows)) {
                Ok(()) => {}
                Err(FormError::TooMany) => return Err(FormError::TooMany),
                // One file's fault is its own.
                Err(error) => rows.push(1, invalid(error.to_string()))?,
            },
            Err(Unpacking::TooLarge) => return Err(FormError::Bomb),
            Err(Unpacking::Damaged) => rows.push(1, invalid("this file is damaged"))?,
        }
    }
    Ok(())
}

fn invalid(reason: impl Into<String>) -> Said {
    Said::Invalid(reason.into())
}

enum Unpacking {
    TooLarge,
    Damaged,
}

/// What one file holds. The sizes that the archive states are not believed: what comes out is counted.
fn unpack<R: std::io::Read>(entry: ZipFile<'_, R>, left: &mut u64) -> Result<Vec<u8>, Unpacking> {
    let sent = match entry.compression() {
        CompressionMethod::Stored => *left,
        _ => entry.compressed_size(),
    };
    let allowed = sent
        .saturating_mul(MAX_RATIO)
        .saturating_add(FREE_BYTES)
        .min(*left);
    let mut bytes = Vec::new();
    let mut limited = entry.take(allowed + 1);
    limited
        .read_to_end(&mut bytes)
        .map_err(|_| Unpacking::Damaged)?;
    let length = bytes.len() as u64;
    if length > allowed {
        return Err(Unpacking::TooLarge);
    }
    *left -= length;
    Ok(bytes)
}

/// Folders, links, and what systems put beside the files.
fn is_of_no_interest<R: std::io::Read>(entry: &ZipFile<'_, R>, name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    entry.is_dir()
        || entry.is_symlink()
        || name.starts_with("__MACOSX/")
        || file.is_empty()
        || file.starts_with('.')
        || file.eq_ignore_ascii_case("thumbs.db")
        || file.eq_ignore_ascii_case("desktop.ini")
}

/// A name for people: it came from outside.
pub(super) fn shown(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_control() { '?' } else { c });
    plain.take(MAX_NAME_CHARS).collect()
}
