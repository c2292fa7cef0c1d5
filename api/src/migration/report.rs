//! What a migration tells: of each record and each setting what became of it, and the sums.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// What became of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// It was taken over.
    Created,
    /// The old program has refreshed it since, and it still waits here: its newer tokens were taken.
    Updated,
    /// It is here already.
    Unchanged,
    /// It is here already, and was refreshed here since.
    RefreshedHere,
    /// Another record, or a credential of another name, holds the same refresh token.
    Duplicate,
    /// What is set here stays.
    Kept,
    /// Here and there it holds different refresh tokens, and it does not wait any more: somebody has to decide.
    Differs,
    /// Its refresh token was spent.
    Spent,
    /// A call with its refresh token may be under way here.
    Refreshing,
    /// It cannot be taken over as it is.
    Invalid,
    /// The database did not take it.
    Failed,
}

impl Code {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::RefreshedHere => "refreshed_here",
            Self::Duplicate => "duplicate",
            Self::Kept => "kept",
            Self::Differs => "differs",
            Self::Spent => "spent",
            Self::Refreshing => "refreshing",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }

    /// Whether somebody has to look at it.
    pub const fn needs_a_look(self) -> bool {
        matches!(
            self,
            Self::Differs | Self::Spent | Self::Refreshing | Self::Invalid | Self::Failed
        )
    }
}

/// What is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A record, by its number there, with its name.
    Row(i64, Option<String>),
    /// A setting.
    Setting(String),
    /// A proxy, without its user and password.
    Proxy(String),
    /// A client id.
    ClientId(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(id, Some(name)) => write!(f, "row {id} ({name})"),
            Self::Row(id, None) => write!(f, "row {id}"),
            Self::Setting(name) => write!(f, "setting {name}"),
            Self::Proxy(name) => write!(f, "proxy {name}"),
            Self::ClientId(name) => write!(f, "client id {name}"),
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Of what.
    pub subject: Subject,
    /// What became of it.
    pub code: Code,
    /// What more there is to say; may be empty. Never a token.
    pub detail: String,
}

impl Entry {
    pub(super) fn new(subject: Subject, code: Code, detail: impl Into<String>) -> Self {
        Self {
            subject,
            code,
            detail: detail.into(),
        }
    }

    /// The line as JSON.
    pub fn json(&self) -> serde_json::Value {
        let (kind, row, name) = match &self.subject {
            Subject::Row(id, name) => ("row", Some(*id), name.as_deref()),
            Subject::Setting(name) => ("setting", None, Some(name.as_str())),
            Subject::Proxy(name) => ("proxy", None, Some(name.as_str())),
            Subject::ClientId(name) => ("client_id", None, Some(name.as_str())),
        };
        serde_json::json!({
            "kind": kind, "row": row, "name": name, "code": self.code.as_str(), "detail": self.detail,
        })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.code.as_str())?;
        if self.detail.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.detail)
        }
    }
}

/// The sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records by what became of them.
    pub rows: BTreeMap<Code, u64>,
    /// Settings, proxies and client ids by what became of them.
    pub settings: BTreeMap<Code, u64>,
}

impl Summary {
    pub(super) fn count(&mut self, entry: &Entry) {
        let counts = match entry.subject {
            Subject::Row(..) => &mut self.rows,
            _ => &mut self.settings,
        };
        *counts.entry(entry.code).or_default() += 1;
    }

    /// Whether somebody has to look at anything.
    pub fn needs_a_look(&self) -> bool {
        let mut codes = self.rows.keys().chain(self.settings.keys());
        codes.any(|code| code.needs_a_look())
    }

    /// The sums as JSON.
    pub fn json(&self) -> serde_json::Value {
        let object = |counts: &BTreeMap<Code, u64>| {
            let pairs = counts.iter();
            let pairs = pairs.map(|(code, count)| (code.as_str().to_owned(), (*count).into()));
            serde_json::Value::Object(pairs.collect())
        };
        serde_json::json!({"rows": object(&self.rows), "settings": object(&self.settings)})
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<Code, u64>| {
            let each = counts
                .iter()
                .map(|(code, count)| format!("{count} {}", code.as_str()));
            let list = each.collect::<Vec<_>>().join(", ");
            if list.is_empty() {
                "none".to_owned()
            } else {
                list
            }
        };
        write!(
            f,
            "records: {}; settings: {}",
            list(&self.rows),
            list(&self.settings)
        )
    }
}
