//! Statements: one text with `?` and `{table}` for all back ends.

use std::borrow::Cow;

use crate::{
    clock::Millis,
    id::{AttemptId, AuditId, BootId, CredentialId, JobId, KeyId, ProxyId, RequestId, SessionId},
    vault::Fingerprint,
};

/// A bound value. `NULL` keeps its type, because PostgreSQL wants to know it.
#[derive(Clone)]
pub enum Arg {
    /// `BIGINT`.
    Int(Option<i64>),
    /// Text.
    Text(Option<String>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

impl Arg {
    /// `NULL` of the same type.
    pub(super) const fn null(&self) -> Self {
        match self {
            Self::Int(_) => Self::Int(None),
            Self::Text(_) => Self::Text(None),
            Self::Bytes(_) => Self::Bytes(None),
        }
    }
}

macro_rules! arg_from {
    ($($type:ty => |$value:ident| $variant:ident $expr:expr),+ $(,)?) => {$(
        impl From<$type> for Arg {
            fn from($value: $type) -> Self { Self::$variant(Some($expr)) }
        }
        impl From<Option<$type>> for Arg {
            fn from(value: Option<$type>) -> Self { Self::$variant(value.map(|$value| $expr)) }
        }
    )+};
}

arg_from! {
    i64 => |value| Int value,
    u32 => |value| Int i64::from(value),
    u16 => |value| Int i64::from(value),
    bool => |value| Int i64::from(value),
    Millis => |value| Int value.0,
    &str => |value| Text value.to_owned(),
    String => |value| Text value,
    CredentialId => |value| Text value.to_string(),
    AttemptId => |value| Text value.to_string(),
    BootId => |value| Text value.to_string(),
    RequestId => |value| Text value.to_string(),
    SessionId => |value| Text value.to_string(),
    AuditId => |value| Text value.to_string(),
    KeyId => |value| Text value.to_string(),
    JobId => |value| Text value.to_string(),
    ProxyId => |value| Text value.to_string(),
    &Fingerprint => |value| Text value.as_str().to_owned(),
    Vec<u8> => |value| Bytes value,
}

/// A statement with its values.
#[derive(Clone)]
pub struct Statement {
    pub(super) text: Cow<'static, str>,
    pub(super) args: Vec<Arg>,
}

/// Starts a statement. Table names are written `{grants}`, values `?`.
pub fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement {
        text: text.into(),
        args: Vec::new(),
    }
}

impl Statement {
    /// Binds the next `?`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Arg>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Binds the values of an `IN (…)` made by [`in_list`] for as many.
    #[must_use]
    pub fn bind_list<T: Into<Arg>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        let start = self.args.len();
        self.args.extend(values.into_iter().map(Into::into));
        let given = self.args.len() - start;
        if let Some(last) = self.args.last().cloned() {
            let padded = given.next_power_of_two();
            self.args.resize(start + padded, last);
        }
        self
    }
}

/// `(?, ?, …)` for `count` values, padded to a power of two so that few different texts are prepared; the
/// padding repeats the last value. `count` must not be zero.
pub fn in_list(count: usize) -> String {
    let marks = vec!["?"; count.next_power_of_two()];
    format!("({})", marks.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_padded() {
        assert_eq!(in_list(3), "(?, ?, ?, ?)");
        assert_eq!(sql("").bind_list([1_i64, 2, 3]).args.len(), 4);
    }
}
