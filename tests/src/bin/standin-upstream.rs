//! The stand-in upstream as a program, for the demo and for tests that want it in a process of its own.

use std::{
    fs::{OpenOptions, Permissions},
    io::{self, BufWriter, Write},
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use rt_manage_tests::standin::{
    Account, AccountError, AccountSpec, CODEX_CLIENT_ID, CallRecord, Defaults, Options, StandIn,
    StartError, Written,
};
use tokio::signal::unix::{SignalKind, signal};

/// A strict fake of OpenAI's token endpoint. Steer it under /_standin/.
#[derive(Parser)]
#[command(name = "standin-upstream", version)]
struct Cli {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: SocketAddr,
    /// Accounts to start with: user001, user002, …
    #[arg(long, default_value_t = 0)]
    accounts: usize,
    /// Life of access tokens in seconds
    #[arg(long, default_value_t = 864_000, value_name = "SECONDS")]
    at_life: i64,
    /// Time that each token call takes, before the rotation
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Time for which a spent refresh token still gets its successor
    #[arg(long, default_value_t = 0)]
    reuse_leeway_ms: u64,
    /// Let the reuse of a spent refresh token end the session
    #[arg(long)]
    reuse_revokes_family: bool,
    /// Client id of the accounts
    #[arg(long, default_value = CODEX_CLIENT_ID)]
    client_id: String,
    /// Write the accounts as CSV (`biz_id,refresh_token,client_id,email`) to this file (mode 0600)
    #[arg(long, value_name = "FILE")]
    print_tokens_to: Option<PathBuf>,
    /// Do not log the calls
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}; see --listen")]
    Start(#[from] StartError),
    #[error("{0}")]
    Account(#[from] AccountError),
    #[error("cannot write {path}: {source}")]
    Tokens { path: PathBuf, source: io::Error },
    #[error("cannot wait for signals: {0}")]
    Signal(#[from] io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing can be done when standard error is closed.
            let _ = writeln!(io::stderr(), "standin-upstream: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let standin = StandIn::start(Options {
        listen: cli.listen,
        defaults: Defaults {
            at_life_seconds: cli.at_life,
            latency_before_ms: cli.latency_ms,
            reuse_leeway_ms: cli.reuse_leeway_ms,
            reuse_revokes_family: cli.reuse_revokes_family,
            client_id: cli.client_id,
            ..Defaults::default()
        },
        observer: (!cli.quiet).then(|| Arc::new(|call: &CallRecord| say(&line(call))) as _),
        ..Options::default()
    })?;
    let accounts = standin.create_accounts(&AccountSpec {
        count: Some(cli.accounts),
        ..AccountSpec::default()
    })?;
    if let Some(path) = cli.print_tokens_to {
        write_tokens(&path, &accounts).map_err(|source| Failure::Tokens { path, source })?;
    }
    say(&format!(
        "token endpoint {} with {} accounts",
        standin.token_url(),
        accounts.len()
    ));
    tokio::select! {
        done = tokio::signal::ctrl_c() => done?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn say(line: &str) {
    // A closed pipe must not stop the stand-in.
    let _ = writeln!(io::stdout(), "{line}");
}

fn line(call: &CallRecord) -> String {
    let status = call
        .status
        .map_or_else(|| "-".to_owned(), |status| status.to_string());
    let answer = match call.answer {
        Written::Pending => "pending".to_owned(),
        Written::None => "none".to_owned(),
        Written::Cut { bytes } => format!("cut at {bytes}"),
        Written::Complete => "complete".to_owned(),
    };
    let took = call.finished_at_ms.unwrap_or(call.at_ms) - call.at_ms;
    format!(
        "call={} account={} peer={} status={status} code={} rotated={} spent_before={} answer={answer} ms={took}",
        call.number,
        call.account.as_deref().unwrap_or("-"),
        call.peer,
        call.code.as_deref().unwrap_or("-"),
        call.rotated,
        call.spent_before,
    )
}

fn write_tokens(path: &Path, accounts: &[Account]) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    // The mode above is for new files only.
    file.set_permissions(Permissions::from_mode(0o600))?;
    let mut file = BufWriter::new(file);
    writeln!(file, "biz_id,refresh_token,client_id,email")?;
    for account in accounts {
        let Account {
            key,
            refresh_token,
            client_id,
            email,
            ..
        } = account;
        writeln!(file, "{key},{refresh_token},{client_id},{email}")?;
    }
    file.flush()
}
