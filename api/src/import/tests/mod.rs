//! Files, from their bytes to what becomes of each line.

mod forms;
mod verdicts;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::json;

use crate::routes::admin::tests::CANARY;

/// An access token.
fn jwt(exp: i64) -> String {
    let claims = json!({
        "exp": exp, "client_id": "app_from_token", "note": CANARY,
        "https://api.openai.com/profile": {"email": "a@example.com", "name": "A"},
        "https://api.openai.com/auth": {"chatgpt_account_id": "acc", "chatgpt_user_id": "usr", "chatgpt_plan_type": "plus"},
    });
    format!(
        "eyJhbGciOiJSUzI1NiJ9.{}.sig",
        BASE64_URL_SAFE_NO_PAD.encode(claims.to_string())
    )
}
