//! `check-config`: each effective value with its source, secrets masked.

use std::{io::Write as _, process::ExitCode};

use rt_manage_shared::config::{ConfigError, Loaded};

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

/// A configuration that cannot be used: everything that is wrong with it, and nothing else.
pub(super) fn refuse(error: &ConfigError) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr().lock(), "{error}")?;
    Ok(ExitCode::from(EX_CONFIG))
}

/// `sysexits.h`: something was found in an unconfigured or misconfigured state.
const EX_CONFIG: u8 = 78;
