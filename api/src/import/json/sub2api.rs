//! The export of sub2api: accounts with their credentials, and the proxies that they name by key.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use super::{MAX_OBJECT_BYTES, Object, scan, text, text_or_absent};
use crate::{
    credentials::Arrival,
    import::{columns, entry::Draft},
};

/// Most proxies of one export.
const MAX_PROXIES: usize = 10_000;

/// The proxies of an export, by their key.
#[derive(Default)]
pub(super) struct Proxies(HashMap<String, Option<String>>);

impl Proxies {
    /// Reads the array of them. One that is not understood is kept as such: nothing may leave another way instead.
    pub(super) fn read(array: &str) -> Self {
        let objects = scan::parts(array)
            .take(MAX_PROXIES)
            .filter(|(_, part)| part.len() <= MAX_OBJECT_BYTES)
            .filter_map(|(_, part)| serde_json::from_str::<Object>(part).ok());
        Self(
            objects
                .map(|proxy| {
                    let key = text(&proxy, "proxy_key").unwrap_or_else(|| key(&proxy));
                    let url = url(&proxy);
                    (key, url)
                })
                .collect(),
        )
    }
}

/// What an account calls a proxy that has no key of its own.
fn key(proxy: &Object) -> String {
    let part = |name| text(proxy, name).unwrap_or_default().trim().to_owned();
    let number = proxy
        .get("port")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let (protocol, host) = (part("protocol"), part("host"));
    format!(
        "{protocol}|{host}|{number}|{}|{}",
        part("username"),
        part("password")
    )
}

fn url(proxy: &Object) -> Option<String> {
    let (protocol, host) = (text(proxy, "protocol")?, text(proxy, "host")?);
    let port = u16::try_from(proxy.get("port")?.as_u64()?).ok()?;
    let mut url = Url::parse(&format!("{protocol}://{host}:{port}")).ok()?;
    url.set_username(&text(proxy, "username").unwrap_or_default())
        .ok()?;
    url.set_password(text(proxy, "password").as_deref()).ok()?;
    Some(url.into())
}

pub(super) fn read(account: &Object, proxies: &Proxies) -> Result<Arrival, String> {
    if text(account, "platform").is_some_and(|platform| platform != "openai") {
        return Err(
            "platform: this is an account of another provider, not one of OpenAI".to_owned(),
        );
    }
    if text(account, "type").is_some_and(|kind| kind != "oauth") {
        return Err(
            "type: must be `oauth`; accounts of other types have no refresh token".to_owned(),
        );
    }
    let Some(credentials) = account.get("credentials").and_then(Value::as_object) else {
        return Err("credentials: is missing".to_owned());
    };
    let proxy = match text_or_absent(account, "proxy_key")? {
        Some(key) => Some(
            proxies
                .0
                .get(&key)
                .cloned()
                .flatten()
                .ok_or("proxy_key: names no proxy of this file that can be used")?,
        ),
        None => None,
    };
    let refresh_token = text_or_absent(credentials, "refresh_token")
        .map_err(|error| format!("credentials.{error}"))?
        .ok_or("credentials.refresh_token: is empty")?;
    // A time that cannot be read is no reason to refuse: the access token tells it as well.
    let expires_at = match credentials.get("expires_at") {
        Some(Value::String(text)) => columns::time("expires_at", text).ok(),
        Some(Value::Number(number)) => columns::time("expires_at", &number.to_string()).ok(),
        _ => None,
    };
    let either =
        |name: &str, other: &str| text(credentials, name).or_else(|| text(credentials, other));
    Draft {
        refresh_token,
        access_token: text(credentials, "access_token"),
        id_token: text(credentials, "id_token"),
        expires_at,
        client_id: text(credentials, "client_id"),
        account_id: either("chatgpt_account_id", "account_id"),
        user_id: either("chatgpt_user_id", "user_id"),
        plan: either("plan_type", "chatgpt_plan_type"),
        email: text(credentials, "email"),
        name: text(account, "name"),
        memo: text_or_absent(account, "notes")?,
        proxy,
        ..Draft::default()
    }
    .finish()
}
