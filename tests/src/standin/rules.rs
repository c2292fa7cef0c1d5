//! The faults that are set, and which of them a call meets.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::fault::{ConnectFault, Fault};

/// A fault with its number and how often it applied.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ActiveFault {
    /// Number, given when it was set.
    pub id: u64,
    /// How many calls it applied to so far.
    pub applied: u64,
    /// What was set; `skip` and `times` count down.
    pub fault: Fault,
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    last_id: u64,
    for_all: Vec<ActiveFault>,
    by_account: HashMap<String, Vec<ActiveFault>>,
    connect: Option<ConnectFault>,
}

impl Rules {
    pub(super) fn add(&mut self, fault: Fault) -> u64 {
        self.last_id += 1;
        let list = match &fault.account {
            None => &mut self.for_all,
            Some(key) => self.by_account.entry(key.clone()).or_default(),
        };
        list.push(ActiveFault {
            id: self.last_id,
            applied: 0,
            fault,
        });
        self.last_id
    }

    pub(super) fn remove(&mut self, id: u64) -> bool {
        let mut found = false;
        for list in std::iter::once(&mut self.for_all).chain(self.by_account.values_mut()) {
            list.retain(|rule| {
                found |= rule.id == id;
                rule.id != id
            });
        }
        found
    }

    /// Numbers go on, so that an old number never names a new fault.
    pub(super) fn clear(&mut self) {
        self.for_all.clear();
        self.by_account.clear();
        self.connect = None;
    }

    pub(super) fn list(&self) -> Vec<ActiveFault> {
        let mut all: Vec<_> = self
            .for_all
            .iter()
            .chain(self.by_account.values().flatten())
            .cloned()
            .collect();
        all.sort_by_key(|rule| rule.id);
        all
    }

    /// The fault for a call with a refresh token of this account.
    pub(super) fn pick(&mut self, account: Option<&str>) -> Option<(u64, Fault)> {
        account
            .and_then(|key| self.by_account.get_mut(key))
            .and_then(pick_from)
            .or_else(|| pick_from(&mut self.for_all))
    }

    pub(super) fn set_connect(&mut self, fault: ConnectFault) {
        self.connect = Some(fault);
    }

    /// Whether a connection that was just accepted is to end, and with a reset.
    pub(super) fn pick_connect(&mut self) -> Option<bool> {
        let fault = self.connect.as_mut()?;
        let reset = fault.reset;
        let hit = counts(&mut fault.skip, &mut fault.times);
        if fault.times == Some(0) {
            self.connect = None;
        }
        hit.then_some(reset)
    }
}

fn pick_from(list: &mut Vec<ActiveFault>) -> Option<(u64, Fault)> {
    for limited in [true, false] {
        for at in 0..list.len() {
            let rule = &mut list[at];
            if rule.fault.times.is_some() != limited
                || !counts(&mut rule.fault.skip, &mut rule.fault.times)
            {
                continue;
            }
            rule.applied += 1;
            let picked = (rule.id, rule.fault.clone());
            if rule.fault.times == Some(0) {
                list.remove(at);
            }
            return Some(picked);
        }
    }
    None
}

/// Counts one call down; true when the fault applies to it.
fn counts(skip: &mut u64, times: &mut Option<u64>) -> bool {
    if *skip > 0 {
        *skip -= 1;
        return false;
    }
    match times {
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
        None => true,
    }
}
