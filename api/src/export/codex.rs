//! `auth.json` of the Codex client.

use serde_json::{Value, json};

use super::{ExportError, archive, rows::Row, shape::Shape};

/// One file.
pub(super) struct One;

impl Shape for One {
    fn rows(&mut self, _pass: usize, rows: &[Row]) -> Result<Vec<u8>, ExportError> {
        rows.first().map_or(Ok(Vec::new()), text)
    }
}

/// A folder for each, because the client wants the file to have this very name.
pub(super) fn member(row: &Row) -> Result<(String, Vec<u8>), ExportError> {
    Ok((format!("{}/auth.json", archive::name(row)), text(row)?))
}

fn text(row: &Row) -> Result<Vec<u8>, ExportError> {
    serde_json::to_vec_pretty(&object(row)).map_err(ExportError::write)
}

fn object(row: &Row) -> Value {
    json!({
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": null,
        "tokens": {
            "id_token": row.access_token(),
            "access_token": row.access_token(),
            "refresh_token": row.refresh_token.expose(),
            "account_id": row.credential.identity.account_id,
        },
        "last_refresh": row.last_refresh(),
    })
}
