//! Rewrites statement texts for one database: table names get their prefix, PostgreSQL its numbered values.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, PoisonError, RwLock},
};

use super::dialect::Dialect;

/// Rewrites each text once.
#[derive(Debug)]
pub(super) struct Names {
    prefix: String,
    dialect: Dialect,
    rewritten: RwLock<HashMap<String, Arc<str>>>,
}

/// Texts differ only by the padded lengths of their lists, so this is never reached; it bounds a mistake.
const MAX_CACHED_TEXTS: usize = 4096;

impl Names {
    pub(super) fn new(prefix: String, dialect: Dialect) -> Self {
        Self {
            prefix,
            dialect,
            rewritten: RwLock::default(),
        }
    }

    pub(super) const fn dialect(&self) -> Dialect {
        self.dialect
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

    /// The text as this database wants it.
    pub(super) fn resolve(&self, text: &str) -> Arc<str> {
        let cached = self
            .rewritten
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = cached.get(text) {
            return Arc::clone(found);
        }
        drop(cached);
        let mut rewritten = self.rewrite(text);
        if self.dialect == Dialect::Postgres {
            rewritten = numbered(&rewritten);
        }
        let rewritten: Arc<str> = rewritten.into();
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

/// `?` → `$1`, `$2`, … outside of quotes. A doubled quote inside a literal ends it and begins it again, which comes
/// to the same.
fn numbered(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 16);
    let (mut quote, mut number) = (None, 0_u32);
    for c in text.chars() {
        match (c, quote) {
            ('?', None) => {
                number = number.saturating_add(1);
                // Writing to a string cannot fail.
                let _ = write!(result, "${number}");
                continue;
            }
            ('\'' | '"', None) => quote = Some(c),
            (_, Some(open)) if open == c => quote = None,
            _ => {}
        }
        result.push(c);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_get_the_prefix() {
        let names = Names::new("rt_".into(), Dialect::Sqlite);
        assert_eq!(
            names.rewrite("CREATE INDEX {a}_x ON {a} (b)"),
            "CREATE INDEX rt_a_x ON rt_a (b)"
        );
        assert_eq!(&*names.resolve("SELECT ?"), "SELECT ?");
    }

    #[test]
    fn values_are_numbered_outside_of_quotes_only() {
        let names = Names::new(String::new(), Dialect::Postgres);
        let text = "SELECT '?', 'it''s ?', \"?\", ? FROM {t} WHERE a = ? AND b = ''";
        let wanted = "SELECT '?', 'it''s ?', \"?\", $1 FROM t WHERE a = $2 AND b = ''";
        assert_eq!(&*names.resolve(text), wanted);
        assert_eq!(&*names.resolve(text), wanted, "from the cache");
    }
}
