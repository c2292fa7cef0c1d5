//! `credentials show`.

use clap::Args;
use serde_json::Value;

use super::find::find;
use crate::cli::{
    client::{Call, Client, Exit, Failure, text},
    output::{self, Output},
};

/// Shows a credential; never its tokens.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// Its `biz_id` or id.
    name: String,
    /// The last attempts to refresh it, too.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10", require_equals = true)]
    attempts: Option<u32>,
}

const FIELDS: [(&str, &str); 22] = [
    ("biz_id", "/biz_id"),
    ("id", "/id"),
    ("email", "/email"),
    ("name", "/name"),
    ("plan", "/plan"),
    ("account id", "/account_id"),
    ("client id", "/client_id"),
    ("proxy", "/proxy"),
    ("tag", "/tag"),
    ("memo", "/memo"),
    ("enabled", "/enabled"),
    ("state", "/state"),
    ("why", "/state_reason"),
    ("last code", "/last_code"),
    ("advice", "/finding/advice"),
    ("access token ends", "/access_token/expires_at"),
    ("next refresh", "/next_refresh_at"),
    ("because", "/next_refresh_because"),
    ("refreshed", "/refreshed_at"),
    ("refresh token", "/refresh_token_fingerprint"),
    ("added", "/created_at"),
    ("changed", "/updated_at"),
];

pub(super) async fn run(client: &Client, out: Output, args: &Show) -> Result<Exit, Failure> {
    let mut credential = find(client, &args.name).await?;
    let attempts = match args.attempts {
        Some(limit) => {
            let id = text(&credential, "/id").to_owned();
            let call = Call::get(["credentials", &id, "attempts"]);
            let mut list = client.json(call.query("limit", limit.to_string())).await?;
            list.get_mut("items").map(Value::take)
        }
        None => None,
    };
    if out.is_json() {
        if let (Some(attempts), Some(members)) = (attempts, credential.as_object_mut()) {
            members.insert("attempts".to_owned(), attempts);
        }
        out.value(&credential)?;
        return Ok(Exit::Done);
    }
    let pairs = FIELDS.map(|(name, at)| (name.to_owned(), output::cell(credential.pointer(at))));
    let pairs: Vec<_> = pairs
        .into_iter()
        .filter(|pair| !pair.1.is_empty())
        .collect();
    out.pairs(&pairs)?;
    if let Some(Value::Array(attempts)) = attempts {
        let names = ["asked", "cause", "state", "outcome", "code", "ms"];
        let at = [
            "/requested_at",
            "/cause",
            "/state",
            "/outcome",
            "/code",
            "/duration_ms",
        ];
        let rows: Vec<_> = attempts.iter().map(|one| output::row(one, &at)).collect();
        if out.is_terminal() {
            out.line("")?;
        }
        out.rows(&names, &rows)?;
    }
    Ok(Exit::Done)
}
