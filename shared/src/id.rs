//! Identifiers: one newtype for each kind, so that an attempt's id cannot stand where a credential's belongs.
//!
//! All are ULIDs in their 26-character text form: made by us (no `RETURNING` needed), unique without
//! coordination, and sorted by the time they were made, which keeps index inserts local.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

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
            /// A new identifier, unique and later than all made before by this process clock.
            pub fn generate() -> Self {
                Self(Ulid::generate())
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
    /// Identifies a named proxy.
    ProxyId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_refuses_others() {
        let id = AttemptId::generate();
        assert_eq!(id.to_string().parse::<AttemptId>(), Ok(id));
        assert!("not-an-id".parse::<AttemptId>().is_err());
    }
}
