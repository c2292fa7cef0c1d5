//! `pause` and `resume`: the switches that all processes follow, set straight in the database.

use std::{io::Write as _, process::ExitCode, time::Duration};

use rt_manage_shared::{
    clock::Clock,
    config::Config,
    db::{
        Db,
        halt::{self, Halt},
        system,
    },
    model::audit::Actor,
};

use crate::live;

pub(super) async fn pause(db: &Db, reason: &str) -> anyhow::Result<ExitCode> {
    let clock = Clock::new();
    clock.set_from_database(db.server_time().await?);
    live::pause(db, &Actor::command_line(), reason, clock.now()).await?;
    writeln!(std::io::stdout().lock(), "refreshing is paused")?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// How often it is looked whether the halt may be lifted.
const LOOK: Duration = Duration::from_millis(500);

/// Waits until the halt may be lifted, and says what it waits for.
async fn settled(db: &Db, config: &Config) -> anyhow::Result<()> {
    let heartbeat = Duration::from_secs(config.worker.heartbeat_seconds);
    let abandon_after = config.refresh.abandon_after(&config.openai);
    let mut said = None;
    loop {
        let now = db.server_time().await?;
        let halt = halt::halt(&mut &*db, now, heartbeat, abandon_after).await?;
        let Halt::Unsettled { workers, calls_for } = halt else {
            return Ok(());
        };
        if said.as_ref() != Some(&workers) {
            let mut err = std::io::stderr().lock();
            writeln!(
                err,
                "waiting until calls that were begun before the halt have ended (at most {} s)",
                calls_for.as_secs()
            )?;
            for worker in &workers {
                writeln!(
                    err,
                    "waiting until worker {worker} has replayed its journals"
                )?;
            }
            said = Some(workers);
        }
        tokio::time::sleep(LOOK).await;
    }
}

pub(super) async fn resume(db: &Db, config: &Config, halted: bool) -> anyhow::Result<ExitCode> {
    if halted {
        settled(db, config).await?;
    }
    let (actor, now) = (Actor::command_line(), db.server_time().await?);
    let mut out = std::io::stdout().lock();
    if live::resume(db, &actor, system::PAUSED, now).await? {
        writeln!(out, "refreshing goes on")?;
    }
    let mut code = ExitCode::SUCCESS;
    for switch in system::switches(&mut &*db).await? {
        if switch.name == system::HALTED && halted {
            live::resume(db, &actor, system::HALTED, now).await?;
            writeln!(out, "the emergency halt is lifted")?;
        } else {
            writeln!(out, "still {}: {}", switch.name, switch.reason)?;
            code = ExitCode::FAILURE;
        }
    }
    db.close().await;
    Ok(code)
}
