//! Reading an answer's body so that no token in it is lost to a fault elsewhere in it.
//!
//! Fields are collected one by one as they are read; when the text turns out to be broken further on, what
//! was read completely before the break is kept. A string counts only with its closing quote, so that a
//! shortened token is never taken for a token.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::vault::Secret;

/// Longest `scope` that is kept: it is display data.
const MAX_SCOPE: usize = 1024;

/// The tokens of a successful answer. Each may be absent; an empty one counts as absent.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// The access token, a JWT.
    pub access_token: Option<Secret>,
    /// The successor of the refresh token that was spent. Absent: the old one stays valid.
    pub refresh_token: Option<Secret>,
    /// The id token, a JWT.
    pub id_token: Option<Secret>,
    /// Life of the access token in seconds, as the upstream says it; not checked.
    pub expires_in: Option<i64>,
    /// The scope that was granted.
    pub scope: Option<String>,
}

/// What a body said.
#[derive(Debug, Default)]
pub(super) struct AnswerBody {
    /// The tokens of it.
    pub(super) tokens: Tokens,
    /// Its error code, as sent.
    pub(super) error_code: Option<String>,
    /// Whether the top-level object was read to its closing brace. Bytes after it do not matter: nothing
    /// that could follow belongs to the object.
    pub(super) complete: bool,
    /// Whether it began as an object and never ended: a part of it is missing, whatever the framing says.
    pub(super) torn: bool,
}

impl AnswerBody {
    /// Reads a body; never fails, at worst nothing is found.
    pub(super) fn read(body: &[u8]) -> Self {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let mut fields = Fields::default();
        let mut complete = scan(body, &mut fields, false);
        if !complete {
            // A value that cannot be read as what it claims to be (`1e999`, half a surrogate pair) stops the
            // first reading; the second skips all values but the one that must not be lost.
            complete = scan(body, &mut fields, true);
        }
        Self {
            tokens: fields.tokens,
            error_code: fields.error_object.or(fields.error_text).or(fields.code),
            complete,
            torn: !complete && body.trim_ascii_start().starts_with(b"{"),
        }
    }
}

/// Reads the top-level object into `fields`; whether it came to the closing brace.
fn scan(body: &[u8], fields: &mut Fields, only_refresh_token: bool) -> bool {
    let top = Top {
        fields,
        only_refresh_token,
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    (&mut json).deserialize_map(top).is_ok()
}

#[derive(Default)]
struct Fields {
    tokens: Tokens,
    error_object: Option<String>,
    error_text: Option<String>,
    code: Option<String>,
}

/// The names that matter. Compared as bytes, so that a broken name elsewhere does no harm.
enum Name {
    AccessToken,
    RefreshToken,
    IdToken,
    ExpiresIn,
    Scope,
    Error,
    Code,
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }
            fn visit_bytes<E>(self, name: &[u8]) -> Result<Name, E> {
                Ok(match name {
                    b"access_token" => Name::AccessToken,
                    b"refresh_token" => Name::RefreshToken,
                    b"id_token" => Name::IdToken,
                    b"expires_in" => Name::ExpiresIn,
                    b"scope" => Name::Scope,
                    b"error" => Name::Error,
                    b"code" => Name::Code,
                    _ => Name::Other,
                })
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// A JSON value, as far as any field needs it.
enum Leaf {
    Text(String),
    Number(i64),
    /// The `code` of an object, where it is a text.
    Object(Option<String>),
    Other,
}

impl Leaf {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn number(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Object(_) | Self::Other => None,
        }
    }
}

/// Reads a [`Leaf`]; inside an object it reads `code`, and deeper objects are skipped without recursion.
struct LeafSeed {
    inside: bool,
}

impl<'de> DeserializeSeed<'de> for LeafSeed {
    type Value = Leaf;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Leaf, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for LeafSeed {
    type Value = Leaf;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Leaf, E> {
        Ok(Leaf::Other)
    }
    fn visit_unit<E>(self) -> Result<Leaf, E> {
        Ok(Leaf::Other)
    }
    fn visit_i64<E>(self, number: i64) -> Result<Leaf, E> {
        Ok(Leaf::Number(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Leaf, E> {
        Ok(i64::try_from(number).map_or(Leaf::Other, Leaf::Number))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Leaf, E> {
        // Exact up to 2^53; larger numbers are no durations.
        #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
        Ok(if number.abs() < 9_007_199_254_740_992.0 {
            Leaf::Number(number as i64)
        } else {
            Leaf::Other
        })
    }
    fn visit_str<E>(self, text: &str) -> Result<Leaf, E> {
        Ok(Leaf::Text(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Leaf, E> {
        Ok(Leaf::Text(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Leaf, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Leaf::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Leaf, A::Error> {
        let mut code = None;
        while let Some(name) = map.next_key::<Name>()? {
            if matches!(name, Name::Code) && !self.inside {
                code = map.next_value_seed(Self { inside: true })?.text();
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Leaf::Object(code))
    }
}

/// The top-level object. Writes into borrowed fields, which outlive an error.
struct Top<'a> {
    fields: &'a mut Fields,
    only_refresh_token: bool,
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Name>()? {
            let skipped = self.only_refresh_token && !matches!(name, Name::RefreshToken);
            if skipped || matches!(name, Name::Other) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let leaf = map.next_value_seed(LeafSeed { inside: false })?;
            let tokens = &mut self.fields.tokens;
            // Where a name comes twice the last usable value counts, as in most JSON readers.
            match name {
                Name::AccessToken => keep(&mut tokens.access_token, leaf.text().map(Secret::from)),
                Name::RefreshToken => {
                    keep(&mut tokens.refresh_token, leaf.text().map(Secret::from));
                }
                Name::IdToken => keep(&mut tokens.id_token, leaf.text().map(Secret::from)),
                Name::ExpiresIn => keep(&mut tokens.expires_in, leaf.number()),
                Name::Scope => keep(
                    &mut tokens.scope,
                    leaf.text().filter(|scope| scope.len() <= MAX_SCOPE),
                ),
                Name::Error => match leaf {
                    Leaf::Object(code) => keep(&mut self.fields.error_object, code),
                    other => keep(&mut self.fields.error_text, other.text()),
                },
                Name::Code => keep(&mut self.fields.code, leaf.text()),
                Name::Other => {}
            }
        }
        Ok(())
    }
}

fn keep<T>(slot: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot = value;
    }
}
