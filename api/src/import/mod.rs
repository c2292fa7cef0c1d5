//! Bulk import: reads the forms in which people hold refresh tokens, and takes each line in on its own.
//!
//! `clean` undoes what copying adds, `lines` and `table` read the two forms, `shape` recognises what is no
//! refresh token. Nothing here ever repeats a token.

mod clean;
mod lines;
mod shape;
mod table;

pub(crate) use shape::foreign;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::credentials::{Created, CredentialError, Credentials, Holder, NewCredential};

/// A file that cannot be read as any known form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not UTF-8.
    #[error("the file is not UTF-8 text; save it as UTF-8")]
    Encoding,
    /// JSON.
    #[error(
        "the file is JSON, which this version does not import; convert it to one refresh token a line, or to CSV"
    )]
    Json,
    /// A column that nobody knows: a mistyped `proxy` would send its credentials out directly.
    #[error("line {line}: unknown column `{name}`; known are {}", table::COLUMNS.join(", "))]
    Column {
        /// The header's line.
        line: usize,
        /// The column.
        name: String,
    },
    /// The same column twice.
    #[error("line {line}: the column `{name}` is there twice")]
    Twice {
        /// The header's line.
        line: usize,
        /// The column.
        name: String,
    },
}

/// One line of a file that says something.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// What it says, or why it cannot be taken in.
    pub row: Result<NewCredential, String>,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken in.
    Created(Created),
    /// Its refresh token is held already.
    Duplicate(Holder),
    /// Its refresh token was spent before.
    Spent(Holder),
    /// It is no credential that can be taken in.
    Invalid(String),
    /// The database did not take it.
    Failed(String),
}

impl Verdict {
    /// Whether somebody has to look at it. A duplicate is no fault: the token is in good hands.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Spent(_) | Self::Invalid(_) | Self::Failed(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(created) => write!(f, "created {}", created.biz_id),
            Self::Duplicate(holder) => write!(f, "duplicate: already held by {holder}"),
            Self::Spent(holder) => {
                write!(f, "spent: this refresh token was used before by {holder}")
            }
            Self::Invalid(reason) => write!(f, "invalid: {reason}"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
        }
    }
}

/// A line's number and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its number, from 1.
    pub line: usize,
    /// What became of it.
    pub verdict: Verdict,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.verdict)
    }
}

/// Reads a file: CSV where its first line is a header with `refresh_token`, else one refresh token a line.
pub fn parse(bytes: &[u8]) -> Result<Vec<Line>, FormError> {
    let text = std::str::from_utf8(bytes).map_err(|_| FormError::Encoding)?;
    let text = clean::line_ends(text);
    match clean::first_said(&text) {
        Some((_, line)) if line.starts_with(['{', '[']) => Err(FormError::Json),
        Some((number, line)) => match table::delimiter(line) {
            Some(delimiter) => table::parse(&text, number, delimiter),
            None => Ok(lines::parse(&text)),
        },
        None => Ok(Vec::new()),
    }
}

/// Takes lines in, in their order, and tells what became of each.
pub async fn take_in(credentials: &Credentials, lines: Vec<Line>) -> Vec<Report> {
    let mut reports = Vec::with_capacity(lines.len());
    let mut rows = Vec::new();
    let mut numbers = Vec::new();
    for line in lines {
        match line.row {
            Ok(row) => {
                numbers.push(line.number);
                rows.push(row);
            }
            Err(reason) => reports.push(Report {
                line: line.number,
                verdict: Verdict::Invalid(reason),
            }),
        }
    }
    let results = credentials.create_many(&rows).await;
    for (line, result) in numbers.into_iter().zip(results) {
        reports.push(Report {
            line,
            verdict: verdict(result),
        });
    }
    reports.sort_by_key(|report| report.line);
    reports
}

fn verdict(result: Result<Created, CredentialError>) -> Verdict {
    match result {
        Ok(created) => Verdict::Created(created),
        Err(CredentialError::InUse(holder)) => Verdict::Duplicate(holder),
        Err(CredentialError::Spent(holder)) => Verdict::Spent(holder),
        Err(error @ (CredentialError::Invalid(_) | CredentialError::BizIdTaken)) => {
            Verdict::Invalid(error.to_string())
        }
        Err(error) => Verdict::Failed(error.to_string()),
    }
}
