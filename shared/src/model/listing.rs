//! What a list of credentials is asked for: which ones, in which order, from where on.

use serde::{Deserialize, Serialize};

use crate::{clock::Millis, id::CredentialId};

use super::{grant::StateName, text_enum};

text_enum! {
    /// What a list of credentials can be sorted by.
    SortBy {
        /// The order in which they were added.
        Id = "id",
        /// The operator's name for it.
        BizId = "biz_id",
        /// E-mail address.
        Email = "email",
        /// Name of the person.
        Name = "name",
        /// The plan.
        Plan = "plan",
        /// The label.
        Tag = "tag",
        /// The refresh state, by its name.
        State = "state",
        /// Whether it may be refreshed and handed out.
        Enabled = "enabled",
        /// The client id.
        ClientId = "client_id",
        /// The egress as people see it.
        Proxy = "proxy",
        /// End of the access token.
        AtExpiresAt = "at_expires_at",
        /// When the scheduler takes it.
        NextRefreshAt = "next_refresh_at",
        /// When it was refreshed last.
        RefreshedAt = "refreshed_at",
        /// Failed attempts in a row.
        Failures = "failures",
        /// When it was added.
        CreatedAt = "created_at",
        /// When its profile changed last.
        UpdatedAt = "updated_at",
    }
}

/// The order of a list. What has no value comes first where it ascends and last where it descends; what is equal is in the
/// order of the ids, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// From the greatest on.
    pub descending: bool,
}

impl Default for Sort {
    /// The newest first.
    fn default() -> Self {
        Self {
            by: SortBy::Id,
            descending: true,
        }
    }
}

impl Sort {
    /// The order of a text like `-created_at`.
    pub fn parse(text: &str) -> Option<Self> {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        SortBy::parse(name).map(|by| Self { by, descending })
    }
}

impl std::fmt::Display for Sort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.descending { "-" } else { "" };
        write!(f, "{sign}{}", self.by)
    }
}

/// A value of the column that a list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SortKey {
    /// No value.
    Null,
    /// A number or a time.
    Int(i64),
    /// A text.
    Text(String),
}

/// A place in a sorted list: behind this entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The entry's value of the column that is sorted by.
    pub key: SortKey,
    /// The entry.
    pub id: CredentialId,
}

/// A span of time; an absent bound is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// From here on.
    pub from: Option<Millis>,
    /// Before this.
    pub before: Option<Millis>,
}

/// Which credentials are listed: those that every filter lets through. An empty list of values lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// How `biz_id`, e-mail address or name begin, byte by byte; an e-mail address also in lower case.
    pub search: Option<String>,
    /// Labels; the empty one is one of them.
    pub tags: Vec<String>,
    /// Plans; an empty text: none is known.
    pub plans: Vec<String>,
    /// Refresh states.
    pub states: Vec<StateName>,
    /// Whether it is enabled.
    pub enabled: Option<bool>,
    /// Client ids.
    pub client_ids: Vec<String>,
    /// Keys of egresses, or their labels.
    pub proxies: Vec<String>,
    /// End of the access token.
    pub expires: Span,
    /// Last refresh.
    pub refreshed: Span,
    /// When it was added.
    pub created: Span,
    /// Whether there is an access token.
    pub has_access_token: Option<bool>,
    /// Those that were deleted since then, instead of those that are there.
    pub deleted_since: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_written_as_they_are_read() {
        for by in SortBy::ALL {
            for descending in [false, true] {
                let sort = Sort {
                    by: *by,
                    descending,
                };
                assert_eq!(Sort::parse(&sort.to_string()), Some(sort));
            }
        }
        for bad in ["", "-", "--id", "rt", "ID"] {
            assert_eq!(Sort::parse(bad), None);
        }
    }
}
