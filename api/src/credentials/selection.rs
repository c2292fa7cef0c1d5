//! Which credentials an operation on many is about: named one by one, or all that the filters of the list let through.

use std::time::Duration;

use rt_manage_shared::{
    clock::Millis,
    id::CredentialId,
    model::{
        grant::StateName,
        listing::{Filter, Span},
    },
};
use rt_manage_worker::WorkerSettings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::FieldError;

/// Most credentials that one request names: a quarter of a megabyte.
pub const MOST_IDS: usize = 10_000;
/// Longest text that is searched for: no column holds a longer one.
const MAX_SEARCH_CHARS: usize = 512;
/// Most values of one filter: each is looked for in an index.
const MAX_VALUES: usize = 100;

/// Which credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "Given")]
pub enum Selection {
    /// These, at most 10,000.
    #[schema(value_type = Vec<String>)]
    Ids(Vec<CredentialId>),
    /// All that these filters let through.
    Filter(Box<Filters>),
}

/// As requests bring it: read like every object, so that what is wrong with it is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    ids: Option<Vec<CredentialId>>,
    filter: Option<Box<Filters>>,
}

impl TryFrom<Given> for Selection {
    /// In the words of the reader of bodies.
    type Error = &'static str;

    fn try_from(given: Given) -> Result<Self, Self::Error> {
        match (given.ids, given.filter) {
            (Some(ids), None) => Ok(Self::Ids(ids)),
            (None, Some(filters)) => Ok(Self::Filter(filters)),
            _ => Err("invalid selection, expected either `ids` or `filter`"),
        }
    }
}

/// The filters of `GET /credentials`, with lists of values. `{}` lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// How `biz_id`, e-mail address or name begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub search: Option<String>,
    /// Tags; an empty one: without a tag.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub tag: Vec<String>,
    /// Plans; an empty one: no plan is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub plan: Vec<String>,
    /// States.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<StateName>,
    /// Whether they are enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Client ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub client_id: Vec<String>,
    /// Proxies as `proxy` shows them, or values of `egress`; `default`: without a proxy of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub proxy: Vec<String>,
    /// The access token ends before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_before: Option<String>,
    /// The access token ends at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub expires_after: Option<String>,
    /// They were refreshed last before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub refreshed_before: Option<String>,
    /// They were refreshed last at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub refreshed_after: Option<String>,
    /// They were added before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub created_before: Option<String>,
    /// They were added at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub created_after: Option<String>,
    /// Whether they have an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_access_token: Option<bool>,
    /// Those that were deleted and can be restored, instead of those that are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// What was deleted since then can be restored at `now`.
pub fn restorable_since(settings: &WorkerSettings, now: Millis) -> Millis {
    now - settings.config().retention.restorable() + Duration::from_millis(1)
}

impl Filters {
    /// What they mean; what cannot be accepted is added to `errors`.
    pub fn read(&self, restorable_since: Millis, errors: &mut Vec<FieldError>) -> Filter {
        if let Some(search) = &self.search {
            if search.chars().count() > MAX_SEARCH_CHARS {
                errors.push(FieldError::new("search", "has more than 512 characters"));
            }
            // No stored text has one, and PostgreSQL would refuse the statement.
            if search.contains('\0') {
                errors.push(FieldError::new("search", "contains control characters"));
            }
        }
        for (field, values) in [
            ("tag", &self.tag),
            ("plan", &self.plan),
            ("client_id", &self.client_id),
            ("proxy", &self.proxy),
        ] {
            check(field, values, errors);
        }
        let mut time = |field, text: &Option<String>| time(field, text.as_deref(), errors);
        Filter {
            expires: Span {
                from: time("expires_after", &self.expires_after),
                before: time("expires_before", &self.expires_before),
            },
            refreshed: Span {
                from: time("refreshed_after", &self.refreshed_after),
                before: time("refreshed_before", &self.refreshed_before),
            },
            created: Span {
                from: time("created_after", &self.created_after),
                before: time("created_before", &self.created_before),
            },
            search: self.search.clone(),
            tags: self.tag.clone(),
            plans: self.plan.clone(),
            states: self.state.clone(),
            enabled: self.enabled,
            client_ids: self.client_id.clone(),
            proxies: self.proxy.clone(),
            has_access_token: self.has_access_token,
            deleted_since: self.deleted.unwrap_or(false).then_some(restorable_since),
        }
    }

