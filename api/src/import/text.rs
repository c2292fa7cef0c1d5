//! A text file, in whichever forms its lines are: each line is recognised by itself, so files may be mixed.
//!
//! A line that begins with a bracket is JSON, and its value may go on over further lines. A header with `refresh_token` begins a
//! table, which goes on to the end or to the next header. Every other line is a token, alone or among other fields.

use super::{
    FormError, clean,
    entry::Said,
    fields,
    json::{self, lines_in, scan},
    rows::Rows,
    table::Table,
};

const UNCLOSED: &str = "the JSON that begins here is never closed, and what follows was not read";
const BROKEN: &str = "this is not readable as JSON";
const TRAILING: &str = "something follows the JSON on this line";

pub(super) fn read(text: &str, rows: &mut Rows) -> Result<(), FormError> {
    let text = clean::line_ends(text);
    let mut reader = Reader {
        rest: &text,
        line: 1,
        spans: true,
        table: None,
    };
    while !reader.rest.is_empty() {
        reader.step(rows)?;
    }
    Ok(())
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    /// Whether values that go on over lines are still looked for: after one that never ends, each look would cost the whole file.
    spans: bool,
    table: Option<Table>,
}

impl<'a> Reader<'a> {
    /// Reads what begins on this line.
    fn step(&mut self, rows: &mut Rows) -> Result<(), FormError> {
        let line = self.first_line();
        let said = clean::text(line);
        if !clean::is_said(line) {
            self.advance(line.len());
            return Ok(());
        }
        // A cell that began so would stand in quotes.
        let begins: &[&str] = if self.table.is_some() {
            &["{\""]
        } else {
            &["{", "["]
        };
        if begins.iter().any(|begin| said.starts_with(begin)) {
            return self.json(line, rows);
        }
        if let Some(table) = Table::begin(said, self.line) {
            self.table = Some(table?);
            self.advance(line.len());
            return Ok(());
        }
        let Some(table) = &self.table else {
            rows.push(self.line, fields::row(line).into())?;
            self.advance(line.len());
            return Ok(());
        };
        let (length, record) = table.record(self.rest);
        match record {
            Ok(None) => {}
            Ok(Some(entry)) => rows.push(self.line, Said::Entry(Box::new(entry)))?,
            Err(reason) => rows.push(self.line, Said::Invalid(reason))?,
        }
        self.advance(length);
        Ok(())
    }

    /// Reads the JSON that begins on this line.
    fn json(&mut self, line: &'a str, rows: &mut Rows) -> Result<(), FormError> {
        let begin = line.find(['{', '[']).unwrap_or_default();
        let mut at = begin;
        // One or several values on the line itself.
        while let Some(value) = line.get(at..).filter(|rest| rest.starts_with(['{', '['])) {
            let Some(end) = scan::end(value) else { break };
            json::read(value.get(..end).unwrap_or_default(), self.line, rows)?;
            at += end;
            let behind = line.get(at..).unwrap_or_default();
            at += behind.len()
                - behind
                    .trim_start_matches(|c| clean::is_blank(c) || c == ',')
                    .len();
        }
        let behind = line.get(at..).unwrap_or_default();
        if behind.is_empty() {
            self.advance(line.len());
            return Ok(());
        }
        if !behind.starts_with(['{', '[']) {
            rows.push(self.line, Said::Invalid(TRAILING.to_owned()))?;
            self.advance(line.len());
            return Ok(());
        }
        let open = self.rest.get(at..).unwrap_or_default();
        let end = if self.spans { scan::end(open) } else { None };
        let value = end.and_then(|end| open.get(..end));
        match value.filter(|value| value.starts_with('[') || is_json(value)) {
            Some(value) => {
                json::read(value, self.line, rows)?;
                self.advance(at + value.len());
                // What closes the line may be a comma.
                let line = self.first_line();
                if clean::text(line).trim_matches(',').is_empty() {
                    self.advance(line.len());
                }
                Ok(())
            }
            None => self.broken(line, rows),
        }
    }

    /// A value that never ends: one line of many, or all that follows.
    fn broken(&mut self, line: &str, rows: &mut Rows) -> Result<(), FormError> {
        self.spans = false;
        let number = self.line;
        self.advance(line.len());
        let next = self.rest.split('\n').find(|line| clean::is_said(line));
        if next.is_none_or(|next| clean::text(next).starts_with(['{', '['])) {
            return rows.push(number, Said::Invalid(BROKEN.to_owned()));
        }
        self.advance(self.rest.len());
        rows.push(number, Said::Invalid(UNCLOSED.to_owned()))
    }

    fn first_line(&self) -> &'a str {
        self.rest.split_inclusive('\n').next().unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize) {
        self.line += lines_in(self.rest, 0, bytes);
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
