//! Our own table: CSV with a header row.
//!
//! Every column can begin like a formula, because tokens and names come from files of strangers: all of them are made harmless, and an
//! import undoes it.

use super::{
    ExportError,
    rows::{COLUMNS, Row},
    shape::Shape,
};
use crate::sheet::harmless;

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
