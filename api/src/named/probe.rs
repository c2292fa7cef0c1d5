//! Trying a proxy: whether the upstream's host is reached through it.

use std::time::Duration;

use rt_manage_shared::{
    db::{audit, proxies},
    id::ProxyId,
    model::audit::{Action, Actor, Deed, TargetKind},
    openai::{Egress, ProxyUrl},
    vault::{Place, Secret},
};
use rt_manage_worker::egress::{ClientOptions, Clients, Unreachable, reach};

use super::{NamedError, Proxies};
use crate::error::FieldError;

/// Which way is tried.
#[derive(Debug)]
pub enum Way {
    /// That of credentials without a proxy.
    Default,
    /// A named proxy.
    Named(ProxyId),
    /// A proxy that nobody has saved.
    Url(Secret),
}

/// What was found.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// How long the answer took, or why there was none.
    pub result: Result<Duration, Unreachable>,
}

impl Proxies {
    /// Tries to reach the token endpoint's host. No token is sent.
    pub async fn test(&self, way: Way, actor: &Actor) -> Result<Found, NamedError> {
        let settings = self.live.current();
        let mut deed = Deed::new(Action::ProxyTest);
        let egress = match way {
            Way::Default => settings.default_egress.clone(),
            Way::Named(id) => {
                deed = deed.to(TargetKind::Proxy, id);
                Egress::Proxy(self.open(id).await?)
            }
            Way::Url(url) => Egress::Proxy(ProxyUrl::parse(url.expose()).map_err(|error| {
                NamedError::Invalid(vec![FieldError::new("proxy", error.to_string())])
            })?),
        };
        let deed = deed.with("egress", egress.to_string());
        // Before the call: it is a connection to wherever somebody says.
        audit::record(&mut &self.db, actor, &deed, self.clock.now()).await?;
        let clients = Clients::new(ClientOptions::default());
        let result = match clients.get(&egress, settings.connect_timeout) {
            Ok(client) => reach(&client, &settings.token_url, settings.answer_deadline).await,
            Err(_) => Err(Unreachable::Unusable),
        };
        Ok(Found { result })
    }

    async fn open(&self, id: ProxyId) -> Result<ProxyUrl, NamedError> {
        let found = proxies::by_id(&mut &self.db, id).await?;
        let found = found.ok_or_else(|| {
            let message = "names no proxy that there is";
            NamedError::Invalid(vec![FieldError::new("proxy_id", message)])
        })?;
        let row = id.to_string();
        let place = Place {
            table: "proxies",
            row: &row,
            column: "url",
        };
        let url = self.vault.open_secret(place, &found.url)?;
        ProxyUrl::parse(url.expose()).map_err(|error| {
            NamedError::Invalid(vec![FieldError::new("proxy_id", error.to_string())])
        })
    }
}
