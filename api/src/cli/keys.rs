//! `keys`: API keys. A secret is printed when it is made, and never again.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    client::{Call, Client, Exit, Failure, text},
    output::{self, Output},
};

/// What is done with API keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Lists keys, newest first.
    List {
        /// Those that were revoked, instead of those that were not.
        #[arg(long)]
        revoked: bool,
    },
    /// Makes a key and prints its secret, once.
    Create(Create),
    /// Revokes a key, for good.
    Revoke {
        /// Its id, its name, or how its secret begins.
        key: String,
    },
}

/// A new key.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// For people.
    name: String,
    /// What it is good for: `get_at`, `refresh`, `read_rt`, `view`, `manage`; separated by commas.
    #[arg(long, value_delimiter = ',', required = true, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Only for credentials with one of these tags.
    #[arg(long, value_delimiter = ',', conflicts_with = "biz_id")]
    tag: Vec<String>,
    /// Only for these credentials.
    #[arg(long, value_delimiter = ',')]
    biz_id: Vec<String>,
    /// When it ends, such as 2030-01-31T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
    /// Most requests a minute.
    #[arg(long, value_name = "N")]
    rate_limit: Option<u32>,
}

pub(super) async fn run(client: &Client, out: Output, command: &Keys) -> Result<Exit, Failure> {
    match command {
        Keys::List { revoked } => list(client, out, *revoked).await?,
        Keys::Create(args) => create(client, out, args).await?,
        Keys::Revoke { key } => revoke(client, out, key).await?,
    }
    Ok(Exit::Done)
}

/// All of them: nobody has many.
async fn all(client: &Client, revoked: bool) -> Result<Vec<Value>, Failure> {
    let list = || {
        Call::get(["keys"])
            .query("revoked", revoked.to_string())
            .query("limit", "500")
    };
    let mut keys = Vec::new();
    let mut call = list();
    loop {
        let mut page = client.json(call).await?;
        if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
            keys.extend(items);
        }
        let Some(next) = page.get("next").and_then(Value::as_str) else {
            return Ok(keys);
        };
        call = list().query("before", next);
    }
}

async fn list(client: &Client, out: Output, revoked: bool) -> Result<(), Failure> {
    let keys = all(client, revoked).await?;
    if out.is_json() {
        out.value(&json!({"items": keys}))?;
        return Ok(());
    }
    let names = [
        "id",
        "name",
        "secret",
        "scopes",
        "reach",
        "status",
        "expires",
        "last used",
    ];
    let cells = [
        "/id",
        "/name",
        "/prefix",
        "/scopes",
        "/reach/kind",
        "/status",
        "/expires_at",
        "/last_used_at",
    ];
    let row = |key: &Value| {
        let mut row = output::row(key, &cells);
        if let Some(prefix) = row.get_mut(2) {
            prefix.push('…');
        }
        row
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    out.rows(&names, &rows)?;
    Ok(())
}

async fn create(client: &Client, out: Output, args: &Create) -> Result<(), Failure> {
    let reach = match (args.tag.as_slice(), args.biz_id.as_slice()) {
        ([], []) => json!({"kind": "all"}),
        (tags, []) => json!({"kind": "tags", "values": tags}),
        (_, ids) => json!({"kind": "biz_ids", "values": ids}),
    };
    let body = json!({
        "name": args.name,
        "scopes": args.scope,
        "reach": reach,
        "expires_at": args.expires_at,
        "rate_limit_per_minute": args.rate_limit,
    });
    let made = client.json(Call::post(["keys"]).json(&body)).await?;
    if out.is_json() {
        out.value(&made)?;
        return Ok(());
    }
    // Nothing else on standard output, so that a script can take it from there.
    out.line(text(&made, "/secret"))?;
    out.note(&format!(
        "This is shown once. The key has the id {} and begins with {}.",
        text(&made, "/key/id"),
        text(&made, "/key/prefix")
    ));
    Ok(())
}

async fn revoke(client: &Client, out: Output, key: &str) -> Result<(), Failure> {
    let keys = all(client, false).await?;
    let is_meant = |one: &&Value| {
        let prefix = text(one, "/prefix");
        let begins = !prefix.is_empty() && key.starts_with(prefix);
        text(one, "/id") == key || text(one, "/name") == key || begins
    };
    let mut meant = keys.iter().filter(is_meant);
    let id = match (meant.next(), meant.next()) {
        (Some(one), None) => text(one, "/id"),
        (Some(_), Some(_)) => {
            let message = format!(
                "several keys are called `{key}`; name one by its id (`rt-manage-api keys list`)"
            );
            return Err(Failure::usage(message));
        }
        (None, _) => {
            let message = "there is no such key that is not revoked".to_owned();
            return Err(Failure::new(Exit::NotFound, message));
        }
    };
    client.send(Call::delete(["keys", id])).await?;
    if out.is_json() {
        out.value(&json!({"id": id, "status": "revoked"}))?;
    } else {
        out.line(&format!(
            "{id} is revoked; it opens nothing within a second"
        ))?;
    }
    Ok(())
}
