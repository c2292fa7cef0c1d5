//! The data file of sub2api: proxies, then accounts that refer to them. Two passes over the credentials, so that neither has to
//! be kept in memory; only the keys of the proxies are.

use std::collections::HashSet;

use rt_manage_shared::openai::{Egress, ProxyUrl};
use serde_json::{Map, Value, json};
use url::Url;

use super::{ExportError, rows::Row, shape::Shape};

const PROXIES: usize = 0;

#[derive(Default)]
pub(super) struct Data {
    /// Proxies that were written.
    written: HashSet<String>,
    /// Whether something stands in the present list.
    begun: bool,
}

impl Data {
    fn put(&mut self, text: &mut Vec<u8>, object: &Value) -> Result<(), ExportError> {
        text.extend_from_slice(if self.begun { b",\n" } else { b"\n" });
        self.begun = true;
        serde_json::to_writer(text, object).map_err(ExportError::write)
    }
}

impl Shape for Data {
    fn passes(&self) -> usize {
        2
    }

    fn begin(&mut self, pass: usize) -> Result<Vec<u8>, ExportError> {
        self.begun = false;
        let text = if pass == PROXIES {
            r#"{"type":"sub2api-data","version":1,"proxies":["#
        } else {
            r#"],"accounts":["#
        };
        Ok(text.into())
    }

    fn rows(&mut self, pass: usize, rows: &[Row]) -> Result<Vec<u8>, ExportError> {
        let mut text = Vec::new();
        for row in rows {
            let proxy = proxy(row)?;
            if pass != PROXIES {
                self.put(&mut text, &account(row, proxy.as_ref()))?;
            } else if let Some(proxy) = proxy
                && self.written.insert(key(&proxy))
            {
                self.put(&mut text, &described(&proxy)?)?;
            }
        }
        Ok(text)
    }

    fn end(&mut self) -> Result<Vec<u8>, ExportError> {
        Ok(b"\n]}\n".to_vec())
    }
}

fn proxy(row: &Row) -> Result<Option<ProxyUrl>, ExportError> {
    let parse = |url: &rt_manage_shared::vault::Secret| {
        ProxyUrl::parse(url.expose()).map_err(|error| ExportError::Proxy(row.credential.id, error))
    };
    row.proxy.as_ref().map(parse).transpose()
}

/// What accounts name a proxy by.
fn key(proxy: &ProxyUrl) -> String {
    Egress::Proxy(proxy.clone()).key().as_str().to_owned()
}

fn described(proxy: &ProxyUrl) -> Result<Value, ExportError> {
    // The message of the library does not repeat the URL.
    let url = Url::parse(proxy.expose().expose()).map_err(ExportError::write)?;
    Ok(json!({
        "proxy_key": key(proxy),
        "name": proxy.shown(),
        "protocol": url.scheme(),
        "host": proxy.host(),
        "port": url.port_or_known_default(),
        "username": decoded(url.username()),
        "password": decoded(url.password().unwrap_or_default()),
        "status": "active",
    }))
}

/// The normal form of a proxy has everything but plain letters percent-encoded.
fn decoded(part: &str) -> String {
    let pair = format!("v={part}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn account(row: &Row, proxy: Option<&ProxyUrl>) -> Value {
    let (profile, identity, grant) = (
        &row.credential.profile,
        &row.credential.identity,
        &row.credential.grant,
    );
    let mut credentials = Map::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            credentials.insert(name.to_owned(), value.into());
        }
    };
    put("refresh_token", Some(row.refresh_token.expose()));
    put("client_id", Some(&profile.client_id));
    put("email", identity.email.as_deref());
    put("chatgpt_account_id", identity.account_id.as_deref());
    put("chatgpt_user_id", identity.user_id.as_deref());
    put("plan_type", identity.plan.as_deref());
    if let Some(token) = &row.access_token {
        put("access_token", Some(token.expose()));
        put("id_token", Some(token.expose()));
        if let Some(end) = grant.at_expires_at {
            credentials.insert("expires_at".to_owned(), end.seconds().into());
        }
    }
    json!({
        "name": profile.biz_id,
        "notes": profile.memo,
        "platform": "openai",
        "type": "oauth",
        "credentials": credentials,
        "proxy_key": proxy.map(key),
        "concurrency": 0,
        "priority": 0,
    })
}
