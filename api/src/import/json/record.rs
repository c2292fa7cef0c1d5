//! Flat objects whose members have the names of our columns: our own JSON Lines export.

use serde_json::Value;

use super::Object;
use crate::{
    credentials::Arrival,
    import::{
        columns::{self, Writing},
        entry::Draft,
    },
};

pub(super) fn read(object: &Object) -> Result<Arrival, String> {
    let mut draft = Draft::default();
    for (name, value) in object {
        // A mistyped `proxy` would send its calls out another way than its owner means.
        let Some(column) = columns::known(name) else {
            let name = columns::shown(name);
            return Err(format!(
                "unknown member `{name}`; known are {}",
                columns::COLUMNS.join(", ")
            ));
        };
        match value {
            Value::Null => {}
            Value::String(text) => columns::put(&mut draft, column, text, Writing::Exact)?,
            Value::Bool(flag) if column == "enabled" => draft.enabled = Some(*flag),
            Value::Number(number) if column.ends_with("_at") => {
                columns::put(&mut draft, column, &number.to_string(), Writing::Exact)?;
            }
            _ => return Err(format!("{column}: must be a text")),
        }
    }
    draft.finish()
}
