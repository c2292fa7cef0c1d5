//! Credentials: the identity around a grant, and the rules for the texts that people give us.

use crate::id::{CredentialId, ProxyId};

/// The stored egress of a credential without a proxy of its own: it follows the configuration, so that a change
/// of `openai.proxy` moves all of these and no others.
pub const DEFAULT_EGRESS: &str = "default";

/// What the stored egress of a credential begins with that refers to a named proxy.
const NAMED_PROXY: &str = "proxy:";

/// The stored egress of a credential that refers to a named proxy: it follows that entry, so that a change of its URL
/// moves all of these and no others.
pub fn egress_of_named(proxy: ProxyId) -> String {
    format!("{NAMED_PROXY}{proxy}")
}

/// The named proxy that a stored egress refers to.
pub fn named_proxy(egress: &str) -> Option<ProxyId> {
    egress.strip_prefix(NAMED_PROXY)?.parse().ok()
}

/// Whether a stored egress refers to a named proxy, readable or not.
pub fn is_named(egress: &str) -> bool {
    egress.starts_with(NAMED_PROXY)
}

/// Longest `biz_id`, in characters: what an index can hold byte-exactly on all databases.
pub const MAX_BIZ_ID_CHARS: usize = 255;
/// Longest tag, in characters: it is a label in lists, and indexed like `biz_id`.
pub const MAX_TAG_CHARS: usize = 255;
/// Longest memo, in characters: a note, not a document.
pub const MAX_MEMO_CHARS: usize = 4096;
/// Longest client id, in characters; known ones have about thirty.
pub const MAX_CLIENT_ID_CHARS: usize = 255;

/// A text that breaks a rule; the message says which and fits behind the field's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing was given.
    #[error("must not be empty")]
    Empty,
    /// Too long.
    #[error("has more than {0} characters")]
    TooLong(usize),
    /// Control characters would break logs, headers and terminals.
    #[error("contains control characters")]
    Control,
    /// White space where none belongs.
    #[error("contains white space")]
    WhiteSpace,
}

/// Checks a `biz_id`: 1 to 255 characters, none of them a control character. It is compared byte by
/// byte, so it is neither trimmed nor case-folded.
pub fn check_biz_id(text: &str) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    check_label(text, MAX_BIZ_ID_CHARS)
}

/// Checks a short label such as a tag: no control characters, at most `max` characters.
pub fn check_label(text: &str, max: usize) -> Result<(), TextError> {
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    Ok(())
}

/// Checks a memo: line breaks and tabs are welcome, other control characters are not.
pub fn check_memo(text: &str) -> Result<(), TextError> {
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(TextError::Control);
    }
    if text.chars().count() > MAX_MEMO_CHARS {
        return Err(TextError::TooLong(MAX_MEMO_CHARS));
    }
    Ok(())
}

/// Checks a client id.
pub fn check_client_id(text: &str) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().any(char::is_whitespace) {
        return Err(TextError::WhiteSpace);
    }
    check_label(text, MAX_CLIENT_ID_CHARS)
}

/// How a generated `biz_id` begins.
const GENERATED: &str = "rt_";

/// The `biz_id` of a credential that came without one: derived from its id, so it is unique and tells its origin. `prefix`: how it
/// begins where somebody wants another beginning.
pub fn generated_biz_id(prefix: Option<&str>, id: CredentialId) -> String {
    let prefix = prefix.unwrap_or(GENERATED);
    format!("{prefix}{}", id.to_string().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biz_id_limits() {
        assert_eq!(check_biz_id(""), Err(TextError::Empty));
        assert_eq!(check_biz_id("a\nb"), Err(TextError::Control));
        assert_eq!(check_biz_id(&"字".repeat(255)), Ok(()));
        assert_eq!(
            check_biz_id(&"字".repeat(256)),
            Err(TextError::TooLong(255))
        );
        assert_eq!(check_biz_id("User 001 🦀"), Ok(()));
    }
}
