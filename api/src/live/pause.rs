//! Refreshing is paused and goes on: all of it, or what goes one way out.

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError, audit,
        egress_pauses::{self, EgressPause},
        system,
    },
    model::audit::{Action, Actor, Deed, TargetKind},
    openai::EgressKey,
};
use rt_manage_worker::WorkerSettings;

use super::egresses;

/// Why a way out could not be paused.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// Nothing is known by this name.
    #[error("no credential uses such an egress")]
    Unknown,
    /// Several have this name.
    #[error("several egresses have this label")]
    Ambiguous(Vec<String>),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Pauses all refreshing.
pub async fn pause(db: &Db, actor: &Actor, reason: &str, now: Millis) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    if system::switch_on(&mut tx, system::PAUSED, reason, now).await? {
        let deed = Deed::new(Action::Pause).with("switch", system::PAUSED);
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Turns a switch off that stops all refreshing. `false`: it was off.
pub async fn resume(db: &Db, actor: &Actor, switch: &str, now: Millis) -> Result<bool, DbError> {
    let mut tx = db.begin().await?;
    let was_on = system::switch_off(&mut tx, switch).await?;
    if was_on {
        let deed = Deed::new(Action::Resume).with("switch", switch);
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
    }
    Ok(was_on)
}

/// Pauses a way out, named by its key or its label. Each claim looks at it, so that at most what is being claimed at this moment
/// is still sent.
pub async fn pause_egress(
    db: &Db,
    settings: &WorkerSettings,
    actor: &Actor,
    name: &str,
    reason: &str,
    now: Millis,
) -> Result<(), PauseError> {
    let (egress, label) = find(db, settings, name).await?;
    let pause = EgressPause {
        egress: egress.clone(),
        label: label.clone(),
        reason: reason.to_owned(),
        since: now,
    };
    let mut tx = db.begin().await?;
    if egress_pauses::pause(&mut tx, &pause).await? {
        let deed = Deed::new(Action::Pause)
            .to(TargetKind::Egress, &label)
            .with("egress", egress);
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Lets a way out be used again.
pub async fn resume_egress(
    db: &Db,
    settings: &WorkerSettings,
    actor: &Actor,
    name: &str,
    now: Millis,
) -> Result<(), PauseError> {
    let (egress, label) = find(db, settings, name).await?;
    let mut tx = db.begin().await?;
    if egress_pauses::resume(&mut tx, &egress).await? {
        let deed = Deed::new(Action::Resume)
            .to(TargetKind::Egress, &label)
            .with("egress", egress);
        audit::record(&mut tx, actor, &deed, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The key and the label of a way out that is listed, or that a credential has.
async fn find(
    db: &Db,
    settings: &WorkerSettings,
    name: &str,
) -> Result<(String, String), PauseError> {
    let known = egresses(db, settings).await?.items;
    if let Some(one) = known.iter().find(|one| one.egress == name) {
        return Ok((one.egress.clone(), one.label.clone()));
    }
    if name.parse::<EgressKey>().is_ok()
        && let Some(label) = egress_pauses::label_of(&mut &*db, name).await?
    {
        return Ok((name.to_owned(), label));
    }
    let mut named: Vec<_> = known.into_iter().filter(|one| one.label == name).collect();
    match (named.pop(), named.is_empty()) {
        (None, _) => Err(PauseError::Unknown),
        (Some(one), true) => Ok((one.egress, one.label)),
        (Some(one), false) => {
            let keys = named.into_iter().map(|one| one.egress);
            Err(PauseError::Ambiguous(keys.chain([one.egress]).collect()))
        }
    }
}
