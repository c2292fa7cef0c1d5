//! The rows of a file, as they are found.

use std::sync::Arc;

use super::{
    FormError,
    entry::{Row, Said},
};

/// Most rows of one import: twice what it is made for, and what they take in memory is bounded.
pub(super) const MAX_ROWS: usize = 200_000;

/// Collects rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    found: Vec<Row>,
    source: Option<Arc<str>>,
}

impl Rows {
    /// What comes next is from this file inside a ZIP.
    pub(super) fn enter(&mut self, source: &str) {
        self.source = Some(source.into());
    }

    pub(super) fn push(&mut self, line: usize, said: Said) -> Result<(), FormError> {
        if self.found.len() == MAX_ROWS {
            return Err(FormError::TooMany);
        }
        let source = self.source.clone();
        self.found.push(Row { line, source, said });
        Ok(())
    }

    pub(super) fn done(self) -> Vec<Row> {
        self.found
    }
}
