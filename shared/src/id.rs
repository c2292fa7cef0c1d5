//! Identifiers: one newtype for each kind, so that an attempt's id cannot stand where a credential's belongs.
//!
//! All are ULIDs in their 26-character text form: made by us (no `RETURNING` needed), unique without
//! coordination, and sorted by the time they were made, which keeps index inserts local.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::clock::Millis;

/// A text that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier (a ULID of 26 characters is expected)")]
pub struct InvalidId(String);

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Ulid);

        impl $name {
            /// A new identifier: unique, and later than all that this process made before while its clock does not go back.
            pub fn generate() -> Self {
                static LAST: Mutex<Ulid> = Mutex::new(Ulid::nil());
                Self(behind(&LAST, Ulid::generate()))
            }

            /// Before all identifiers made at this time or later, and behind all made earlier.
            pub fn earliest(at: Millis) -> Self {
                Self(Ulid::from_parts(u64::try_from(at.0).unwrap_or(0), 0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Ulid::from_string(text)
                    .map(Self)
                    .map_err(|_| InvalidId(text.chars().take(64).collect()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

id_type!(
    /// Identifies a credential.
    CredentialId
);
id_type!(
    /// Identifies one attempt to refresh a credential; it is also the fence of that attempt's writes.
    AttemptId
);
id_type!(
    /// Identifies one start of one process (worker or API): a restarted process gets a new one.
    BootId
);
id_type!(
    /// Identifies one HTTP request, in answers, logs and attempts.
    RequestId
);
id_type!(
    /// Identifies one session of a person (`jti` of its token).
    SessionId
);
id_type!(
    /// Identifies one entry of the audit log.
    AuditId
);
id_type!(
    /// Identifies an API key. It is no secret.
    KeyId
);
id_type!(
    /// Identifies a named proxy.
    ProxyId
);
id_type!(
    /// Identifies a job.
    JobId
);

impl AuditId {
    /// An identifier for what happens at `at`: the log is read, narrowed by time and pruned in the order of its ids, so
    /// they follow the stored clock and not this host's. Of one process and millisecond, later ones sort later.
    pub fn at(at: Millis) -> Self {
        static LAST: Mutex<Ulid> = Mutex::new(Ulid::nil());
        let fresh = Ulid::from_parts(millis(at), Ulid::generate().random());
        Self(behind(&LAST, fresh))
    }

    /// Behind all others.
    pub const fn last() -> Self {
        Self(Ulid::max())
    }
}

/// The fresh one, unless the last one is of the same millisecond: then the one behind that. Rows that are added one after the
/// other are listed in that order.
fn behind(last: &Mutex<Ulid>, fresh: Ulid) -> Ulid {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    *last = match last.increment() {
        Ok(next) if last.timestamp_ms() == fresh.timestamp_ms() => next,
        _ => fresh,
    };
    *last
}

/// A time before 1970 counts as 1970.
const fn millis(at: Millis) -> u64 {
    if at.0 < 0 { 0 } else { at.0.unsigned_abs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_refuses_others() {
        let id = AttemptId::generate();
        assert_eq!(id.to_string().parse::<AttemptId>(), Ok(id));
        assert!("not-an-id".parse::<AttemptId>().is_err());
    }

    #[test]
    fn what_is_made_within_a_millisecond_sorts_as_it_was_made() {
        let ids: Vec<_> = (0..10_000).map(|_| CredentialId::generate()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn entries_of_the_log_sort_by_the_clock_that_they_are_given() {
        let (early, late) = (Millis(1_700_000_000_000), Millis(1_700_000_000_001));
        let ids: Vec<_> = [early, early, early, late].map(AuditId::at).into();
        assert!(ids.is_sorted() && ids[0] != ids[1], "{ids:?}");
        assert!(AuditId::earliest(early) <= ids[0] && ids[2] < AuditId::earliest(late));
        assert!(AuditId::at(early) < AuditId::earliest(late));
        assert!(ids[3] < AuditId::last());
        assert_eq!(AuditId::earliest(Millis(-1)), AuditId::earliest(Millis(0)));
    }

    #[test]
    fn time_divides_identifiers() {
        let earlier = AttemptId::generate();
        let far = AttemptId::earliest(Millis(4_000_000_000_000));
        assert!(AttemptId::earliest(Millis(0)) < earlier && earlier < far);
        assert!(AttemptId::earliest(Millis(1)) < AttemptId::earliest(Millis(2)));
    }
}
