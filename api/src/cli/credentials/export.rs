//! `credentials export`: secrets into a file that nobody else can read.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use axum::http::{HeaderName, header};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::{filter::FilterArgs, find::find};
use crate::cli::{
    client::{Answer, Call, Client, Exit, Failure, text},
    output::{Output, Progress},
};

/// How many credentials an answer holds.
const COUNT: HeaderName = HeaderName::from_static("x-exported-credentials");

/// Exports credentials with their tokens. What leaves is written down in the audit log.
#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// `biz_id`s or ids.
    #[arg(value_name = "BIZ_ID", conflicts_with = "all")]
    names: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// All that there are.
    #[arg(long)]
    all: bool,
    /// The form.
    #[arg(long, value_enum)]
    format: Format,
    /// The file, made for its owner only; `-` is standard output.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Overwrites the file where there is one.
    #[arg(long)]
    force: bool,
}

/// What programs understand.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For rt-manage and spreadsheets.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// `auth.json` of the Codex CLI; several in a ZIP.
    Codex,
    /// Files of `CLIProxyAPI`.
    Cliproxyapi,
    /// A file of `Sub2API`.
    Sub2api,
}

impl Format {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Codex => "codex",
            Self::Cliproxyapi => "cliproxyapi",
            Self::Sub2api => "sub2api",
        }
    }
}

pub(super) async fn run(client: &Client, out: Output, args: &Export) -> Result<Exit, Failure> {
    let to_stdout = args.output == Path::new("-");
    if to_stdout && out.is_terminal() {
        return Err(Failure::usage(
            "tokens are not printed on a terminal: give --output FILE",
        ));
    }
    if !to_stdout && !args.force && args.output.exists() {
        return Err(exists(&args.output));
    }
    let body = json!({
        "selection": selection(client, args).await?,
        "format": args.format.as_str(),
        "current_password": client.password(),
    });
    let answer = client.send(Call::post(["exports"]).json(&body)).await?;
    if to_stdout {
        copy(answer, &mut io::stdout().lock(), out).await?;
        return Ok(Exit::Done);
    }
    if answer.header(header::CONTENT_TYPE) == Some("application/zip")
        && args
            .output
            .extension()
            .is_none_or(|extension| extension != "zip")
    {
        out.note("several files came, as a ZIP");
    }
    let count = answer
        .header(COUNT)
        .and_then(|count| count.parse::<u64>().ok());
    let bytes = write(answer, args, out).await?;
    let shown = args.output.display().to_string();
    if out.is_json() {
        out.value(&json!({"file": shown, "credentials": count, "bytes": bytes}))?;
    } else {
        let count = count
            .map(|count| format!("{count} credentials, "))
            .unwrap_or_default();
        out.line(&format!(
            "{shown}: {count}{bytes} bytes; whoever reads it has the accounts"
        ))?;
    }
    Ok(Exit::Done)
}

async fn selection(client: &Client, args: &Export) -> Result<Value, Failure> {
    if args.names.is_empty() {
        if args.filter.is_empty() && !args.all {
            let message = "name credentials, give a filter such as --tag a, or say --all";
            return Err(Failure::usage(message));
        }
        return Ok(json!({"filter": args.filter.fields()}));
    }
    if !args.filter.is_empty() {
        return Err(Failure::usage(
            "name credentials or give a filter, not both",
        ));
    }
    let mut ids = Vec::with_capacity(args.names.len());
    for name in &args.names {
        ids.push(text(&find(client, name).await?, "/id").to_owned());
    }
    let mut selection = Map::new();
    selection.insert("ids".to_owned(), json!(ids));
    Ok(Value::Object(selection))
}

fn exists(path: &Path) -> Failure {
    let message = format!("{} is there already", path.display());
    Failure::new(Exit::Failed, message).hint("--force overwrites it.")
}

/// Writes the file; a part of one is not left behind.
async fn write(answer: Answer, args: &Export, out: Output) -> Result<u64, Failure> {
    // What is overwritten stays whole until its successor is.
    let path = if args.force {
        let mut name = args.output.clone().into_os_string();
        name.push(format!(".{}", std::process::id()));
        PathBuf::from(name)
    } else {
        args.output.clone()
    };
    let mut options = File::options();
    let file = options.write(true).create_new(true).mode(0o600).open(&path);
    let mut file = file.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(&path),
        _ => Failure::file(&path, "making", &error),
    })?;
    let written = tokio::select! {
        written = finish(answer, &mut file, &path, args, out) => written,
        _ = tokio::signal::ctrl_c() => Err(Failure::new(Exit::Interrupted, "interrupted: nothing was exported")),
    };
    if written.is_err() {
        // The reason of the failure counts more than that of this one.
        let _ = fs::remove_file(&path);
    }
    written
}

async fn finish(
    answer: Answer,
    file: &mut File,
    path: &Path,
    args: &Export,
    out: Output,
) -> Result<u64, Failure> {
    let failed = |error: &io::Error| Failure::file(path, "writing", error);
    let bytes = copy(answer, file, out).await?;
    file.sync_all().map_err(|error| failed(&error))?;
    if args.force {
        fs::rename(path, &args.output).map_err(|error| failed(&error))?;
    }
    Ok(bytes)
}

async fn copy(mut answer: Answer, to: &mut impl Write, out: Output) -> Result<u64, Failure> {
    let total = answer.header(header::CONTENT_LENGTH);
    let total = total.and_then(|length| length.parse().ok());
    let progress = Progress::new(out);
    let mut bytes = 0;
    while let Some(chunk) = answer.chunk().await? {
        to.write_all(&chunk)?;
        bytes += u64::try_from(chunk.len()).unwrap_or(0);
        progress.show("bytes", bytes, total);
    }
    to.flush()?;
    progress.clear();
    Ok(bytes)
}
