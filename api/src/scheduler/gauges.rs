//! What the leader tells of the whole installation: the switches, and counts of what an operator has to know of.

use std::time::Duration;

use rt_manage_shared::{
    clock::BootInstant,
    db::{Db, DbError, counts, system, system::Switch},
    model::{finding::Finding, grant::StateName},
};

/// Distance of counts: as often as a Prometheus usually asks, and a few short statements each time.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    counted: Option<BootInstant>,
    /// The switches that were on; `None`: nothing was told yet.
    switches: Option<Vec<String>>,
}

impl Gauges {
    /// Tells which switches are on: in the metrics each time, in the log once.
    pub(super) fn tell_switches(&mut self, switches: &[Switch]) {
        for name in [system::PAUSED, system::HALTED] {
            let on = switches.iter().any(|switch| switch.name == name);
            metrics::gauge!("rtm_switch", "name" => name).set(if on { 1.0 } else { 0.0 });
        }
        let known = self.switches.take().unwrap_or_default();
        for switch in switches.iter().filter(|one| !known.contains(&one.name)) {
            let (name, reason) = (&switch.name, &switch.reason);
            if switch.name == system::HALTED {
                tracing::error!(switch = %name, reason = %reason, see = Finding::Halted.see(), "refreshing is halted everywhere");
            } else {
                tracing::warn!(switch = %name, reason = %reason, see = Finding::Paused.see(), "refreshing is paused everywhere");
            }
        }
        let on: Vec<_> = switches.iter().map(|switch| switch.name.clone()).collect();
        for name in known.iter().filter(|name| !on.contains(name)) {
            tracing::info!(switch = %name, "a switch that stopped refreshing is off again");
        }
        self.switches = Some(on);
    }

    /// Counts, where it is time for that.
    pub(super) async fn count(&mut self, db: &Db) -> Result<(), DbError> {
        let recent = |counted: BootInstant| counted.elapsed() < COUNT_EVERY;
        if self.counted.is_some_and(recent) {
            return Ok(());
        }
        self.counted = Some(BootInstant::now());
        for (state, count) in counts::states(&mut &*db).await? {
            set_state(state, count.count);
        }
        let orphans = counts::orphans(&mut &*db).await?;
        metrics::gauge!("rtm_orphans").set(f64::from(orphans.count));
        Ok(())
    }

    /// Another process tells from now on: what stands here would be counted twice.
    pub(super) fn rest(&mut self) {
        *self = Self::default();
        for state in StateName::ALL {
            set_state(*state, 0);
        }
        metrics::gauge!("rtm_orphans").set(0.0);
        for name in [system::PAUSED, system::HALTED] {
            metrics::gauge!("rtm_switch", "name" => name).set(0.0);
        }
    }
}

fn set_state(state: StateName, count: u32) {
    metrics::gauge!("rtm_credentials", "state" => state.as_str()).set(f64::from(count));
}
