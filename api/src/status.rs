//! The one look at the whole installation: what an operator has to know of. Its cost is bounded, however much is stored.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError, coordination,
        coordination::{EgressHold, LiveWorker},
        counts::{self, Count, Held, Recovered},
        egress_pauses::{self, EgressPause},
        system,
        system::Switch,
    },
    model::{
        finding::{About, Finding, Severity},
        grant::StateName,
    },
};

/// How far back answers that came another way are counted.
const RECENT: Duration = Duration::from_hours(24);

/// What the database tells.
#[derive(Debug)]
pub struct Status {
    /// The switches that are on.
    pub switches: Vec<Switch>,
    /// Credentials by state.
    pub states: Vec<(StateName, Count)>,
    /// Held credentials by what they wait for.
    pub held: Held,
    /// Answers that are set aside.
    pub orphans: Count,
    /// Answers that came another way, within a day.
    pub recovered: Recovered,
    /// Workers that live.
    pub workers: Vec<LiveWorker>,
    /// Egresses that have to wait.
    pub holds: Vec<EgressHold>,
    /// Egresses that an operator has paused.
    pub pauses: Vec<EgressPause>,
}

/// Something that was found, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub about: About,
    /// How many.
    pub count: Count,
}

impl Status {
    /// Looks. `heartbeat` is the distance of workers' heartbeats.
    pub async fn read(db: &Db, now: Millis, heartbeat: Duration) -> Result<Self, DbError> {
        let db = &mut &*db;
        let since = coordination::alive_since(now, heartbeat);
        Ok(Self {
            switches: system::switches(db).await?,
            states: counts::states(db).await?,
            held: counts::held(db).await?,
            orphans: counts::orphans(db).await?,
            recovered: counts::recovered(db, now - RECENT).await?,
            workers: coordination::live_workers(db, since).await?,
            holds: coordination::held_egresses(db, now).await?,
            pauses: egress_pauses::all(db).await?,
        })
    }

    /// What an operator has to know of, the most pressing first.
    pub fn findings(&self) -> Vec<Found> {
        let mut found: Vec<Found> = Finding::ALL
            .iter()
            .map(|finding| Found {
                about: About::new(*finding),
                count: self.count(*finding),
            })
            .filter(|found| !found.count.is_none())
            .collect();
        found.sort_by_key(|found| std::cmp::Reverse(rank(found.about.severity)));
        found
    }

    /// The most pressing of all; `None`: all is well.
    pub fn severity(&self) -> Option<Severity> {
        self.findings().first().map(|found| found.about.severity)
    }

    fn count(&self, finding: Finding) -> Count {
        let switch = |name: &str| exactly(self.switches.iter().filter(|one| one.name == name));
        let state = |state: StateName| {
            let mut states = self.states.iter();
            let found = states.find(|(name, _)| *name == state);
            found.map_or(Count::default(), |(_, count)| *count)
        };
        let workers =
            |is: fn(&LiveWorker) -> bool| exactly(self.workers.iter().filter(|one| is(one)));
        match finding {
            Finding::Halted => switch(system::HALTED),
            Finding::Paused => switch(system::PAUSED),
            Finding::InDoubt => state(StateName::InDoubt),
            Finding::Dead => state(StateName::Dead),
            Finding::Held => self.held.other,
            Finding::MigrationUnconfirmed => self.held.migration,
            Finding::Orphan => self.orphans,
            Finding::Replayed => self.recovered.replayed,
            Finding::Late => self.recovered.late,
            Finding::JournalFailed => workers(|one| one.pulse.journal_failure.is_some()),
            Finding::JournalDamaged => workers(|one| one.pulse.journal_damage > 0),
            Finding::JournalUnreadable => workers(|one| one.pulse.journal_unreadable > 0),
            Finding::NoWorker => exactly(self.workers.is_empty().then_some(()).iter()),
            Finding::NotClaiming => workers(|one| one.pulse.not_claiming.is_some()),
            Finding::EgressOnHold => exactly(self.holds.iter()),
            Finding::EgressPaused => exactly(self.pauses.iter()),
        }
    }
}

