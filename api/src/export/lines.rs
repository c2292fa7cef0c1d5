//! Our own lines: one JSON object for each credential, with the columns of the table.

use serde_json::{Map, Value};

use super::{
    ExportError,
    rows::{COLUMNS, Row},
    shape::Shape,
};

pub(super) struct Lines;

impl Shape for Lines {
    fn rows(&mut self, _pass: usize, rows: &[Row]) -> Result<Vec<u8>, ExportError> {
        let mut text = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut text, &object(row)).map_err(ExportError::write)?;
            text.push(b'\n');
        }
        Ok(text)
    }
}

fn object(row: &Row) -> Map<String, Value> {
    let values = row
        .values()
        .map(|value| value.map_or(Value::Null, Value::String));
    let pairs = COLUMNS.iter().map(|name| (*name).to_owned()).zip(values);
    let mut object: Map<_, _> = pairs.collect();
    object.insert("enabled".to_owned(), row.credential.profile.enabled.into());
    object
}
