//! Recognises, by their shape, texts that are handed in as refresh tokens and are something else. Sending one
//! of these would end in a refusal that looks like a dead credential.

use rt_manage_shared::{openai::Claims, vault::Secret};

/// How tokens begin that stand in our own templates.
pub(super) const EXAMPLE: &str = "rt.1.EXAMPLE";

/// How tokens of other providers begin, and what they are.
const FOREIGN: &[(&str, &str)] = &[
    (
        "sk-ant-",
        "this is a token of Anthropic, not a refresh token of OpenAI",
    ),
    ("sk-", "this is an API key, not a refresh token"),
    ("1//", "this is a Google refresh token, not one of OpenAI"),
    (
        "ya29.",
        "this is a Google access token, not a refresh token of OpenAI",
    ),
    (
        "gho_",
        "this is a token of GitHub, not a refresh token of OpenAI",
    ),
    (
        "ghp_",
        "this is a token of GitHub, not a refresh token of OpenAI",
    ),
    (
        "ghr_",
        "this is a token of GitHub, not a refresh token of OpenAI",
    ),
    (
        "ghu_",
        "this is a token of GitHub, not a refresh token of OpenAI",
    ),
    (
        "github_pat_",
        "this is a token of GitHub, not a refresh token of OpenAI",
    ),
    (
        EXAMPLE,
        "this is the example of a template; put a refresh token in its place",
    ),
    ("app_", "this is a client id, not a refresh token"),
];

/// What a text is, where it is surely no refresh token of this upstream.
pub(crate) fn foreign(text: &str) -> Option<&'static str> {
    let outlook = text
        .strip_prefix("M.C")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if outlook {
        return Some("this is a Microsoft (Outlook) refresh token, not one of OpenAI");
    }
    if let Some((_, reason)) = FOREIGN.iter().find(|(start, _)| text.starts_with(start)) {
        return Some(reason);
    }
    if is_jwt(text) {
        return Some("this is an access token (JWT), not a refresh token");
    }
    if text.starts_with("eyJ") && text.split('.').count() == 5 {
        return Some("this is a session token of the web site, not a refresh token");
    }
    if is_email(text) {
        return Some("this is an e-mail address, not a refresh token");
    }
    if is_url(text) {
        return Some("this is a URL, not a refresh token");
    }
    None
}

/// Whether a text is an access or id token.
pub(super) fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && Claims::read(&Secret::new(text)).exp.is_some()
}

/// Whether a text is of the present form of refresh tokens.
pub(super) fn is_present_form(text: &str) -> bool {
    text.starts_with("rt.") || text.starts_with("rt_")
}

/// Whether a text looks like an e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.contains(['@', '/', ':'])
    })
}

/// Whether a text looks like a URL.
pub(super) fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}
