//! What somebody wants of an import.

use rt_manage_shared::{id::ProxyId, vault::Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::credentials::{Checks, CredentialError, Defaults, Rules};

/// Longest beginning of generated names: what is generated behind it has 26 characters.
const MAX_PREFIX_CHARS: usize = 100;

/// What somebody wants of an import. All of it is shown with the job but the proxy's URL, which is sealed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// A label for those that bring none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// A named proxy for those that bring none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_id: Option<ProxyId>,
    /// A proxy for those that bring none.
    #[serde(skip)]
    pub proxy: Option<Secret>,
    /// The client id of those that bring no token that tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// How names begin that are generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biz_id_prefix: Option<String>,
    /// Whether those may be refreshed and handed out that do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether those are refreshed at once, too, whose access token is good for a while.
    pub refresh_now: bool,
    /// Whether a refresh token takes the place of a healthy one of the same credential.
    pub replace: bool,
}

impl Options {
    /// Checks what is said.
    pub fn check(&self) -> Result<(), CredentialError> {
        let mut checks = Checks::default();
        if let Some(tag) = &self.tag {
            checks.tag(tag);
        }
        if let Some(client_id) = &self.client_id {
            checks.client_id(client_id);
        }
        if let Some(prefix) = &self.biz_id_prefix {
            checks.label("biz_id_prefix", prefix, MAX_PREFIX_CHARS);
        }
        if let Some(proxy) = &self.proxy {
            checks.proxy(proxy);
            if self.proxy_id.is_some() {
                checks.one_proxy();
            }
        }
        checks.done()
    }

    /// As it is stored and shown.
    pub fn spec(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(spec)) => spec,
            _ => Map::new(),
        }
    }

    /// As it was stored, with its secret. `None`: another version has stored it.
    pub fn of(spec: &Map<String, Value>, proxy: Option<Secret>) -> Option<Self> {
        let read = serde_json::from_value::<Self>(Value::Object(spec.clone()));
        read.ok().map(|read| Self { proxy, ..read })
    }

    /// How rows are taken in.
    pub fn rules(self) -> Rules {
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        Rules {
            replace: self.replace,
            defaults: Defaults {
                tag: text(self.tag),
                proxy_id: self.proxy_id,
                proxy: self.proxy,
                client_id: text(self.client_id),
                biz_id_prefix: text(self.biz_id_prefix).map(Into::into),
                enabled: self.enabled,
                refresh_now: self.refresh_now,
            },
        }
    }
}
