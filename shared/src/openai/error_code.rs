//! [`ErrorCode`]: the stable, harmless text by which a fault is known in the database, in logs and in answers.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest code; the longest known one has 38 characters.
const MAX_LENGTH: usize = 64;
/// Longest word between separators in a code of the upstream's; the longest known (`unsupported`) has 11.
const MAX_WORD: usize = 24;
/// Most digits in a code of the upstream's. Codes are words; a random token of a code's length has more.
const MAX_DIGITS: usize = 6;

/// A stable error code: 1 to 64 characters of `a-z`, `0-9`, `_`, `.` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ErrorCode(Cow<'static, str>);

/// A text that is not an error code. The text is not repeated: it may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an error code has 1 to 64 characters of a-z, 0-9, `_`, `.` and `-`")]
pub struct InvalidErrorCode;

impl ErrorCode {
    /// One of our own codes; `text` must be in the charset (checked by the tests of the callers).
    pub(super) const fn ours(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The code of an answer that named none: `http_<status>`.
    pub fn http(status: u16) -> Self {
        Self(Cow::Owned(format!("http_{status}")))
    }

    /// A code that the upstream sent, lower-cased. Refuses everything that might be a token or a secret
    /// which an error echoes: other characters, long words, many digits, the beginnings of known tokens.
    pub fn from_upstream(text: &str) -> Option<Self> {
        let code: Self = text.trim().to_ascii_lowercase().parse().ok()?;
        let digits = code.0.bytes().filter(u8::is_ascii_digit).count();
        let words_are_short = code
            .0
            .split(['_', '.', '-'])
            .all(|word| word.len() <= MAX_WORD);
        let token_like = ["rt.", "rt_", "eyj", "sk-", "sess-"]
            .iter()
            .any(|start| code.0.starts_with(start));
        (digits <= MAX_DIGITS && words_are_short && !token_like).then_some(code)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ErrorCode {
    type Err = InvalidErrorCode;
    fn from_str(text: &str) -> Result<Self, InvalidErrorCode> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for ErrorCode {
    type Error = InvalidErrorCode;
    fn try_from(text: String) -> Result<Self, InvalidErrorCode> {
        let admitted = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-')
        };
        if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(admitted) {
            Ok(Self(Cow::Owned(text)))
        } else {
            Err(InvalidErrorCode)
        }
    }
}

impl From<ErrorCode> for String {
    fn from(code: ErrorCode) -> Self {
        code.0.into_owned()
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_of_the_upstream_are_kept_and_tokens_are_not() {
        for code in [
            "Refresh_Token_Reused",
            " invalid_grant ",
            "some-new.code_2026",
        ] {
            assert!(ErrorCode::from_upstream(code).is_some(), "{code}");
        }
        for text in [
            "",
            "two words",
            "é",
            "rt.1.abc",
            "eyjhbgci.abc.def",
            "abcdefghijklmnopqrstuvwxyzabcdef",
            "a1b2c3d4e5f6g7h8",
            "sk-abc",
        ] {
            assert_eq!(ErrorCode::from_upstream(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn only_the_charset_gets_through(text in ".{0,80}") {
            if let Ok(code) = text.parse::<ErrorCode>() {
                prop_assert!(code.as_str().len() <= MAX_LENGTH);
                prop_assert_eq!(code.as_str(), text);
            }
        }
    }
}
