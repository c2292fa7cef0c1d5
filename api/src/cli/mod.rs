//! The command line: one file, or folder, for each command. Those of the admin API (`admin.rs`) share a client (`client/`) and how
//! they print (`output/`).

mod admin;
mod check_config;
mod client;
mod completions;
mod credentials;
mod healthcheck;
mod jobs;
mod keys;
mod migrate_from;
mod openapi;
mod output;
mod password;
mod queueing;
mod serve;
mod settings;
mod switches;

use std::process::ExitCode;

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
    #[command(flatten)]
    Admin(Box<admin::Admin>),
    /// Checks the configuration and shows each effective value and where it comes from.
    CheckConfig,
    /// Brings the database schema up to date.
    Migrate,
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
    /// Asks whether the server answers; for containers and supervisors.
    Healthcheck {
        /// Whether it is able to work, and not only whether it answers.
        #[arg(long)]
        ready: bool,
        /// Another server than the configured one on this host.
        #[arg(long)]
        url: Option<url::Url>,
    },
    /// Prints a script that lets a shell complete these commands.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command.unwrap_or(Command::Serve) {
            Command::HashPassword => password::hash(),
            Command::Openapi => openapi::run(),
            Command::Completions { shell } => completions::run(shell),
            Command::Admin(command) => command.run(self.config),
            command => {
                let mut loaded = match self.config.load()? {
                    Ok(loaded) => loaded,
                    Err(code) => return Ok(code),
                };
                if matches!(command, Command::CheckConfig) {
                    return check_config::run(&loaded);
                }
                if matches!(command, Command::Healthcheck { .. }) {
                    admin::quieten(&mut loaded);
                }
                cli::run(&loaded, run(command, &loaded))
            }
        }
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
        Command::Healthcheck { ready, url } => {
            Ok(healthcheck::run(config, url.as_ref(), ready).await)
        }
        Command::CheckConfig
        | Command::HashPassword
        | Command::Openapi
        | Command::Completions { .. }
        | Command::Admin(_) => Ok(ExitCode::SUCCESS),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Options that could take a secret, which everybody on the host would read then.
    fn secret_options(command: &clap::Command, found: &mut Vec<String>) {
        let words = ["password", "key", "secret", "token", "proxy"];
        // A file that holds one; an address that is shown without it; an id; a switch.
        let harmless = [
            "password-file",
            "key-file",
            "proxy-id",
            "has-access-token",
            "proxy",
        ];
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            if words.iter().any(|word| option.contains(word)) && !harmless.contains(&option) {
                found.push(format!("{} --{option}", command.get_name()));
            }
        }
        for command in command.get_subcommands() {
            secret_options(command, found);
        }
    }

    #[test]
    fn the_definition_is_whole_and_no_option_takes_a_secret() {
        let command = Cli::command();
        command.clone().debug_assert();
        let mut found = Vec::new();
        secret_options(&command, &mut found);
        assert_eq!(found, [""; 0]);
    }
}
