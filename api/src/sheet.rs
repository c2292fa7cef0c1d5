//! Lists as files: comma-separated values for spreadsheets, JSON lines for programs.

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

/// Spreadsheets run a cell that begins like a formula (OWASP, "CSV Injection"); an apostrophe makes it a text.
pub fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_texts() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell.to_owned()), expected);
        }
        let text = line(&["a,b", "\"", "c"]).unwrap();
        assert_eq!(text, b"\"a,b\",\"\"\"\",c\n");
    }
}
