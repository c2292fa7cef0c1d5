//! The files of `CLIProxyAPI`, one for each account: `{"type": "codex", "refresh_token", …}`. Those of other providers are known by
//! their `type`.

use super::{Object, text, text_or_absent};
use crate::{
    credentials::Arrival,
    import::{columns, entry::Draft},
};

/// The type of accounts of OpenAI.
const CODEX: &str = "codex";
/// Other types that the program writes; others still are not repeated in messages.
const OTHERS: &[&str] = &[
    "gemini",
    "gemini-cli",
    "claude",
    "qwen",
    "iflow",
    "antigravity",
    "vertex",
    "kimi",
    "xai",
    "github-copilot",
    "kiro",
    "aistudio",
];

pub(super) fn read(object: &Object) -> Result<Arrival, String> {
    match text(object, "type").as_deref() {
        Some(CODEX) => {}
        Some(other) if OTHERS.contains(&other) => {
            return Err(format!(
                "type: this is an account of `{other}`, not one of OpenAI"
            ));
        }
        _ => {
            return Err(
                "type: must be `codex`; accounts of other providers are not taken in".to_owned(),
            );
        }
    }
    let refresh_token =
        text_or_absent(object, "refresh_token")?.ok_or("refresh_token: is empty")?;
    let is_disabled = object.get("disabled").and_then(serde_json::Value::as_bool);
    // A time that cannot be read is no reason to refuse: the access token tells it as well.
    let expires_at = text(object, "expired").and_then(|text| columns::time("expired", &text).ok());
    Draft {
        refresh_token,
        access_token: text(object, "access_token"),
        id_token: text(object, "id_token"),
        expires_at,
        client_id: text(object, "client_id"),
        account_id: text(object, "account_id"),
        email: text(object, "email"),
        proxy: text_or_absent(object, "proxy_url")?,
        enabled: is_disabled.map(|is_disabled| !is_disabled),
        ..Draft::default()
    }
    .finish()
}
