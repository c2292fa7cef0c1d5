//! What a bulk operation was asked to do, as it is stored with its job and shown. A proxy's URL is a secret: it is sealed apart, and
//! its name for people stands here.

use rt_manage_shared::{db::jobs::Job, id::ProxyId, vault::Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::JobError;
use crate::credentials::{Edit, Filters, Patch};

/// How many are tried before the rest follows, where nobody says otherwise: enough to tell a broken proxy or client id from bad
/// luck, and few enough to lose.
pub const USUAL_CANARY: u32 = 10;

/// Which credentials, and what is done to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Which.
    pub selection: Chosen,
    /// What.
    pub action: BulkAction,
}

/// Which credentials were chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// So many, one by one.
    Ids(u32),
    /// All that these filters let through.
    Filter(Box<Filters>),
}

/// What is done to each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BulkAction {
    /// It is refreshed.
    Refresh {
        /// So many first; the others follow if all of these succeed.
        canary: Option<u32>,
    },
    /// A held one is let go and refreshed.
    Retry {},
    /// It is enabled.
    Enable {},
    /// It is disabled.
    Disable {},
    /// It is deleted, and can be restored.
    Delete {},
    /// A deleted one comes back.
    Restore {},
    /// It gets a label, or none.
    Tag {
        /// The label.
        tag: Option<String>,
    },
    /// It gets a proxy, or follows the configuration.
    Proxy {
        /// Its name for people, where it is a proxy of its own.
        proxy: Option<String>,
        /// A named one.
        proxy_id: Option<ProxyId>,
    },
    /// It gets a client id, or that of the configuration.
    ClientId {
        /// The client id.
        client_id: Option<String>,
    },
    /// It gets a note, or none.
    Memo {
        /// The note.
        memo: Option<String>,
    },
}

impl BulkAction {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refresh { .. } => "refresh",
            Self::Retry {} => "retry",
            Self::Enable {} => "enable",
            Self::Disable {} => "disable",
            Self::Delete {} => "delete",
            Self::Restore {} => "restore",
            Self::Tag { .. } => "tag",
            Self::Proxy { .. } => "proxy",
            Self::ClientId { .. } => "client_id",
            Self::Memo { .. } => "memo",
        }
    }

    /// The change of each credential, where it is one. `url`: that of the proxy.
    pub fn edit(&self, url: Option<Secret>) -> Option<Edit> {
        fn or_clear<T>(value: Option<T>) -> Patch<T> {
            value.map_or(Patch::Clear, Patch::Set)
        }
        let edit = Edit::default();
        Some(match self {
            Self::Enable {} => Edit {
                enabled: Patch::Set(true),
                ..edit
            },
            Self::Disable {} => Edit {
                enabled: Patch::Set(false),
                ..edit
            },
            Self::Tag { tag } => Edit {
                tag: or_clear(tag.clone()),
                ..edit
            },
            Self::Memo { memo } => Edit {
                memo: or_clear(memo.clone()),
                ..edit
            },
            Self::ClientId { client_id } => Edit {
                client_id: or_clear(client_id.clone()),
                ..edit
            },
            Self::Proxy {
                proxy_id: Some(named),
                ..
            } => Edit {
                proxy_id: Patch::Set(*named),
                ..edit
            },
            Self::Proxy { .. } => Edit {
                proxy: or_clear(url),
                ..edit
            },
            Self::Refresh { .. } | Self::Retry {} | Self::Delete {} | Self::Restore {} => {
                return None;
            }
        })
    }
}

impl Spec {
    /// That of a job.
    pub fn of(job: &Job) -> Result<Self, JobError> {
        let spec = Value::Object(job.spec.clone());
        serde_json::from_value(spec).map_err(|error| JobError::Impossible {
            code: "unknown_action",
            detail: format!("this version does not know what the job is to do: {error}"),
        })
    }

    /// As a job stores it.
    pub fn stored(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            // Texts, numbers and lists always serialise.
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_what_is_shown() {
        let spec = Spec {
            selection: Chosen::Filter(Box::new(Filters {
                tag: vec!["a".into()],
                ..Filters::default()
            })),
            action: BulkAction::Refresh { canary: Some(3) },
        };
        let stored = Value::Object(spec.stored());
        assert_eq!(
            stored,
            serde_json::json!({"selection": {"filter": {"tag": ["a"]}}, "action": {"type": "refresh", "canary": 3}})
        );
        assert_eq!(serde_json::from_value::<Spec>(stored).unwrap(), spec);
        let tag = BulkAction::Tag { tag: None };
        let edit = tag.edit(None).unwrap();
        assert_eq!((edit.tag, edit.memo), (Patch::Clear, Patch::Keep));
    }
}
