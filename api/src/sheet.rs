//! Lists as files: comma-separated values for spreadsheets, JSON lines for programs.
//!
//! Spreadsheets run a cell that begins like a formula (OWASP, "CSV Injection"). Such a cell gets an apostrophe in front, also one that
//! has apostrophes there already; an import takes exactly one away again, and so every text comes back as it was.

use rt_manage_shared::db::DbError;

/// What a list is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header row.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Why a file has stopped in the middle.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A line was not written.
    #[error("a line could not be written: {0}")]
    Line(String),
}

/// A line of comma-separated values. Cells whose text is not ours go through [`harmless`] first.
pub fn line<T: AsRef<[u8]>>(cells: &[T]) -> Result<Vec<u8>, SheetError> {
    let failed = |error: &dyn std::fmt::Display| SheetError::Line(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| failed(&error))?;
    writer.into_inner().map_err(|error| failed(&error))
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_with_separators_stand_in_quotes() {
        let text = line(&["a,b", "\"", "c"]).unwrap();
        assert_eq!(text, b"\"a,b\",\"\"\"\",c\n");
    }

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
