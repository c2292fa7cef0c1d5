//! The rows of a file, as they are found.

use std::sync::Arc;

use rt_manage_shared::vault::Secret;

use super::{
    FormError,
    entry::{Row, Said},
};
use crate::credentials::Arrival;

/// Most rows of one import: twice what it is made for, and what they take in memory is bounded.
pub(super) const MAX_ROWS: usize = 200_000;

/// Longest row: an access token of 16 KiB, a note of 4096 characters, and what else there is.
const MAX_ROW_BYTES: usize = 64 * 1024;

/// About how many bytes a credential has on its way.
pub(super) fn weight(entry: &Arrival) -> usize {
    const FIELDS: usize = 200;
    let secret = |secret: &Option<Secret>| secret.as_ref().map_or(0, |text| text.expose().len());
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    FIELDS
        + entry.refresh_token.expose().len()
        + secret(&entry.access_token)
        + secret(&entry.proxy)
        + text(&entry.proxy_name)
        + text(&entry.client_id)
        + text(&entry.memo)
        + text(&entry.biz_id)
        + text(&entry.tag)
}

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
        let said = match said {
            Said::Entry(entry) if weight(&entry) > MAX_ROW_BYTES => {
                Said::Invalid("this row is longer than a credential can be".to_owned())
            }
            said => said,
        };
        let source = self.source.clone();
        self.found.push(Row { line, source, said });
        Ok(())
    }

    pub(super) fn done(self) -> Vec<Row> {
        self.found
    }
}
