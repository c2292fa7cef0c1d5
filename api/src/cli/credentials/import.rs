//! `credentials import`, and `import` for short: brings credentials in from a file, as a job.

use std::{
    io::{IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};

use axum::http::HeaderValue;
use bytes::Bytes;
use clap::Args;

use crate::cli::{
    client::{Call, Client, Exit, Failure},
    jobs::{self, Waiting},
    output::Output,
};

/// What the route takes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Imports credentials: text with a token a line, CSV, JSON of other tools, ZIP; the form is recognised.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command"
)]
pub(in crate::cli) struct Import {
    /// The file; `-` reads standard input.
    file: PathBuf,
    /// Says what would become of each row, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// A tag for rows without one.
    #[arg(long)]
    tag: Option<String>,
    /// A named proxy for rows without a proxy, by its id.
    #[arg(long, value_name = "ID")]
    proxy_id: Option<String>,
    /// The client id that rows without one were issued to.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// What the generated `biz_id` of rows without one begins with.
    #[arg(long, value_name = "TEXT")]
    biz_id_prefix: Option<String>,
    /// Imports them disabled.
    #[arg(long)]
    disabled: bool,
    /// Refreshes each soon, even where the file brings an access token.
    #[arg(long)]
    refresh_now: bool,
    /// Lets a row replace the refresh token of a credential that is well.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    waiting: Waiting,
}

pub(in crate::cli) async fn run(
    client: &Client,
    out: Output,
    args: &Import,
) -> Result<Exit, Failure> {
    let bytes = read(&args.file)?;
    let yes = |flag: bool| flag.then_some(true);
    let call = Call::post(["imports"])
        .maybe("tag", args.tag.as_deref())
        .maybe("proxy_id", args.proxy_id.as_deref())
        .maybe("client_id", args.client_id.as_deref())
        .maybe("biz_id_prefix", args.biz_id_prefix.as_deref())
        .maybe("enabled", args.disabled.then_some(false))
        .maybe("refresh_now", yes(args.refresh_now))
        .maybe("replace", yes(args.replace))
        .maybe("dry_run", yes(args.dry_run))
        .body(HeaderValue::from_static(kind(&args.file)), bytes);
    let job = client.json(call).await?;
    jobs::follow(client, out, &job, &args.waiting).await
}

/// What the name says; the server looks at the content.
fn kind(file: &Path) -> &'static str {
    let extension = file.extension().and_then(|extension| extension.to_str());
    match extension.unwrap_or_default().to_ascii_lowercase().as_str() {
        "csv" => "text/csv",
        "txt" => "text/plain",
        "json" => "application/json",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

fn read(path: &Path) -> Result<Bytes, Failure> {
    let failed = |error| Failure::file(path, "reading", &error);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        let input = std::io::stdin();
        if input.is_terminal() {
            crate::cli::output::warn("reading from the terminal; end with Ctrl-D");
        }
        input
            .lock()
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        let message = format!(
            "{}: more than 64 MiB; divide it into several files",
            path.display()
        );
        return Err(Failure::usage(message));
    }
    Ok(bytes.into())
}
