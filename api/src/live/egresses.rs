//! The ways out: those that are in use, and what is known of them.

use std::collections::BTreeMap;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError, coordination,
        coordination::EgressHold,
        egress_pauses::{self, EgressPause},
    },
    model::credential::DEFAULT_EGRESS,
};
use rt_manage_worker::WorkerSettings;

/// Most ways out of credentials that are listed. Those that are on hold or paused are listed in any case.
const MOST: u32 = 500;

/// A way out.
#[derive(Debug, Clone, Default)]
pub struct EgressView {
    /// Its key.
    pub egress: String,
    /// Its name without credentials.
    pub label: String,
    /// Whether credentials without a proxy of their own use it.
    pub default: bool,
    /// Why it has to wait, or has to be tried, and until when.
    pub hold: Option<EgressHold>,
    /// Whether an operator has paused it.
    pub pause: Option<EgressPause>,
}

/// The ways out.
#[derive(Debug, Clone)]
pub struct Egresses {
    /// By key.
    pub items: Vec<EgressView>,
    /// Whether there are more that credentials use.
    pub more: bool,
}

/// Lists the ways out.
pub async fn egresses(db: &Db, settings: &WorkerSettings) -> Result<Egresses, DbError> {
    let mut found = BTreeMap::<String, EgressView>::new();
    let ways = egress_pauses::in_use(&mut &*db, MOST + 1).await?;
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let more = ways.len() > most;
    let default = settings.default_egress.key();
    entry(
        &mut found,
        default.as_str(),
        &settings.default_egress.to_string(),
    )
    .default = true;
    for way in ways.into_iter().take(most) {
        if way.egress != DEFAULT_EGRESS {
            let key = settings.egress_key(&way.egress);
            entry(&mut found, key.as_str(), &way.label);
        }
    }
    for hold in coordination::egress_holds(&mut &*db).await? {
        entry(&mut found, &hold.egress, &hold.label).hold = Some(hold.clone());
    }
    for pause in egress_pauses::all(&mut &*db).await? {
        entry(&mut found, &pause.egress, &pause.label).pause = Some(pause.clone());
    }
    Ok(Egresses {
        items: found.into_values().collect(),
        more,
    })
}

fn entry<'a>(
    found: &'a mut BTreeMap<String, EgressView>,
    key: &str,
    label: &str,
) -> &'a mut EgressView {
    let view = found.entry(key.to_owned()).or_default();
    key.clone_into(&mut view.egress);
    if view.label.is_empty() {
        label.clone_into(&mut view.label);
    }
    view
}

impl EgressView {
    /// Whether it has to wait at `now` because of what calls met.
    pub fn is_on_hold(&self, now: Millis) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.hold_until > now)
    }
}
