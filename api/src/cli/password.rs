//! `hash-password` and `reset-password`: both read the password from standard input, so that it stands in no
//! command line, history or process list.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use console::Term;
use rt_manage_shared::{
    clock::Clock,
    config::AuthConfig,
    db::{Db, audit, sessions, users},
    model::{
        audit::{Action, Actor, Deed, TargetKind},
        role::Role,
    },
    vault::Secret,
};
use zeroize::Zeroizing;

use crate::auth::{check_new_password, hash_password};

pub(super) fn hash() -> anyhow::Result<ExitCode> {
    let hash = hash_password(&read()?)?;
    writeln!(std::io::stdout().lock(), "{hash}")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn reset(db: &Db, auth: &AuthConfig, username: &str) -> anyhow::Result<ExitCode> {
    if username != auth.username && users::read(&mut &*db, username).await?.is_none() {
        anyhow::bail!("there is no person with the user name `{username}`");
    }
    let hash = hash_password(&read()?)?;
    let clock = Clock::new();
    clock.set_from_database(db.server_time().await?);
    let mut tx = db.begin().await?;
    let now = clock.now();
    if username == auth.username {
        users::set_password(&mut tx, username, Role::Administrator, &hash, now).await?;
    } else if !users::replace_password(&mut tx, username, &hash, now).await? {
        anyhow::bail!("the person with the user name `{username}` has just been removed");
    }
    sessions::close_all(&mut tx, username).await?;
    let deed = Deed::new(Action::PasswordSet).to(TargetKind::User, username);
    audit::record(&mut tx, &Actor::command_line(), &deed, now).await?;
    tx.commit().await?;
    writeln!(
        std::io::stdout().lock(),
        "the password of `{username}` is set; all sessions have ended"
    )?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// One line of standard input, checked; a terminal does not show it.
fn read() -> anyhow::Result<Secret> {
    let input = std::io::stdin();
    let password = if input.is_terminal() {
        let terminal = Term::stderr();
        let ask = |what: &str| -> std::io::Result<Secret> {
            terminal.write_str(what)?;
            terminal.read_secure_line().map(Secret::new)
        };
        let first = ask("New password: ")?;
        // Nobody has seen it.
        anyhow::ensure!(
            ask("The same again: ")?.is(first.expose().as_bytes()),
            "the two passwords are not the same"
        );
        first
    } else {
        let mut line = Zeroizing::new(String::new());
        input
            .lock()
            .read_line(&mut line)
            .context("reading the password from standard input")?;
        Secret::new(line.trim_end_matches(['\r', '\n']))
    };
    check_new_password(&password).map_err(|rule| anyhow::anyhow!("the password {rule}"))?;
    Ok(password)
}
