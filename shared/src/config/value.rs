//! Values: how they were written ([`Raw`]) and how each type of setting reads and shows them
//! ([`Value`]).

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::vault::Secret;

/// What `check-config` and the console show in place of a secret that is set.
pub const MASK: &str = "********";

/// What is shown for an optional setting or a secret that is not set.
pub const UNSET: &str = "(unset)";

/// Longest part of a wrong value that an error message repeats.
const SHOWN_CHARS: usize = 60;

/// A value as somebody wrote it, before it has a type. It may be a secret: it is wiped on drop and
/// has no `Debug`.
pub(super) enum Raw {
    /// Nothing, `~` or `null` in YAML.
    Null,
    /// A scalar, letter by letter as written (quotes and escapes resolved).
    Text(Zeroizing<String>),
    /// A sequence.
    List(Vec<Raw>),
    /// A mapping; no setting takes one, so its content is dropped.
    Mapping,
}

impl From<&serde_json::Value> for Raw {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::text(flag.to_string()),
            Value::Number(number) => Self::text(number.to_string()),
            Value::String(text) => Self::text(text.as_str()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(_) => Self::Mapping,
        }
    }
}

impl Raw {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(Zeroizing::new(text.into()))
    }

    /// Describes the value for an error message; the text itself only where it is no secret.
    pub(super) fn describe(&self, secret: bool) -> String {
        match self {
            Self::Null => "nothing (write \"\" for an empty text)".to_owned(),
            Self::Text(_) if secret => "text".to_owned(),
            Self::Text(text) if text.is_empty() => "an empty text".to_owned(),
            Self::Text(text) => {
                let mut shown: String = text.escape_debug().take(SHOWN_CHARS).collect();
                if shown.len() < text.len() {
                    shown.push('…');
                }
                format!("`{shown}`")
            }
            Self::List(_) => "a list".to_owned(),
            Self::Mapping => "a mapping".to_owned(),
        }
    }
}

/// What the values of a setting look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A list of whole numbers.
    Integers,
    /// A text.
    Text,
    /// One of some words.
    Choice(&'static [&'static str]),
}

/// A type that a setting can have.
pub(super) trait Value: Sized + 'static {
    /// Whether values are secrets, never shown. Decided by the type, so that no key can forget it.
    const SECRET: bool = false;
    /// Whether values are lists, which environment and flags write as `[1, 2]`.
    const LIST: bool = false;
    /// Whether a setting can be unset.
    const OPTIONAL: bool = false;

    /// What values look like.
    fn shape() -> Shape {
        Shape::Text
    }

    /// The value as JSON. Never asked of secrets.
    fn json(&self) -> serde_json::Value {
        self.show().into()
    }

    /// Completes the sentence "expected …".
    fn expected() -> String;

    /// Reads a value; `None` when it is not what [`Value::expected`] says.
    fn read(raw: &Raw) -> Option<Self>;

    /// The value in the form in which a configuration file would hold it; [`MASK`] for a secret.
    fn show(&self) -> String;
}

impl Value for String {
    fn expected() -> String {
        "text".to_owned()
    }

    // A plain `2024` or `true` is text where text is wanted: nobody should have to know YAML's
    // rules to use a numeric password or database name.
    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Text(text) => Some(text.as_str().to_owned()),
            _ => None,
        }
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for Secret {
    const SECRET: bool = true;

    fn expected() -> String {
        "text".to_owned()
    }

    fn read(raw: &Raw) -> Option<Self> {
        String::read(raw).map(Self::new)
    }

    fn show(&self) -> String {
        if self.is_empty() { UNSET } else { MASK }.to_owned()
    }
}

impl Value for PathBuf {
    fn expected() -> String {
        "a path".to_owned()
    }

    fn read(raw: &Raw) -> Option<Self> {
        String::read(raw)
            .filter(|text| !text.is_empty())
            .map(Self::from)
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Value for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }

    fn shape() -> Shape {
        Shape::Boolean
    }

    fn json(&self) -> serde_json::Value {
        (*self).into()
    }

