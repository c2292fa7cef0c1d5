//! A credential by what a person types: its id or its `biz_id`.

use rt_manage_shared::id::CredentialId;
use serde_json::Value;

use crate::cli::client::{Call, Client, Exit, Failure, text};

/// Entries of one look; a `biz_id` is first among those that begin like it.
const PAGE: &str = "100";

pub(super) async fn find(client: &Client, name: &str) -> Result<Value, Failure> {
    if name.parse::<CredentialId>().is_ok() {
        match client.json(Call::get(["credentials", name])).await {
            // It may be somebody's `biz_id` still.
            Err(failure) if failure.exit == Exit::NotFound => {}
            found => return found,
        }
    }
    by_biz_id(client, name).await
}

async fn by_biz_id(client: &Client, name: &str) -> Result<Value, Failure> {
    let list = || {
        let call = Call::get(["credentials"]).query("search", name);
        call.query("sort", "biz_id").query("page_size", PAGE)
    };
    let mut page = client.json(list()).await?;
    loop {
        let items = page.get_mut("items").and_then(Value::as_array_mut);
        let found = items.and_then(|items| {
            let place = items
                .iter()
                .position(|item| text(item, "/biz_id") == name)?;
            Some(items.swap_remove(place))
        });
        if let Some(found) = found {
            return Ok(found);
        }
        let Some(next) = page.get("next").and_then(Value::as_str) else {
            let message = format!("no credential has the biz_id or id `{name}`");
            return Err(Failure::new(Exit::NotFound, message));
        };
        page = client.json(list().query("after", next)).await?;
    }
}
