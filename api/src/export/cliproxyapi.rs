//! Account files of `CLIProxyAPI`, which reads one account from each file.

use serde_json::{Value, json};

use super::{
    ExportError, archive,
    rows::{Row, exact},
    shape::Shape,
};

/// One file.
pub(super) struct One;

impl Shape for One {
    fn rows(&mut self, _pass: usize, rows: &[Row]) -> Result<Vec<u8>, ExportError> {
        rows.first().map_or(Ok(Vec::new()), text)
    }
}

/// All in one folder, as the program wants them.
pub(super) fn member(row: &Row) -> Result<(String, Vec<u8>), ExportError> {
    Ok((format!("codex-{}.json", archive::name(row)), text(row)?))
}

fn text(row: &Row) -> Result<Vec<u8>, ExportError> {
    serde_json::to_vec_pretty(&object(row)).map_err(ExportError::write)
}

fn object(row: &Row) -> Value {
    let (identity, grant) = (&row.credential.identity, &row.credential.grant);
    json!({
        "type": "codex",
        "id_token": row.access_token(),
        "access_token": row.access_token(),
        "refresh_token": row.refresh_token.expose(),
        "account_id": identity.account_id.as_deref().unwrap_or_default(),
        "last_refresh": row.last_refresh().unwrap_or_default(),
        "email": identity.email.as_deref().unwrap_or_default(),
        "expired": grant.at_expires_at.map(exact).unwrap_or_default(),
    })
}
