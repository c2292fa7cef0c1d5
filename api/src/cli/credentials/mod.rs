//! `credentials`: lists, shows, imports, exports and refreshes them.

mod export;
mod filter;
mod find;
pub(super) mod import;
mod list;
mod refresh;
mod show;

use clap::Subcommand;

use super::{
    client::{Client, Exit, Failure, Missing},
    output::Output,
};

/// What is done with credentials.
#[derive(Debug, Subcommand)]
pub(super) enum Credentials {
    /// Lists credentials.
    List(Box<list::List>),
    /// Shows a credential; never its tokens.
    Show(show::Show),
    /// Imports credentials from a file.
    Import(import::Import),
    /// Exports credentials with their tokens into a file.
    Export(Box<export::Export>),
    /// Refreshes credentials now.
    Refresh(Box<refresh::Refresh>),
}

impl Credentials {
    /// Whether the command may be the first one of an installation.
    pub(super) const fn missing(&self) -> Missing {
        match self {
            Self::Import(_) => Missing::Make,
            _ => Missing::Refuse,
        }
    }
}

pub(super) async fn run(
    client: &Client,
    out: Output,
    command: &Credentials,
) -> Result<Exit, Failure> {
    match command {
        Credentials::List(args) => list::run(client, out, args).await,
        Credentials::Show(args) => show::run(client, out, args).await,
        Credentials::Import(args) => import::run(client, out, args).await,
        Credentials::Export(args) => export::run(client, out, args).await,
        Credentials::Refresh(args) => refresh::run(client, out, args).await,
    }
}
