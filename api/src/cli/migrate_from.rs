//! `migrate-from`: takes credentials and settings over from the predecessor's database, and lets them be refreshed once the
//! old program has stopped.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use rt_manage_shared::{
    clock::Clock, config::Loaded, db::Db, model::audit::Actor, notify::Notifier, vault::Secret,
    vault::Vault,
};
use rt_manage_worker::Live;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    credentials::Credentials,
    migration::{Entry, Migration, Source},
};

/// Everything was gone through, and somebody has to look at some of it. 1 is a failure, 2 a command line that cannot be read.
const NEEDS_A_LOOK: u8 = 3;

#[derive(Debug, Args)]
pub(super) struct MigrateFrom {
    /// The old program's config.yml, its SQLite file, or mysql://user@host:port/database.
    #[arg(required_unless_present = "confirm", conflicts_with = "confirm")]
    source: Option<String>,
    /// Prefix of the old tables, where the source is no config.yml: `rt` for `rt_rts`.
    #[arg(long)]
    prefix: Option<String>,
    /// File with the password of the old MySQL user; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Tells what would be taken over, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Tells it as JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// The old program has stopped: what was taken over is refreshed from now on.
    #[arg(long, conflicts_with_all = ["prefix", "password_file", "dry_run"])]
    confirm: bool,
}

pub(super) async fn run(
    command: MigrateFrom,
    loaded: &Loaded,
    db: &Db,
    vault: &Vault,
    clock: &Clock,
) -> anyhow::Result<ExitCode> {
    let live = Live::open(loaded, db, vault).await?;
    let settings = live.current();
    let credentials = Credentials {
        db: db.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        notifier: Notifier::in_process(),
        default_client_id: settings.config().openai.client_id.as_str().into(),
        settings,
    };
    let result = match &command.source {
        Some(source) => take_over(&command, source, credentials, &live).await,
        None => confirm(&credentials, command.json).await,
    };
    db.close().await;
    result
}

async fn take_over(
    command: &MigrateFrom,
    named: &str,
    credentials: Credentials,
    live: &Live,
) -> anyhow::Result<ExitCode> {
    if Source::tells_a_password(named) {
        writeln!(
            std::io::stderr().lock(),
            "warning: a command line is for every user of this host to read, and the password stands in it; give it with --password-file, and set another one"
        )?;
    }
    let password = command.password_file.as_deref().map(password).transpose()?;
    let source = Source::find(named, command.prefix.as_deref(), password)?;
    let same_way = same_proxy(&source, &credentials);
    let migration = Migration::new(credentials, live, Actor::command_line(), command.dry_run);
    let mut out = std::io::stdout().lock();
    let mut told = Ok(());
    let summary = migration
        .run(&source, |entry| {
            if told.is_ok() {
                told = tell(&mut out, entry, command.json);
            }
        })
        .await
        .context("migrating")?;
    told?;
    if command.json {
        let mut object = summary.json();
        if let Some(object) = object.as_object_mut() {
            object.insert("dry_run".to_owned(), command.dry_run.into());
        }
        writeln!(out, "{}", json!({ "summary": object }))?;
    } else {
        writeln!(out, "{summary}")?;
    }
    let mut err = std::io::stderr().lock();
    if !same_way {
        writeln!(
            err,
            "note: the old configuration's openai.proxy, by which records without a proxy were refreshed, is not the one in force here: set it before you confirm"
        )?;
    }
    let next = if command.dry_run {
        "nothing was changed"
    } else {
        "what was taken over hands out its access tokens and is not refreshed yet: stop the old program, run this once more if it has refreshed anything since, then `rt-manage-api migrate-from --confirm`"
    };
    writeln!(err, "{next}")?;
    Ok(if summary.needs_a_look() {
        ExitCode::from(NEEDS_A_LOOK)
    } else {
        ExitCode::SUCCESS
    })
}

/// Records without a proxy have gone out by the old configuration's.
fn same_proxy(source: &Source, credentials: &Credentials) -> bool {
    let ours = credentials.settings.config().openai.proxy.as_ref();
    let text = |secret: Option<&Secret>| secret.map(|secret| secret.expose().trim().to_owned());
    source.proxy.is_none() || text(source.proxy.as_ref()) == text(ours)
}

fn tell(out: &mut impl std::io::Write, entry: &Entry, json: bool) -> std::io::Result<()> {
    if json {
        writeln!(out, "{}", entry.json())
    } else {
        writeln!(out, "{entry}")
    }
}

async fn confirm(credentials: &Credentials, json: bool) -> anyhow::Result<ExitCode> {
    let released = credentials
        .confirm_migration(&Actor::command_line())
        .await?;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", json!({ "released": released }))?;
    } else {
        writeln!(out, "{released} credentials are refreshed from now on")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn password(file: &Path) -> anyhow::Result<Secret> {
    let mut text = Zeroizing::new(String::new());
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text)?;
    } else {
        let reading = || format!("reading {}", file.display());
        std::fs::File::open(file)
            .and_then(|mut file| file.read_to_string(&mut text))
            .with_context(reading)?;
    }
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}
