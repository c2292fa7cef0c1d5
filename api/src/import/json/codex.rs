//! The `auth.json` of Codex: `{"auth_mode", "OPENAI_API_KEY", "tokens": {…}, "last_refresh"}`.

use serde_json::Value;

use super::{Object, text, text_or_absent};
use crate::{credentials::Arrival, import::entry::Draft};

pub(super) fn read(object: &Object) -> Result<Arrival, String> {
    let Some(tokens) = object.get("tokens").and_then(Value::as_object) else {
        return Err(
            "tokens: is missing; this auth.json was made with an API key and has no refresh token"
                .to_owned(),
        );
    };
    let refresh_token = text_or_absent(tokens, "refresh_token")
        .map_err(|error| format!("tokens.{error}"))?
        .ok_or("tokens.refresh_token: is empty")?;
    Draft {
        refresh_token,
        access_token: text(tokens, "access_token"),
        id_token: text(tokens, "id_token"),
        account_id: text(tokens, "account_id"),
        ..Draft::default()
    }
    .finish()
}
