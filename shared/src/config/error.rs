//! What is wrong with a configuration: every problem at once, each with its place. No message ever
//! holds the value of a secret key.

use std::fmt;

use super::keys;
use super::source::Source;
use super::suggest;

/// The configuration cannot be used. It lists everything that was found, not only the first.
#[derive(Debug, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    /// The problems, in the order of the layers; never empty.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// The dotted key, as it was written (of an unknown one, as much as can be a name).
    pub key: Option<String>,
    /// Where the wrong value comes from, if from one place.
    pub source: Option<Source>,
    /// The sentence.
    pub message: String,
    /// All keys that it is about, by their names of today; the first is the one to blame.
    pub keys: Vec<&'static str>,
}

/// The sorts of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A file is missing, unreadable, too large or not text.
    File,
    /// The file is not YAML.
    Syntax,
    /// A key or variable that does not exist.
    UnknownKey,
    /// A key was given twice.
    Duplicate,
    /// A value of the wrong type.
    WrongType,
    /// A value that cannot work, alone or beside another.
    Invalid,
}

impl Problem {
    pub(super) fn file(message: String) -> Self {
        Self {
            kind: ProblemKind::File,
            key: None,
            source: None,
            message,
            keys: Vec::new(),
        }
    }

    pub(super) fn at(kind: ProblemKind, key: &str, source: Source, message: String) -> Self {
        Self {
            kind,
            // Cut already here, so that `Debug` cannot show more than `Display` does.
            key: Some(suggest::shown(key)),
            source: Some(source),
            message,
            keys: keys::find(key).map(keys::Key::path).into_iter().collect(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = self
            .source
            .as_ref()
            .filter(|source| **source != Source::Default)
        {
            write!(f, "{source}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect();
    format!("the configuration cannot be used:{}", lines.concat())
}
