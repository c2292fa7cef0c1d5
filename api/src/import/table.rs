//! The table form: CSV with a header.
//!
//! A record may span lines (a memo in quotes), but a quote that is never closed must not swallow the records
//! behind it. So records are cut here, and the CSV library reads one at a time.

use csv::{ReaderBuilder, StringRecord, Trim};
use rt_manage_shared::{openai, vault::Secret};

use super::{FormError, Line, clean, shape::foreign};
use crate::credentials::NewCredential;

/// The columns that are known (docs: "The forms in which people hold these tokens").
pub(super) const COLUMNS: &[&str] = &[
    "biz_id",
    "refresh_token",
    "access_token",
    "client_id",
    "proxy",
    "tag",
    "email",
    "memo",
    "enabled",
];
const REFRESH_TOKEN: &str = "refresh_token";
/// Spreadsheets write one of these, by the language of the system.
const DELIMITERS: &[u8] = b",;\t";
/// Most lines of one record: a memo has at most 4096 characters.
const MAX_RECORD_LINES: usize = 200;

/// The delimiter of a header with `refresh_token` in it; `None` where the line is no such header.
pub(super) fn delimiter(line: &str) -> Option<u8> {
    let names_token = |delimiter: &u8| {
        let name = |name: &str| clean::token(name).eq_ignore_ascii_case(REFRESH_TOKEN);
        line.split(char::from(*delimiter)).any(name)
    };
    DELIMITERS.iter().copied().find(names_token)
}

pub(super) fn parse(text: &str, header_line: usize, delimiter: u8) -> Result<Vec<Line>, FormError> {
    let all: Vec<&str> = text.split('\n').collect();
    let (_, body) = all.split_at_checked(header_line).unwrap_or((&all, &[]));
    let header = all
        .get(header_line.saturating_sub(1))
        .copied()
        .unwrap_or_default();
    let columns = columns(header, header_line, delimiter)?;
    let mut lines = Vec::new();
    let mut rest = body;
    while let Some((first, behind)) = rest.split_first() {
        let number = all.len() - rest.len() + 1;
        if !clean::is_said(first) {
            rest = behind;
            continue;
        }
        let length = (1..=rest.len().min(MAX_RECORD_LINES)).find(|length| {
            rest.get(..*length)
                .is_some_and(|lines| !is_open(lines, delimiter))
        });
        let (record, behind) = match length.and_then(|length| rest.split_at_checked(length)) {
            Some((lines, behind)) => (read(&lines.join("\n"), delimiter), behind),
            None => (Err("a quote is opened and never closed".to_owned()), behind),
        };
        rest = behind;
        match record.and_then(|record| row(&columns, &record)) {
            Ok(None) => {}
            Ok(Some(new)) => lines.push(Line {
                number,
                row: Ok(new),
            }),
            Err(reason) => lines.push(Line {
                number,
                row: Err(reason),
            }),
        }
    }
    Ok(lines)
}

fn columns(header: &str, line: usize, delimiter: u8) -> Result<Vec<&'static str>, FormError> {
    let mut columns: Vec<&'static str> = Vec::new();
    for name in clean::text(header).split(char::from(delimiter)) {
        let name = clean::token(name).to_ascii_lowercase();
        let Some(known) = COLUMNS.iter().find(|known| **known == name) else {
            return Err(FormError::Column { line, name });
        };
        if columns.contains(known) {
            return Err(FormError::Twice { line, name });
        }
        columns.push(known);
    }
    Ok(columns)
}

/// Whether these lines end inside a quoted field.
fn is_open(lines: &[&str], delimiter: u8) -> bool {
    let (mut quoted, mut at_start) = (false, true);
    for line in lines {
        for byte in line.bytes() {
            // A doubled quote closes and opens again, which comes to the same.
            if byte == b'"' && (quoted || at_start) {
                quoted = !quoted;
                at_start = !quoted;
            } else {
                at_start = !quoted && byte == delimiter;
            }
        }
        at_start = at_start || !quoted;
    }
    quoted
}

fn read(text: &str, delimiter: u8) -> Result<StringRecord, String> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => Ok(record),
        // The library's message may show what it read.
        Some(Err(_)) => Err("this is not readable as CSV".to_owned()),
        None => Ok(StringRecord::new()),
    }
}

/// A record as a credential; `None` where all its fields are empty.
fn row(columns: &[&str], record: &StringRecord) -> Result<Option<NewCredential>, String> {
    let cell = |name: &str| {
        let index = columns.iter().position(|column| *column == name)?;
        record
            .get(index)
            .map(clean::text)
            .filter(|text| !text.is_empty())
    };
    if record.iter().all(|field| clean::text(field).is_empty()) {
        return Ok(None);
    }
    if record.len() > columns.len() {
        return Err(format!(
            "has {} fields, the header has {}; put fields with separators in quotes",
            record.len(),
            columns.len()
        ));
    }
    let token = clean::token(cell(REFRESH_TOKEN).unwrap_or_default());
    if let Some(reason) = foreign(&token) {
        return Err(reason.to_owned());
    }
    let refresh_token = openai::validate(&token).map_err(|error| error.to_string())?;
    let enabled = match cell("enabled").map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "1" | "yes" | "on") => true,
        Some("false" | "0" | "no" | "off") => false,
        Some(_) => return Err("enabled: must be true or false".to_owned()),
    };
    let text = |name: &str| cell(name).map(str::to_owned);
    let bare = |name: &str| cell(name).map(clean::token).filter(|text| !text.is_empty());
    Ok(Some(NewCredential {
        biz_id: text("biz_id"),
        refresh_token,
        access_token: bare("access_token").map(Secret::new),
        client_id: bare("client_id"),
        proxy_id: None,
        proxy: bare("proxy").map(Secret::new),
        tag: text("tag").unwrap_or_default(),
        memo: text("memo").unwrap_or_default(),
        email: text("email"),
        enabled,
    }))
}
