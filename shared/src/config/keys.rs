//! The table of all keys: the one place that environment names, flags, `check-config`, error
//! messages and the reference documentation are derived from. Each section's file lists its own.

use super::legacy::{Effect, LEGACY};
use super::value::{Raw, Shape, Value};
use super::{
    Config, auth, database, journal, log, openai, queue, refresh, retention, security, server,
    worker,
};

/// What every environment variable of ours begins with.
pub(super) const ENV_PREFIX: &str = "RTM_";

/// A group of keys: one top-level mapping of the file.
pub struct Section {
    /// Its name in the file.
    pub name: &'static str,
    /// One sentence for the reference documentation.
    pub doc: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
}

/// All sections, in the order in which `config/config.yml` shows them.
pub static SECTIONS: &[Section] = &[
    Section {
        name: "server",
        doc: "The API process's HTTP server.",
        keys: server::KEYS,
    },
    Section {
        name: "database",
        doc: "Where everything is stored.",
        keys: database::KEYS,
    },
    Section {
        name: "auth",
        doc: "Who may use the console and the public API.",
        keys: auth::KEYS,
    },
    Section {
        name: "queue",
        doc: "How jobs reach worker processes.",
        keys: queue::KEYS,
    },
    Section {
        name: "openai",
        doc: "The upstream's token endpoint.",
        keys: openai::KEYS,
    },
    Section {
        name: "refresh",
        doc: "When and how tokens are refreshed.",
        keys: refresh::KEYS,
    },
    Section {
        name: "worker",
        doc: "The processes that refresh.",
        keys: worker::KEYS,
    },
    Section {
        name: "journal",
        doc: "Where answers are safe first.",
        keys: journal::KEYS,
    },
    Section {
        name: "retention",
        doc: "How long what has happened is kept.",
        keys: retention::KEYS,
    },
    Section {
        name: "log",
        doc: "What is logged, and how.",
        keys: log::KEYS,
    },
    Section {
        name: "security",
        doc: "Keys and monitoring access.",
        keys: security::KEYS,
    },
];

/// One setting.
pub struct Key {
    pub(super) path: &'static str,
    pub(super) doc: &'static str,
    pub(super) short_env: Option<&'static str>,
    /// Whether the console may set it; every process follows while it runs.
    pub(super) live: bool,
    pub(super) access: &'static dyn Access,
}

/// Reads and writes one field of [`Config`], whatever its type.
pub(super) trait Access: Sync {
    /// Sets the field; `Err` holds what was expected instead.
    fn set(&self, config: &mut Config, raw: &Raw) -> Result<(), String>;
    fn show(&self, config: &Config) -> String;
    fn json(&self, config: &Config) -> serde_json::Value;
    fn is_secret(&self) -> bool;
    fn is_list(&self) -> bool;
    fn shape(&self) -> Shape;
    fn is_optional(&self) -> bool;
}

/// A field of [`Config`].
pub(super) struct Field<T: 'static> {
    pub(super) get: fn(&Config) -> &T,
    pub(super) get_mut: fn(&mut Config) -> &mut T,
}

impl<T: Value> Access for Field<T> {
    fn set(&self, config: &mut Config, raw: &Raw) -> Result<(), String> {
        *(self.get_mut)(config) = T::read(raw).ok_or_else(T::expected)?;
        Ok(())
    }

    fn show(&self, config: &Config) -> String {
        (self.get)(config).show()
    }

    fn json(&self, config: &Config) -> serde_json::Value {
        if T::SECRET {
            return serde_json::Value::Null;
        }
        (self.get)(config).json()
    }

    fn is_secret(&self) -> bool {
        T::SECRET
    }

    fn is_list(&self) -> bool {
        T::LIST
    }

    fn shape(&self) -> Shape {
        T::shape()
    }

    fn is_optional(&self) -> bool {
        T::OPTIONAL
    }
}

/// One line of a section's table: `key!(server.port, "…")`. `as "type"` names a key whose word
/// Rust keeps for itself; `env "…"` gives it a second, shorter environment variable; `live` in front lets the console set
/// it while everything runs (whoever reads it has to follow).
macro_rules! key {
    (live $section:ident . $field:ident, $doc:literal) => {
        $crate::config::keys::Key {
            live: true,
            ..$crate::config::keys::key!($section.$field, $doc)
        }
    };
    ($section:ident . $field:ident, $doc:literal) => {
        $crate::config::keys::key!(@ stringify!($field), $section.$field, None, $doc)
    };
    ($section:ident . $field:ident as $name:literal, $doc:literal) => {
        $crate::config::keys::key!(@ $name, $section.$field, None, $doc)
    };
    ($section:ident . $field:ident env $env:literal, $doc:literal) => {
        $crate::config::keys::key!(@ stringify!($field), $section.$field, Some($env), $doc)
    };
    (@ $name:expr, $section:ident . $field:ident, $env:expr, $doc:literal) => {
        $crate::config::keys::Key {
            path: concat!(stringify!($section), ".", $name),
            doc: $doc,
            short_env: $env,
            live: false,
            access: &$crate::config::keys::Field {
                get: |config| &config.$section.$field,
                get_mut: |config| &mut config.$section.$field,
            },
        }
    };
}
pub(super) use key;

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.path)
    }
}

