//! The commands of the admin API: one client, which either speaks to a server or opens the database itself, and one way in which
//! all of them end.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use rt_manage_shared::config::{Loaded, Source};
use rt_manage_worker::cli::{self as program, ConfigArgs};

use super::{
    client::{Client, Exit, Failure, Missing, Target},
    credentials::{self, Credentials},
    jobs::{self, Jobs},
    keys::{self, Keys},
    output::Output,
    settings::{self, Settings},
};

/// What people do not want to read beside a table: what a server would log.
const QUIET: &str = "error";

/// Commands, and where they work.
#[derive(Debug, Args)]
pub(super) struct Group<C: Subcommand> {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    command: C,
}

/// `credentials import`, for short.
#[derive(Debug, Args)]
pub(super) struct Short {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    import: credentials::import::Import,
}

/// A command of the admin API.
#[derive(Debug, Subcommand)]
pub(super) enum Admin {
    /// Lists, shows, imports, exports and refreshes credentials.
    Credentials(Group<Credentials>),
    /// Imports credentials from a file; the same as `credentials import`.
    Import(Short),
    /// Shows and changes what the console can set.
    Settings(Group<Settings>),
    /// Lists, watches, cancels and repeats jobs.
    Jobs(Group<Jobs>),
    /// Lists, makes and revokes API keys.
    Keys(Group<Keys>),
}

impl Admin {
    const fn target(&self) -> &Target {
        match self {
            Self::Credentials(group) => &group.target,
            Self::Import(import) => &import.target,
            Self::Settings(group) => &group.target,
            Self::Jobs(group) => &group.target,
            Self::Keys(group) => &group.target,
        }
    }

    const fn missing(&self) -> Missing {
        match self {
            Self::Credentials(group) => group.command.missing(),
            Self::Import(_) => Missing::Make,
            _ => Missing::Refuse,
        }
    }

    /// Runs the command to its exit code.
    pub(super) fn run(&self, config: ConfigArgs) -> anyhow::Result<ExitCode> {
        if let Some(url) = self.target().url() {
            // A server's own configuration is no concern of whoever speaks to it.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let client = Client::remote(url, self.target());
            return Ok(runtime.block_on(async { self.end(self.with(client.await).await) }));
        }
        let mut loaded = match config.load()? {
            Ok(loaded) => loaded,
            Err(code) => return Ok(code),
        };
        quieten(&mut loaded);
        program::run(&loaded, async {
            let client = Client::local(&loaded, self.missing()).await;
            Ok(self.end(self.with(client).await))
        })
    }

    async fn with(&self, client: Result<Client, Failure>) -> Result<Exit, Failure> {
        let client = client?;
        let out = Output::new(self.target().json);
        let ended = match self {
            Self::Credentials(group) => credentials::run(&client, out, &group.command).await,
            Self::Import(import) => credentials::import::run(&client, out, &import.import).await,
            Self::Settings(group) => settings::run(&client, out, &group.command).await,
            Self::Jobs(group) => jobs::run(&client, out, &group.command).await,
            Self::Keys(group) => keys::run(&client, out, &group.command).await,
        };
        client.close().await;
        ended
    }

    fn end(&self, ended: Result<Exit, Failure>) -> ExitCode {
        let exit = ended.unwrap_or_else(|failure| {
            failure.tell(self.target().json);
            failure.exit
        });
        exit.into()
    }
}

/// Leaves the log to servers, unless somebody has set its level.
pub(super) fn quieten(loaded: &mut Loaded) {
    if loaded.source("log.level") == Source::Default {
        QUIET.clone_into(&mut loaded.config.log.level);
    }
}