    // `yes` and `on` are what the predecessor's YAML library took, so files with them exist.
    fn read(raw: &Raw) -> Option<Self> {
        match String::read(raw)?.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Reads plain decimal digits. Hexadecimal, octal (a leading zero), signs and fractions are
/// refused, because readers disagree about what they mean.
fn whole(raw: &Raw) -> Option<u64> {
    let text = String::read(raw)?;
    let digits = text.trim();
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    if leading_zero || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

macro_rules! whole_numbers {
    ($($type:ty),+) => {$(
        impl Value for $type {
            fn expected() -> String {
                format!("a whole number from 0 to {}", <$type>::MAX)
            }

            fn shape() -> Shape {
                Shape::Integer
            }

            fn json(&self) -> serde_json::Value {
                (*self).into()
            }

            fn read(raw: &Raw) -> Option<Self> {
                whole(raw).and_then(|number| <$type>::try_from(number).ok())
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

whole_numbers!(u16, u32, u64);

impl Value for Vec<u64> {
    const LIST: bool = true;

    fn expected() -> String {
        "a list of whole numbers such as [1, 2]".to_owned()
    }

    fn shape() -> Shape {
        Shape::Integers
    }

    fn json(&self) -> serde_json::Value {
        self.clone().into()
    }

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::List(items) => items.iter().map(whole).collect(),
            _ => None,
        }
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

impl<T: Value> Value for Option<T> {
    const SECRET: bool = T::SECRET;
    const LIST: bool = T::LIST;
    const OPTIONAL: bool = true;

    fn shape() -> Shape {
        T::shape()
    }

    fn json(&self) -> serde_json::Value {
        self.as_ref().map_or(serde_json::Value::Null, T::json)
    }

    fn expected() -> String {
        T::expected()
    }

    // An empty text unsets a value that cannot be empty: `RTM_DATABASE__PORT=` is what a compose
    // file passes on when the host has no such variable.
    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Null => Some(None),
            Raw::Text(text) if text.is_empty() => Some(T::read(raw)),
            _ => T::read(raw).map(Some),
        }
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| UNSET.to_owned(), T::show)
    }
}

/// A closed set of words, each with its variant. Where a variant has several words, the first is
/// the one that is shown.
pub(super) trait Choice: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];

    /// The words alone.
    const NAMES: &'static [&'static str] = &[];
}

impl<T: Choice> Value for T {
    fn expected() -> String {
        let words: Vec<_> = T::WORDS.iter().map(|(word, _)| *word).collect();
        format!("one of {}", words.join(", "))
    }

    fn shape() -> Shape {
        Shape::Choice(T::NAMES)
    }

    fn read(raw: &Raw) -> Option<Self> {
        let text = String::read(raw)?;
        T::WORDS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text.trim()))
            .map(|(_, variant)| *variant)
    }

    fn show(&self) -> String {
        let word = T::WORDS.iter().find(|(_, variant)| variant == self);
        word.map_or_else(String::new, |(word, _)| (*word).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Value>(text: &str) -> Option<T> {
        T::read(&Raw::text(text))
    }

    #[test]
    fn numbers_are_plain_decimal_and_in_range() {
        assert_eq!(read::<u16>("65535"), Some(65535));
        assert_eq!(read::<u64>(" 0 "), Some(0));
        for text in [
            "", "65536", "-1", "+1", "1.0", "0x10", "010", "1_000", "1e3", "٣",
        ] {
            assert_eq!(read::<u16>(text), None, "{text}");
        }
    }

    #[test]
    fn an_option_is_unset_by_null_and_by_an_empty_number() {
        assert_eq!(Option::<u16>::read(&Raw::Null), Some(None));
        assert_eq!(read::<Option<u16>>(""), Some(None));
        assert_eq!(read::<Option<u16>>("1"), Some(Some(1)));
        assert_eq!(read::<Option<u16>>("x"), None);
    }

    #[test]
    fn booleans_know_the_words_of_yaml_1_1() {
        assert_eq!(read::<bool>("Yes"), Some(true));
        assert_eq!(read::<bool>("off"), Some(false));
        assert_eq!(read::<bool>("1"), None);
    }

    #[test]
    fn a_secret_is_neither_shown_nor_described() {
        assert_eq!(Secret::new("canary").show(), MASK);
        assert_eq!(Some(Secret::new("canary")).show(), MASK);
        assert_eq!(Raw::text("canary").describe(true), "text");
    }

    #[test]
    fn a_description_is_cut_and_keeps_to_one_line() {
        let long = Raw::text(format!("a\n{}", "b".repeat(200))).describe(false);
        assert!(
            long.starts_with("`a\\nbbb") && long.ends_with("…`"),
            "{long}"
        );
        assert!(long.chars().count() < 70);
    }
}
