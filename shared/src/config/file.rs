//! Which file is read, and how: a configuration, or the secret that a `…_FILE` variable names.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::LoadOptions;

/// Where the file is looked for when nobody names one: where the seed document puts it.
const USUAL_FILE: &str = "config/config.yml";

/// The variable that names the file.
const FILE_VARIABLE: &str = "RTM_CONFIG";

/// Largest file that is read: a configuration is a few KiB, so more is some other file.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The configuration file: the one that the command line names, else the variable, else the usual
/// one if it is there.
pub(super) fn chosen(options: &LoadOptions) -> Option<PathBuf> {
    let variable = options
        .env
        .iter()
        .find(|(name, text)| name == FILE_VARIABLE && !text.is_empty());
    let usual = || Path::new(USUAL_FILE).exists().then(|| USUAL_FILE.into());
    options
        .file
        .clone()
        .or_else(|| variable.map(|(_, path)| path.into()))
        .or_else(usual)
}

/// Reads a file that must be UTF-8 text of a sane size. The error does not repeat the path: who
/// mistakes `…_FILE` for the variable of the secret itself has put the secret there.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(cannot)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!(
            "is larger than {} MiB",
            MAX_FILE_BYTES / 1024 / 1024
        ));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = valid.split(|byte| *byte == b'\n').count();
        format!("is not UTF-8 text (line {line}); save it as UTF-8")
    })?;
    // Windows editors put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(Zeroizing::new(text.to_owned()))
}