impl Key {
    /// The dotted path, `section.name`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The name inside its section.
    pub fn name(&self) -> &'static str {
        split(self.path).1
    }

    /// One sentence that says what it is for.
    pub fn doc(&self) -> &'static str {
        self.doc
    }

    /// Whether its value is never shown, and may come from a file that `<VARIABLE>_FILE` names.
    pub fn is_secret(&self) -> bool {
        self.access.is_secret()
    }

    /// Whether the console may set it.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// What its values look like.
    pub fn shape(&self) -> Shape {
        self.access.shape()
    }

    /// Whether it may be unset.
    pub fn is_optional(&self) -> bool {
        self.access.is_optional()
    }

    /// Its value in `config` as JSON; that of a secret is null.
    pub fn json(&self, config: &Config) -> serde_json::Value {
        self.access.json(config)
    }

    /// The numbers that it may be, where it is a number.
    pub fn range(&self) -> Option<(u64, u64)> {
        super::check::range_of(self.path)
    }

    /// Its environment variable, such as `RTM_SERVER__PORT`.
    pub fn env_name(&self) -> String {
        env_name(self.path)
    }

    /// Its second, shorter environment variable, where it has one.
    pub fn short_env_name(&self) -> Option<&'static str> {
        self.short_env
    }

    /// Its value in `config` as a configuration file would hold it, secrets masked.
    pub fn show(&self, config: &Config) -> String {
        self.access.show(config)
    }
}

/// What a dotted path means.
pub(super) enum Resolved {
    Key(&'static Key),
    /// A known key without effect, and why.
    Nothing(&'static str),
    Unknown,
}

/// Every key, section by section.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().flat_map(|section| section.keys)
}

/// The key with this dotted path.
pub fn find(path: &str) -> Option<&'static Key> {
    keys().find(|key| key.path == path)
}

/// Looks a dotted path up, the predecessor's names included.
pub(super) fn resolve(path: &str) -> Resolved {
    let legacy = LEGACY.iter().find(|legacy| legacy.path == path);
    let path = match legacy.map(|legacy| &legacy.effect) {
        Some(Effect::Nothing(reason)) => return Resolved::Nothing(reason),
        Some(Effect::Sets(path)) => path,
        None => path,
    };
    find(path).map_or(Resolved::Unknown, Resolved::Key)
}

/// The dotted path that an environment variable sets.
pub(super) fn path_of_env(name: &str) -> Option<&'static str> {
    keys()
        .find(|key| key.short_env == Some(name) || key.env_name() == name)
        .map(Key::path)
        .or_else(|| {
            let legacy = LEGACY.iter().find(|legacy| env_name(legacy.path) == name);
            legacy.map(|legacy| legacy.path)
        })
}

/// The environment variable of a dotted path.
pub(super) fn env_name(path: &str) -> String {
    format!(
        "{ENV_PREFIX}{}",
        path.replace('.', "__").to_ascii_uppercase()
    )
}

/// Splits a dotted path into section and name; a path without a dot is a section.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_table_is_consistent() {
        let mut seen = HashSet::new();
        for section in SECTIONS {
            for key in section.keys {
                assert_eq!(
                    split(key.path).0,
                    section.name,
                    "{} stands elsewhere",
                    key.path
                );
                assert!(
                    seen.insert(key.env_name()),
                    "{} has no name of its own",
                    key.path
                );
                assert!(
                    key.doc.ends_with('.'),
                    "{} is documented by a sentence",
                    key.path
                );
            }
        }
        for legacy in LEGACY {
            assert!(find(legacy.path).is_none());
            assert!(
                !matches!(resolve(legacy.path), Resolved::Unknown),
                "{}",
                legacy.path
            );
        }
    }

    #[test]
    fn names_of_variables() {
        assert_eq!(env_name("server.port"), "RTM_SERVER__PORT");
        assert_eq!(path_of_env("RTM_DATABASE__TYPE"), Some("database.type"));
        assert_eq!(path_of_env("RTM_MASTER_KEYS"), Some("security.master_keys"));
        assert_eq!(
            path_of_env("RTM_OPENAI__SCHEDULE_ENABLED"),
            Some("openai.schedule_enabled")
        );
        assert_eq!(path_of_env("RTM_SERVER_PORT"), None);
    }
}