/// The place of a severity, from the least pressing on.
fn rank(severity: Severity) -> usize {
    let place = Severity::ALL.iter().position(|one| *one == severity);
    place.unwrap_or(0)
}

fn exactly<T>(found: impl Iterator<Item = T>) -> Count {
    Count {
        count: u32::try_from(found.count()).unwrap_or(u32::MAX),
        more: false,
    }
}

#[cfg(test)]
mod tests {
    use rt_manage_shared::db::coordination::{Pulse, WorkerInfo};

    use super::*;

    fn quiet() -> Status {
        let info = WorkerInfo {
            boot_id: "b".into(),
            host: "h".into(),
            version: "v".into(),
            started_at: Millis(0),
            lanes: String::new(),
        };
        Status {
            switches: Vec::new(),
            states: Vec::new(),
            held: Held::default(),
            orphans: Count::default(),
            recovered: Recovered::default(),
            workers: vec![LiveWorker {
                info,
                heartbeat_at: Millis(0),
                replayed_halt: None,
                pulse: Pulse::default(),
            }],
            holds: Vec::new(),
            pauses: Vec::new(),
        }
    }

    const ONE: Count = Count {
        count: 1,
        more: false,
    };

    fn with(change: impl FnOnce(&mut Status)) -> Status {
        let mut status = quiet();
        change(&mut status);
        status
    }

    fn pulse(change: impl FnOnce(&mut Pulse)) -> Status {
        with(|status| change(&mut status.workers[0].pulse))
    }

    /// A status in which this and nothing else is to be known.
    fn example(finding: Finding) -> Status {
        let switch = |name: &str| Switch {
            name: name.into(),
            reason: "r".into(),
            since: Millis(0),
        };
        let hold = EgressHold {
            egress: "e".into(),
            label: "l".into(),
            hold_until: Millis(1),
            reason: "r".into(),
        };
        let state =
            |state| with(|status| status.states = vec![(StateName::Idle, ONE), (state, ONE)]);
        match finding {
            Finding::Halted => with(|status| status.switches.push(switch(system::HALTED))),
            Finding::Paused => with(|status| status.switches.push(switch(system::PAUSED))),
            Finding::InDoubt => state(StateName::InDoubt),
            Finding::Dead => state(StateName::Dead),
            Finding::Held => with(|status| status.held.other = ONE),
            Finding::MigrationUnconfirmed => with(|status| status.held.migration = ONE),
            Finding::Orphan => with(|status| status.orphans = ONE),
            Finding::Replayed => with(|status| status.recovered.replayed = ONE),
            Finding::Late => with(|status| status.recovered.late = ONE),
            Finding::JournalFailed => pulse(|pulse| pulse.journal_failure = Some("f".into())),
            Finding::JournalDamaged => pulse(|pulse| pulse.journal_damage = 2),
            Finding::JournalUnreadable => pulse(|pulse| pulse.journal_unreadable = 2),
            Finding::NoWorker => with(|status| status.workers.clear()),
            Finding::NotClaiming => pulse(|pulse| pulse.not_claiming = Some("w".into())),
            Finding::EgressOnHold => with(|status| status.holds.push(hold)),
            Finding::EgressPaused => with(|status| {
                status.pauses.push(EgressPause {
                    egress: "e".into(),
                    label: "l".into(),
                    reason: "r".into(),
                    since: Millis(0),
                });
            }),
        }
    }

    #[test]
    fn each_thing_is_found_by_its_code() {
        assert_eq!((quiet().findings(), quiet().severity()), (vec![], None));
        for finding in Finding::ALL {
            let status = example(*finding);
            let about = About::new(*finding);
            assert_eq!(
                status.findings(),
                [Found { about, count: ONE }],
                "{finding}"
            );
            assert_eq!(status.severity(), Some(finding.severity()));
        }
    }

    #[test]
    fn the_most_pressing_comes_first() {
        let mut status = quiet();
        status.workers.clear();
        status.orphans = Count {
            count: 0,
            more: true,
        };
        status.recovered.late.count = 1;
        let codes: Vec<_> = status.findings().iter().map(|one| one.about.code).collect();
        assert_eq!(codes, [Finding::NoWorker, Finding::Orphan, Finding::Late]);
    }
}