    /// The names of the filters that are given.
    pub fn names(&self) -> Vec<String> {
        let shown = serde_json::to_value(self).unwrap_or_default();
        let object = shown.as_object();
        object
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .cloned()
            .collect()
    }
}

fn check(field: &str, values: &[String], errors: &mut Vec<FieldError>) {
    if values.len() > MAX_VALUES {
        errors.push(FieldError::new(field, "has more than 100 values"));
    }
    if values.iter().any(|value| value.contains('\0')) {
        errors.push(FieldError::new(field, "contains control characters"));
    }
}

fn time(field: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Millis> {
    let time = text?.parse::<jiff::Timestamp>();
    if time.is_err() {
        let message = "must be a time like 2026-01-10T08:00:00Z";
        errors.push(FieldError::new(field, message));
    }
    time.ok().map(|time| Millis(time.as_millisecond()))
}

impl Selection {
    /// What cannot be accepted, with names as in the request.
    pub fn check(&self, restorable_since: Millis) -> Vec<FieldError> {
        let mut errors = Vec::new();
        match self {
            Self::Ids(ids) if ids.is_empty() => {
                errors.push(FieldError::new("selection.ids", "must not be empty"));
            }
            Self::Ids(ids) if ids.len() > MOST_IDS => {
                let message = format!("has more than {MOST_IDS} entries; select by `filter`");
                errors.push(FieldError::new("selection.ids", message));
            }
            Self::Ids(_) => {}
            Self::Filter(filters) => {
                filters.read(restorable_since, &mut errors);
                // It would be kept with the job and shown, and finds nothing.
                if filters.proxy.iter().any(|text| text.contains('@')) {
                    let message = "is given as lists show it, without user and password";
                    errors.push(FieldError::new("proxy", message));
                }
                for error in &mut errors {
                    error.field = format!("selection.filter.{}", error.field);
                }
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: &str) -> Vec<String> {
        let selection: Selection = serde_json::from_str(json).unwrap();
        let faults = selection.check(Millis(0)).into_iter();
        faults.map(|one| one.field).collect()
    }

    #[test]
    fn selections_are_read_strictly() {
        let id = CredentialId::generate();
        assert!(faults(&format!(r#"{{"ids": ["{id}"]}}"#)).is_empty());
        assert!(faults(r#"{"filter": {}}"#).is_empty());
        assert!(faults(r#"{"filter": {"state": ["dead", "held"], "deleted": true}}"#).is_empty());
        assert_eq!(faults(r#"{"ids": []}"#), ["selection.ids"]);
        assert_eq!(
            faults(
                r#"{"filter": {"expires_before": "soon", "search": "\u0000", "proxy": ["http://u:p@h"]}}"#
            ),
            [
                "selection.filter.search",
                "selection.filter.expires_before",
                "selection.filter.proxy"
            ]
        );
        for bad in [
            "{}",
            r#"{"filter": {"stat": ["dead"]}}"#,
            r#"{"filter": {"state": ["dad"]}}"#,
            r#"{"filter": {}, "ids": []}"#,
            r#"{"ids": ["x"]}"#,
        ] {
            assert!(serde_json::from_str::<Selection>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn filters_are_shown_as_they_were_given() {
        let json = r#"{"search":"a","state":["dead"],"enabled":false}"#;
        let filters: Filters = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&filters).unwrap(), json);
        assert_eq!(filters.names(), ["enabled", "search", "state"]);
    }
}
