//! Our own table: CSV with a header row.
//!
//! Spreadsheets run a cell that begins like a formula (OWASP, "CSV Injection"), and every column can: tokens and names come from
//! files of strangers. So such a cell gets an apostrophe in front, also one that has apostrophes there already; an import takes
//! exactly one away again, and so every text comes back as it was.

use super::{
    ExportError,
    rows::{COLUMNS, Row},
    shape::Shape,
};

/// What a formula, or what spreadsheets take for one, begins with.
const BEGINNINGS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A cell that no spreadsheet runs. [`restored`] undoes it.
pub fn harmless(cell: String) -> String {
    if cell.trim_start_matches('\'').starts_with(BEGINNINGS) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// The text that was made [`harmless`]. One that was not is left as it is.
pub fn restored(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(BEGINNINGS) => rest,
        _ => cell,
    }
}

pub(super) struct Table;

impl Shape for Table {
    fn begin(&mut self, _pass: usize) -> Result<Vec<u8>, ExportError> {
        write([COLUMNS.map(str::to_owned)])
    }

    fn rows(&mut self, _pass: usize, rows: &[Row]) -> Result<Vec<u8>, ExportError> {
        let cells = |row: &Row| row.values().map(Option::unwrap_or_default).map(harmless);
        write(rows.iter().map(cells))
    }
}

fn write(rows: impl IntoIterator<Item = [String; 19]>) -> Result<Vec<u8>, ExportError> {
    // In quotes, what stands at the ends of a name is part of it.
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(ExportError::write)?;
    }
    writer.into_inner().map_err(ExportError::write)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_become_texts_and_come_back() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("'=1+1", "''=1+1"),
            ("-token", "'-token"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("'hello", "'hello"),
            ("''", "''"),
            ("rt.1.x", "rt.1.x"),
            ("", ""),
        ] {
            assert_eq!(harmless(text.to_owned()), cell);
            assert_eq!(restored(cell), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_none_is_run(text in "['=+@\\-\t\ra]{0,6}") {
            let cell = harmless(text.clone());
            prop_assert_eq!(restored(&cell), text);
            prop_assert!(!cell.starts_with(BEGINNINGS));
        }
    }
}
