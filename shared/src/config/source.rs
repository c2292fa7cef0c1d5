//! Where a value comes from, and the report that `check-config` prints.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::Config;
use super::keys;

/// Where the value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// Line, counted from 1.
        line: u64,
        /// Column in characters, counted from 1.
        column: u64,
    },
    /// Saved in the database, by the console.
    Database,
    /// An environment variable.
    Environment {
        /// Its name; for a secret read from a file, the name that ends in `_FILE`.
        name: String,
    },
    /// A flag on the command line.
    Flag {
        /// The dotted key that it sets.
        name: String,
    },
}

impl Source {
    /// Whether the value is fixed from outside, so that the console may show it but not change it.
    pub fn locks(&self) -> bool {
        matches!(self, Self::Environment { .. } | Self::Flag { .. })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            // The parser could not tell where.
            Self::File { path, line: 0, .. } => write!(f, "{}", path.display()),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Database => f.write_str("saved in the console"),
            Self::Environment { name } => write!(f, "environment variable {name}"),
            Self::Flag { name } => write!(f, "command line, {name}"),
        }
    }
}

/// A source, and the key by which it was given (the predecessor's name, maybe).
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) written: String,
    pub(super) source: Source,
}

/// The origin of every key that somebody set.
#[derive(Clone, Debug, Default)]
pub struct Sources(pub(super) BTreeMap<&'static str, Origin>);

impl Sources {
    /// Where the value of a key comes from. An unknown key has nowhere to come from: `Default`.
    pub fn of(&self, key: &str) -> Source {
        self.0
            .get(key)
            .map_or(Source::Default, |origin| origin.source.clone())
    }

    /// One line for each key there is.
    pub(super) fn report(&self, config: &Config) -> Vec<ReportLine> {
        let line = |key: &'static keys::Key| ReportLine {
            key: key.path(),
            value: key.show(config),
            source: self.of(key.path()),
        };
        keys().map(line).collect()
    }
}

/// One setting as `check-config` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine {
    /// The dotted key.
    pub key: &'static str,
    /// The effective value: `********` for a secret that is set, `(unset)` for none.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

impl fmt::Display for ReportLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}  ({})", self.key, self.value, self.source)
    }
}
