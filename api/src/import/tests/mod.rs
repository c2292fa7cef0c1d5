//! Files, from their bytes to what becomes of each row.

mod archives;
mod json;
mod lines;
mod properties;
mod reasons;
mod tables;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

use super::{Row, Said, parse};
use crate::{credentials::Arrival, routes::admin::tests::CANARY};

/// A JWT with these claims.
fn token(claims: &Value) -> String {
    format!(
        "eyJhbGciOiJSUzI1NiJ9.{}.sig",
        BASE64_URL_SAFE_NO_PAD.encode(claims.to_string())
    )
}

/// An access token.
fn jwt(exp: i64) -> String {
    token(&json!({
        "exp": exp, "client_id": "app_from_token", "note": CANARY,
        "https://api.openai.com/profile": {"email": "a@example.com", "name": "A"},
        "https://api.openai.com/auth": {"chatgpt_account_id": "acc", "chatgpt_user_id": "usr", "chatgpt_plan_type": "plus"},
    }))
}

/// The rows of a file. No reason repeats anything of it.
fn rows(bytes: &[u8]) -> Vec<Row> {
    let rows = parse(bytes).unwrap();
    for row in &rows {
        if let Said::Invalid(reason) | Said::Repeats(reason) = &row.said {
            assert!(!reason.contains(CANARY), "{reason}");
        }
        assert!(
            !format!("{row:?}").contains(&format!("rt.1.{CANARY}")),
            "{row:?}"
        );
    }
    rows
}

/// What each row says, shortly: its line, and its refresh token or the reason.
fn said(text: &str) -> Vec<(usize, Result<String, String>)> {
    rows(text.as_bytes()).into_iter().map(short).collect()
}

fn short(row: Row) -> (usize, Result<String, String>) {
    let said = match row.said {
        Said::Entry(entry) => Ok(entry.refresh_token.expose().to_owned()),
        Said::Invalid(reason) => Err(reason),
        Said::Repeats(reason) => Err(format!("repeats: {reason}")),
    };
    (row.line, said)
}

/// The only row of a file, which is a credential.
fn only(text: &str) -> Arrival {
    let mut rows = rows(text.as_bytes());
    assert_eq!(rows.len(), 1, "{rows:?}");
    match rows.remove(0).said {
        Said::Entry(entry) => *entry,
        other => panic!("{other:?}"),
    }
}

/// Why the only row of a file is refused.
fn refused(text: &str) -> String {
    let mut said = said(text);
    assert_eq!(said.len(), 1, "{said:?}");
    said.remove(0).1.unwrap_err()
}
