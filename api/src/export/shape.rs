//! [`Shape`]: how credentials become a file.

use super::{ExportError, rows::Row};

/// Writes a file piece by piece. All credentials pass through it once for each pass.
pub(super) trait Shape: Send {
    /// How often all credentials are gone through.
    fn passes(&self) -> usize {
        1
    }

    /// What stands before those of a pass.
    fn begin(&mut self, _pass: usize) -> Result<Vec<u8>, ExportError> {
        Ok(Vec::new())
    }

    /// Some of them.
    fn rows(&mut self, pass: usize, rows: &[Row]) -> Result<Vec<u8>, ExportError>;

    /// What stands behind all.
    fn end(&mut self) -> Result<Vec<u8>, ExportError> {
        Ok(Vec::new())
    }
}
