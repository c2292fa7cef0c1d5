//! Statements: one text with `?` and `{table}` for all back ends, and the few fragments that differ.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    clock::Millis,
    id::{AttemptId, BootId, CredentialId, RequestId},
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

/// Puts table names into statement texts, once for each text.
#[derive(Debug)]
pub(super) struct Names {
    prefix: String,
    rewritten: RwLock<HashMap<String, Arc<str>>>,
}

/// Texts differ only by the padded lengths of their lists, so this is never reached; it bounds a mistake.
const MAX_CACHED_TEXTS: usize = 4096;

impl Names {
    pub(super) fn new(prefix: String) -> Self {
        Self {
            prefix,
            rewritten: RwLock::default(),
        }
    }

    /// `{grants}` → prefix + `grants`.
    pub(super) fn rewrite(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len() + 16);
        for part in text.split('{') {
            match part.split_once('}') {
                Some((table, rest)) => {
                    result.push_str(&self.prefix);
                    result.push_str(table);
                    result.push_str(rest);
                }
                None => result.push_str(part),
            }
        }
        result
    }

    pub(super) fn resolve(&self, text: &str) -> Arc<str> {
        let cached = self
            .rewritten
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = cached.get(text) {
            return Arc::clone(found);
        }
        drop(cached);
        let rewritten: Arc<str> = self.rewrite(text).into();
        let mut cache = self
            .rewritten
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if cache.len() < MAX_CACHED_TEXTS {
            cache.insert(text.to_owned(), Arc::clone(&rewritten));
        }
        rewritten
    }

    /// The full name of a table.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_get_the_prefix() {
        let names = Names::new("rt_".into());
        assert_eq!(
            names.rewrite("CREATE INDEX {a}_x ON {a} (b)"),
            "CREATE INDEX rt_a_x ON rt_a (b)"
        );
    }

    #[test]
    fn lists_are_padded() {
        assert_eq!(in_list(3), "(?, ?, ?, ?)");
        assert_eq!(sql("").bind_list([1_i64, 2, 3]).args.len(), 4);
    }
}
