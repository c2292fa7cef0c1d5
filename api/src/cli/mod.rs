//! The command line: one file for each command.

mod check_config;
mod embedded;
mod import;
mod password;
mod serve;
mod switches;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use rt_manage_shared::{
    bootstrap,
    bootstrap::Role,
    clock::Clock,
    config::{Config, LoadOptions, Loaded},
    db::Db,
    telemetry,
    vault::Vault,
};

/// Keeps OpenAI refresh tokens alive and hands out their access tokens.
#[derive(Debug, Parser)]
#[command(name = "rt-manage-api", version, about)]
pub struct Cli {
    /// Configuration file; default: `RTM_CONFIG`, else config/config.yml where it exists.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Sets one configuration key for this run, e.g. `--set server.port=8081`; may be repeated.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the server (the default).
    Serve,
    /// Checks the configuration and shows each effective value and where it comes from.
    CheckConfig,
    /// Brings the database schema up to date.
    Migrate,
    /// Imports refresh tokens: one a line, or CSV with a header row.
    Import {
        /// The file; `-` reads standard input.
        file: PathBuf,
    },
    /// Stops starting refreshes everywhere; tokens are still handed out.
    Pause {
        /// Why, for those who wonder.
        #[arg(long, default_value = "paused from the command line")]
        reason: String,
    },
    /// Lets refreshes start again after `pause`.
    Resume {
        /// Also lifts an emergency halt (database older than the journals).
        #[arg(long)]
        halted: bool,
    },
    /// Reads a password from standard input and prints its argon2id hash for `auth.password`.
    HashPassword,
    /// Reads a new administrator password from standard input and stores its hash; ends all sessions.
    ResetPassword,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "expected KEY=VALUE".to_owned())
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if matches!(self.command, Some(Command::HashPassword)) {
            return password::hash();
        }
        let options = LoadOptions {
            file: self.config,
            env: LoadOptions::process_env()?,
            flags: self.set,
        };
        let loaded = match Config::load(&options) {
            Ok(loaded) => loaded,
            Err(error) => return check_config::refuse(&error),
        };
        if matches!(self.command, Some(Command::CheckConfig)) {
            return check_config::run(&loaded);
        }
        telemetry::start(&loaded.config);
        for warning in &loaded.warnings {
            tracing::warn!("configuration: {warning}");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let result = runtime.block_on(run(self.command.unwrap_or(Command::Serve), &loaded));
        // A task that hangs in a blocking call must not keep the process from ending.
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        result
    }
}

async fn run(command: Command, loaded: &Loaded) -> anyhow::Result<ExitCode> {
    let config = &loaded.config;
    match command {
        Command::Serve => serve::run(loaded).await,
        Command::Migrate => {
            let db = open(config).await?;
            tracing::info!(database = db.kind(), "the schema is up to date");
            db.close().await;
            Ok(ExitCode::SUCCESS)
        }
        Command::Import { file } => {
            let (db, vault, clock) = open_all(config).await?;
            import::run(&file, config, &db, &vault, &clock).await
        }
        Command::Pause { reason } => switches::pause(&open(config).await?, &reason).await,
        Command::Resume { halted } => switches::resume(&open(config).await?, halted).await,
        Command::ResetPassword => password::reset(&open(config).await?, &config.auth).await,
        Command::CheckConfig | Command::HashPassword => Ok(ExitCode::SUCCESS),
    }
}

/// Opens the database and brings its schema up to date.
async fn open(config: &Config) -> anyhow::Result<Db> {
    let db = bootstrap::open_database(config).await?;
    db.migrate()
        .await
        .context("bringing the database schema up to date")?;
    Ok(db)
}

/// Opens database and vault, and sets the clock.
async fn open_all(config: &Config) -> anyhow::Result<(Db, Vault, Clock)> {
    let db = open(config).await?;
    let clock = Clock::new();
    clock.set_from_database(db.server_time().await?);
    let vault = bootstrap::open_vault(config, &db, &clock, Role::Api).await?;
    Ok((db, vault, clock))
}
