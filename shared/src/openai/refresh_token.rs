//! The check of a refresh token that a person or a file hands in. Answers of the upstream are not checked:
//! whatever it issues is kept.

use crate::vault::Secret;

/// Longest refresh token that is accepted from outside (source: docs, upstream: "up to 4 KiB").
pub const MAX_REFRESH_TOKEN_BYTES: usize = 4096;

/// Why a text is not a refresh token. The messages never repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshTokenError {
    /// Nothing there.
    #[error("the refresh token is empty")]
    Empty,
    /// More than [`MAX_REFRESH_TOKEN_BYTES`].
    #[error("the refresh token is longer than 4096 bytes")]
    TooLong,
    /// A blank inside or around it.
    #[error("the refresh token contains a space or a line break; paste the token alone")]
    Space,
    /// An unprintable character.
    #[error("the refresh token contains an invisible control character; copy it again")]
    Control,
    /// A character outside ASCII (RFC 6749, appendix A.17 admits %x20-7E).
    #[error("the refresh token contains a character that no token has; copy it again")]
    NotAscii,
}

/// Accepts `text` as a refresh token, unchanged, or says what is wrong with it.
pub fn validate(text: &str) -> Result<Secret, RefreshTokenError> {
    if text.is_empty() {
        return Err(RefreshTokenError::Empty);
    }
    if text.len() > MAX_REFRESH_TOKEN_BYTES {
        return Err(RefreshTokenError::TooLong);
    }
    for character in text.chars() {
        if character.is_whitespace() {
            return Err(RefreshTokenError::Space);
        }
        if character.is_control() {
            return Err(RefreshTokenError::Control);
        }
        if !character.is_ascii() {
            return Err(RefreshTokenError::NotAscii);
        }
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(validate("rt.1.AbC-_~").unwrap().expose(), "rt.1.AbC-_~");
        assert!(validate(&"a".repeat(4096)).is_ok());
        for (text, error) in [
            ("", RefreshTokenError::Empty),
            (&"a".repeat(4097), RefreshTokenError::TooLong),
            (" rt.1.a", RefreshTokenError::Space),
            ("rt.1.a\n", RefreshTokenError::Space),
            ("rt\u{a0}a", RefreshTokenError::Space),
            ("rt\u{0}a", RefreshTokenError::Control),
            ("rt\u{200b}a", RefreshTokenError::NotAscii),
        ] {
            assert_eq!(validate(text).unwrap_err(), error);
        }
    }
}
