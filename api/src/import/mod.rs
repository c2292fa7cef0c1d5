//! Import: reads the forms in which people hold refresh tokens, and takes each row in on its own.
//!
//! A file is recognised by itself: `archive` unpacks a ZIP, `text` tells the lines of a file apart, `fields` reads lines of tokens,
//! `table` CSV, `json` objects of other programs and of our own exports. `columns` has the names of values, `clean` undoes what
//! copying adds, `shape` recognises what is no refresh token, `unique` finds rows that are the same credential. Nothing here ever
//! repeats a token. To add a form of JSON: a file in `json` and a line in its `recognised`.

mod archive;
mod clean;
mod columns;
mod entry;
mod fields;
mod json;
mod options;
pub(crate) mod packed;
mod rows;
mod shape;
pub(crate) mod start;
mod table;
pub mod templates;
mod text;
mod unique;
mod uploads;
pub mod verdict;

pub(crate) use shape::foreign;

#[cfg(test)]
mod tests;

use self::rows::Rows;
pub use self::{
    entry::{Row, Said},
    options::Options,
    start::{ImportError, Wish, start},
    uploads::Uploads,
    verdict::Verdict,
};

/// A file that cannot be read as any known form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not UTF-8.
    #[error("the file is neither UTF-8 text nor a ZIP; save it as UTF-8")]
    Encoding,
    /// A column that nobody knows: a mistyped `proxy` would send its credentials out directly.
    #[error(
        "line {line}: unknown column `{name}`; known are {}",
        table::column_names()
    )]
    Column {
        /// The header's line.
        line: usize,
        /// The column.
        name: String,
    },
    /// The same column twice.
    #[error("line {line}: the column `{name}` is there twice")]
    Twice {
        /// The header's line.
        line: usize,
        /// The column.
        name: String,
    },
    /// More rows than are taken in at once.
    #[error("the file has more than {} rows; split it", rows::MAX_ROWS)]
    TooMany,
    /// A ZIP that cannot be read.
    #[error("the ZIP is damaged or not whole")]
    Archive,
    /// A ZIP with too many files.
    #[error("the ZIP has too many files; split it")]
    Entries,
    /// A ZIP that unpacks to far more than it is.
    #[error("the ZIP unpacks to more than is taken in; unpack it and send its files")]
    Bomb,
}

/// Reads a file in any of the forms. Rows that are the same credential as an earlier one are marked.
pub fn parse(bytes: &[u8]) -> Result<Vec<Row>, FormError> {
    parse_all([(None, bytes)])
}

/// Reads several files as one, each with its name.
pub fn parse_all<'a>(
    files: impl IntoIterator<Item = (Option<&'a str>, &'a [u8])>,
) -> Result<Vec<Row>, FormError> {
    let mut rows = Rows::default();
    for (name, bytes) in files {
        if let Some(name) = name {
            rows.enter(&archive::shown(name));
        }
        if archive::is_zip(bytes) {
            archive::read(bytes, &mut rows)?;
        } else {
            text::read(text_of(bytes)?, &mut rows)?;
        }
    }
    let mut rows = rows.done();
    unique::mark(&mut rows);
    Ok(rows)
}

fn text_of(bytes: &[u8]) -> Result<&str, FormError> {
    std::str::from_utf8(bytes).map_err(|_| FormError::Encoding)
}
