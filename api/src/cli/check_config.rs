//! `check-config`: each effective value with its source, secrets masked.

use std::{io::Write as _, process::ExitCode};

use rt_manage_shared::config::Loaded;

pub(super) fn run(loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for line in loaded.report() {
        writeln!(out, "{line}")?;
    }
    let mut err = std::io::stderr().lock();
    for warning in &loaded.warnings {
        writeln!(err, "warning: {warning}")?;
    }
    Ok(ExitCode::SUCCESS)
}
