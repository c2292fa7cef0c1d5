//! `pause` and `resume`: the switches that all processes follow, set straight in the database.

use std::{io::Write as _, process::ExitCode};

use rt_manage_shared::{
    clock::Clock,
    db::{Db, system},
};

pub(super) async fn pause(db: &Db, reason: &str) -> anyhow::Result<ExitCode> {
    let clock = Clock::new();
    clock.set_from_database(db.server_time().await?);
    system::switch_on(&mut &*db, system::PAUSED, reason, clock.now()).await?;
    writeln!(std::io::stdout().lock(), "refreshing is paused")?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn resume(db: &Db, halted: bool) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    if system::switch_off(&mut &*db, system::PAUSED).await? {
        writeln!(out, "refreshing goes on")?;
    }
    let mut code = ExitCode::SUCCESS;
    for switch in system::switches(&mut &*db).await? {
        if switch.name == system::HALTED && halted {
            system::switch_off(&mut &*db, system::HALTED).await?;
            writeln!(out, "the emergency halt is lifted")?;
        } else {
            writeln!(out, "still {}: {}", switch.name, switch.reason)?;
            code = ExitCode::FAILURE;
        }
    }
    db.close().await;
    Ok(code)
}
