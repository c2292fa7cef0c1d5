//! The table form: CSV with a header.
//!
//! A record may span lines (a memo in quotes), but a quote that is never closed must not swallow the records
//! behind it. So records are cut and read here: a library would neither give up a record nor tell which fields were in quotes.

use std::borrow::Cow;

use super::{
    FormError, clean,
    columns::{self, COLUMNS, REFRESH_TOKEN, Writing},
    entry::Draft,
};
use crate::{credentials::Arrival, sheet::restored};

/// Spreadsheets write one of these, by the language of the system.
const DELIMITERS: &[char] = &[',', ';', '\t'];
/// Most lines of one record: a memo has at most 4096 characters.
const MAX_RECORD_LINES: usize = 200;

/// A table whose header was read.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<&'static str>,
    delimiter: char,
}

impl Table {
    /// The table that begins with this header; `None` where the line is no such header.
    pub(super) fn begin(line: &str, number: usize) -> Option<Result<Self, FormError>> {
        // Most lines are no header, and are not taken apart for it.
        if !line.to_ascii_lowercase().contains(REFRESH_TOKEN) {
            return None;
        }
        let is_token = |name: &str| clean::token(name).eq_ignore_ascii_case(REFRESH_TOKEN);
        let delimiter = DELIMITERS
            .iter()
            .copied()
            .find(|delimiter| line.split(*delimiter).any(is_token))?;
        Some(Self::read_header(line, number, delimiter))
    }

    fn read_header(header: &str, line: usize, delimiter: char) -> Result<Self, FormError> {
        let mut columns: Vec<&'static str> = Vec::new();
        for name in clean::text(header).split(delimiter) {
            let Some(known) = columns::known(name) else {
                let name = columns::shown(name);
                return Err(FormError::Column { line, name });
            };
            if columns.contains(&known) {
                let name = known.to_owned();
                return Err(FormError::Twice { line, name });
            }
            columns.push(known);
        }
        Ok(Self { columns, delimiter })
    }

    /// Reads the record that begins here, and tells how many bytes it has. `Ok(None)`: all its fields are empty.
    pub(super) fn record(&self, text: &str) -> (usize, Result<Option<Arrival>, String>) {
        let mut open = Open::default();
        let mut length = 0;
        let mut first = None;
        for line in text.split_inclusive('\n').take(MAX_RECORD_LINES) {
            length += line.len();
            first = first.or(Some(length));
            open.line(line, self.delimiter);
            if !open.quoted {
                let record = text.get(..length).unwrap_or_default();
                return (length, self.row(record.trim_end_matches('\n')));
            }
        }
        let unclosed = "a quote is opened and never closed".to_owned();
        (first.unwrap_or(text.len()), Err(unclosed))
    }

    /// A record as a credential.
    fn row(&self, record: &str) -> Result<Option<Arrival>, String> {
        let cells = cells(record, self.delimiter);
        if cells.iter().all(|(text, _)| clean::text(text).is_empty()) {
            return Ok(None);
        }
        if cells.len() > self.columns.len() {
            return Err(format!(
                "has {} fields, the header has {}; put fields with separators in quotes",
                cells.len(),
                self.columns.len()
            ));
        }
        let mut draft = Draft::default();
        for (column, (text, writing)) in self.columns.iter().zip(&cells) {
            columns::put(&mut draft, column, restored(text), *writing)?;
        }
        draft.finish().map(Some)
    }
}

/// The names, for messages.
pub(super) fn column_names() -> String {
    COLUMNS.join(", ")
}

/// Whether the lines so far end inside a quoted field.
#[derive(Debug, Default)]
struct Open {
    quoted: bool,
}

impl Open {
    fn line(&mut self, line: &str, delimiter: char) {
        let mut at_start = !self.quoted;
        for c in line.chars() {
            // A doubled quote closes and opens again, which comes to the same.
            if c == '"' && (self.quoted || at_start) {
                self.quoted = !self.quoted;
                at_start = !self.quoted;
            } else {
                at_start = !self.quoted && (c == delimiter || (at_start && c == ' '));
            }
        }
    }
}

/// The fields of a record (RFC 4180), and whether each stands in quotes.
fn cells(record: &str, delimiter: char) -> Vec<(Cow<'_, str>, Writing)> {
    let mut cells = Vec::new();
    let mut rest = Some(record);
    while let Some(text) = rest {
        let quoted = text.trim_start_matches(' ').strip_prefix('"');
        let (cell, writing, behind) = match quoted {
            Some(inner) => {
                let (cell, behind) = unquoted(inner, delimiter);
                (cell.into(), Writing::Exact, behind)
            }
            None => match text.split_once(delimiter) {
                Some((cell, behind)) => (cell.into(), Writing::Loose, Some(behind)),
                None => (text.into(), Writing::Loose, None),
            },
        };
        cells.push((cell, writing));
        rest = behind;
    }
    cells
}

/// What stands up to the closing quote, and what follows behind the next delimiter. What stands between the two is kept as it is.
fn unquoted(text: &str, delimiter: char) -> (String, Option<&str>) {
    let mut cell = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        if c != '"' {
            cell.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            cell.push('"');
        } else {
            break;
        }
    }
    let at = chars.peek().map_or(text.len(), |(at, _)| *at);
    let behind = text.get(at..).unwrap_or_default();
    let (tail, rest) = match behind.split_once(delimiter) {
        Some((tail, rest)) => (tail, Some(rest)),
        None => (behind, None),
    };
    if !clean::text(tail).is_empty() {
        cell.push_str(tail);
    }
    (cell, rest)
}
