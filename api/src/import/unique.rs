//! Rows of one import that are the same credential: the first is taken, the others say so. Settled when the file is read, so that
//! what becomes of a row does not depend on how far the import has come, and a dry run says what the real one does.

use std::collections::{HashMap, hash_map::Entry as Slot};

use rt_manage_shared::vault::Fingerprint;

use super::entry::{Row, Said};

/// What two rows may not share.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Token(Fingerprint),
    Seat(String, String),
    BizId(String),
}

impl Key {
    const fn repeated(&self) -> &'static str {
        match self {
            Self::Token(_) => "the same refresh token",
            Self::Seat(..) => "another refresh token of the same person in the same workspace",
            Self::BizId(_) => "another refresh token for the same biz_id",
        }
    }
}

/// Marks what is there already.
pub(super) fn mark(rows: &mut [Row]) {
    let mut seen: HashMap<Key, usize> = HashMap::new();
    for at in 0..rows.len() {
        let Some(keys) = rows.get(at).and_then(keys) else {
            continue;
        };
        let first = keys
            .iter()
            .find_map(|key| seen.get(key).map(|first| (key, *first)));
        if let Some((key, first)) = first {
            let place = rows.get(first).map(place).unwrap_or_default();
            let reason = format!("{place} has {}", key.repeated());
            if let Some(row) = rows.get_mut(at) {
                row.said = Said::Repeats(reason);
            }
            continue;
        }
        for key in keys {
            if let Slot::Vacant(slot) = seen.entry(key) {
                slot.insert(at);
            }
        }
    }
}

fn keys(row: &Row) -> Option<Vec<Key>> {
    let Said::Entry(entry) = &row.said else {
        return None;
    };
    let mut keys = vec![Key::Token(Fingerprint::of(&entry.refresh_token))];
    if let Some((account, user)) = entry.told.seat() {
        keys.push(Key::Seat(account.to_owned(), user.to_owned()));
    }
    keys.extend(entry.biz_id.clone().map(Key::BizId));
    Some(keys)
}

fn place(row: &Row) -> String {
    match &row.source {
        Some(source) => format!("line {} of {source}", row.line),
        None => format!("line {}", row.line),
    }
}
