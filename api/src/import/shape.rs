//! Recognises, by their shape, texts that are handed in as refresh tokens and are something else. Sending one
//! of these would end in a refusal that looks like a dead credential.

use rt_manage_shared::{openai::Claims, vault::Secret};

/// What a text is, where it is surely no refresh token of this upstream.
pub(crate) fn foreign(text: &str) -> Option<&'static str> {
    let outlook = text
        .strip_prefix("M.C")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if outlook {
        return Some("this is a Microsoft (Outlook) refresh token, not one of OpenAI");
    }
    if text.starts_with("sk-") {
        return Some("this is an API key, not a refresh token");
    }
    if text.starts_with("eyJ") && Claims::read(&Secret::new(text)).exp.is_some() {
        return Some("this is an access token (JWT), not a refresh token");
    }
    None
}

/// Why a line is more than a token, where it is.
pub(super) fn several(text: &str) -> Option<&'static str> {
    // Four dashes can stand in a token by chance; a token of the present form begins with `rt.`.
    let dashed = text.contains("----") && !text.starts_with("rt.");
    let separated = text.contains([',', '|', ';', '\t', ' ']);
    (dashed || separated).then_some(
        "the line has several fields; use one refresh token a line, or CSV with a header line such as biz_id,refresh_token",
    )
}
