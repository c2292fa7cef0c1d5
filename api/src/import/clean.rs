//! Undoes what editors, spreadsheets and chat programs add to a text that is copied.

use std::borrow::Cow;

/// Characters without width that are met in copied tokens: zero-width space, non-joiner and joiner, word
/// joiner, byte order mark, soft hyphen, and the marks of writing direction.
const INVISIBLE: &[char] = &[
    '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{200e}', '\u{200f}',
];

/// Quotes that people and programs put around a value.
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '‘', '’'];

/// White space, visible or not.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || INVISIBLE.contains(&c)
}

/// Without byte order mark, and with `\n` as the only end of a line.
pub(super) fn line_ends(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        text.into()
    }
}

/// A text without white space and invisible characters around it.
pub(super) fn text(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// A token without anything that belongs to no token: invisible characters anywhere, and quotes around it.
pub(super) fn token(token: &str) -> String {
    let bare = text(token).trim_matches(|c| QUOTES.contains(&c) || is_blank(c));
    bare.chars().filter(|c| !INVISIBLE.contains(c)).collect()
}

/// Whether a line says something: not blank, no comment.
pub(super) fn is_said(line: &str) -> bool {
    let line = text(line);
    !line.is_empty() && !line.starts_with('#')
}
