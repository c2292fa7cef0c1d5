//! `openapi`: prints the OpenAPI document, as it is committed in `docs/openapi.json`.

use std::{io::Write as _, process::ExitCode};

use crate::routes::admin;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    write!(std::io::stdout().lock(), "{}", admin::openapi_text()?)?;
    Ok(ExitCode::SUCCESS)
}
