//! The circuit breakers of all egresses that this process uses.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rt_manage_shared::{clock::BootInstant, openai::EgressKey};

use super::breaker::{Breaker, BreakerSettings, BreakerStatus, Pass, Verdict};

/// Breakers kept at most; beyond it, those that are closed are forgotten, which costs them only the memory
/// of their last 30 s. Far above the number of proxies that one installation uses.
const CAPACITY: usize = 4096;

/// One breaker per egress, made when it is first asked.
#[derive(Debug)]
pub struct Breakers {
    settings: BreakerSettings,
    breakers: Mutex<HashMap<EgressKey, Breaker>>,
}

/// The permission for one call. Dropped without a report it is given back: whatever kept the call from being made, a
/// claim that was not committed included, the next one may ask at once.
#[derive(Debug)]
pub struct Ticket {
    breakers: Arc<Breakers>,
    egress: EgressKey,
    pass: Pass,
    reported: bool,
}

impl Ticket {
    /// Whether this call decides if the others may follow.
    pub fn is_probe(&self) -> bool {
        self.pass == Pass::Probe
    }

    /// The egress that it is for.
    pub const fn egress(&self) -> &EgressKey {
        &self.egress
    }

    /// Says how the call went.
    pub fn report(&mut self, now: BootInstant, verdict: Verdict) {
        self.reported = true;
        self.breakers.record(&self.egress, now, self.pass, verdict);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.reported {
            self.breakers
                .give_back(&self.egress, BootInstant::now(), self.pass);
        }
    }
}

impl Breakers {
    /// Asks for one call through `egress`, or says when to ask again.
    pub fn ask(
        self: &Arc<Self>,
        egress: &EgressKey,
        now: BootInstant,
    ) -> Result<Ticket, BootInstant> {
        match self.try_pass(egress, now) {
            Pass::Wait(until) => Err(until),
            pass => Ok(Ticket {
                breakers: Arc::clone(self),
                egress: egress.clone(),
                pass,
                reported: false,
            }),
        }
    }

    /// No breakers yet.
    pub fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            breakers: Mutex::default(),
        }
    }

    /// Asks for one call through `egress`: see [`Breaker::try_pass`].
    pub fn try_pass(&self, egress: &EgressKey, now: BootInstant) -> Pass {
        let mut breakers = self.lock();
        if let Some(breaker) = breakers.get_mut(egress) {
            return breaker.try_pass(now);
        }
        if breakers.len() >= CAPACITY {
            breakers.retain(|_, breaker| !breaker.is_forgettable(now));
        }
        let mut breaker = Breaker::new(self.settings);
        let pass = breaker.try_pass(now);
        breakers.insert(egress.clone(), breaker);
        pass
    }

    /// Follows the database: see [`Breaker::follow`].
    pub fn follow(&self, egress: &EgressKey, read: BootInstant, held_until: Option<BootInstant>) {
        let mut breakers = self.lock();
        match (breakers.get_mut(egress), held_until) {
            (Some(breaker), _) => breaker.follow(read, held_until),
            (None, None) => {}
            (None, Some(_)) => breakers
                .entry(egress.clone())
                .or_insert_with(|| Breaker::new(self.settings))
                .follow(read, held_until),
        }
    }

    /// Until when all workers shall wait: see [`Breaker::to_share`].
    pub fn to_share(&self, egress: &EgressKey, now: BootInstant) -> Option<BootInstant> {
        self.lock()
            .get(egress)
            .and_then(|breaker| breaker.to_share(now))
    }

    /// All workers know: see [`Breaker::note_shared`].
    pub fn note_shared(&self, egress: &EgressKey, at: BootInstant) {
        if let Some(breaker) = self.lock().get_mut(egress) {
            breaker.note_shared(at);
        }
    }

    /// Reports a call: see [`Breaker::record`].
    pub fn record(&self, egress: &EgressKey, now: BootInstant, pass: Pass, verdict: Verdict) {
        let mut breakers = self.lock();
        let breaker = breakers.entry(egress.clone());
        let breaker = breaker.or_insert_with(|| Breaker::new(self.settings));
        breaker.record(now, pass, verdict);
    }

    /// Gives a pass back: see [`Breaker::give_back`].
    pub fn give_back(&self, egress: &EgressKey, now: BootInstant, pass: Pass) {
        if let Some(breaker) = self.lock().get_mut(egress) {
            breaker.give_back(now, pass);
        }
    }

    /// What the breaker of `egress` is doing.
    pub fn status(&self, egress: &EgressKey, now: BootInstant) -> BreakerStatus {
        self.lock()
            .get(egress)
            .map_or(BreakerStatus::Closed, |breaker| breaker.status(now))
    }

    /// What each breaker is doing, for metrics.
    pub fn statuses(&self, now: BootInstant) -> Vec<(EgressKey, BreakerStatus)> {
        let breakers = self.lock();
        let status = |(key, breaker): (&EgressKey, &Breaker)| (key.clone(), breaker.status(now));
        breakers.iter().map(status).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EgressKey, Breaker>> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn egresses_do_not_disturb_each_other() {
        let breakers = Breakers::new(BreakerSettings::default());
        let now = BootInstant::now();
        let bad: EgressKey = "proxy-0123456789abcdef".parse().unwrap();
        for _ in 0..5 {
            assert_eq!(breakers.try_pass(&bad, now), Pass::Go);
            breakers.record(&bad, now, Pass::Go, Verdict::Failed);
        }
        assert!(matches!(breakers.try_pass(&bad, now), Pass::Wait(_)));
        assert_eq!(breakers.try_pass(&EgressKey::direct(), now), Pass::Go);
        assert_eq!(breakers.statuses(now).len(), 2);
    }
}
