//! The command line: one file for each command.

mod check_config;
mod import;
mod migrate_from;
mod openapi;
mod password;
mod queueing;
mod serve;
mod switches;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use rt_manage_shared::{
    bootstrap,
    bootstrap::Role,
    clock::Clock,
    config::{Config, Loaded},
    db::Db,
    vault::Vault,
};
use rt_manage_worker::cli::{self, ConfigArgs};

/// Keeps OpenAI refresh tokens alive and hands out their access tokens.
#[derive(Debug, Parser)]
#[command(name = "rt-manage-api", version, about)]
pub struct Cli {
    #[command(flatten)]
    config: ConfigArgs,
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
    /// Imports refresh tokens from a file in any of the forms: lines, CSV, JSON of several programs, ZIP.
    Import {
        /// The file; `-` reads standard input.
        file: PathBuf,
        /// Takes nothing in, and says what would become of each row.
        #[arg(long)]
        dry_run: bool,
        /// Lets a refresh token take the place of a healthy one of the same credential.
        #[arg(long)]
        replace: bool,
    },
    /// Takes credentials and settings over from the predecessor's database. They wait until `--confirm`.
    MigrateFrom(migrate_from::MigrateFrom),
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
    /// Reads a new password from standard input and stores its hash; ends all sessions of its owner.
    ResetPassword {
        /// Whose; the account of the configuration, where nobody is named.
        #[arg(long)]
        user: Option<String>,
    },
    /// Prints the OpenAPI document of the HTTP API.
    Openapi,
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if matches!(self.command, Some(Command::HashPassword)) {
            return password::hash();
        }
        if matches!(self.command, Some(Command::Openapi)) {
            return openapi::run();
        }
        let loaded = match self.config.load()? {
            Ok(loaded) => loaded,
            Err(code) => return Ok(code),
        };
        if matches!(self.command, Some(Command::CheckConfig)) {
            return check_config::run(&loaded);
        }
        let command = self.command.unwrap_or(Command::Serve);
        cli::run(&loaded, run(command, &loaded))
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
        Command::Import {
            file,
            dry_run,
            replace,
        } => {
            let wanted = import::Wanted { dry_run, replace };
            let (db, vault, clock) = open_all(config).await?;
            import::run(&file, wanted, loaded, &db, &vault, &clock).await
        }
        Command::MigrateFrom(command) => {
            let (db, vault, clock) = open_all(config).await?;
            migrate_from::run(command, loaded, &db, &vault, &clock).await
        }
        Command::Pause { reason } => switches::pause(&open(config).await?, &reason).await,
        Command::Resume { halted } => switches::resume(&open(config).await?, config, halted).await,
        Command::ResetPassword { user } => {
            let user = user.as_deref().unwrap_or(&config.auth.username);
            password::reset(&open(config).await?, &config.auth, user).await
        }
        Command::CheckConfig | Command::HashPassword | Command::Openapi => Ok(ExitCode::SUCCESS),
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
