//! `credentials refresh`: one at once, or many as a job.

use clap::Args;
use serde_json::{Value, json};

use super::{filter::FilterArgs, find::find};
use crate::cli::{
    client::{Call, Client, Exit, Failure, text},
    jobs::{self, Waiting},
    output::{self, Output},
};

/// Refreshes credentials now.
#[derive(Debug, Args)]
pub(in crate::cli) struct Refresh {
    /// `biz_id`s or ids. One is refreshed at once; several become a job.
    #[arg(value_name = "BIZ_ID", conflicts_with = "all")]
    names: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// All that there are.
    #[arg(long)]
    all: bool,
    /// Only go on with the rest when the first N were refreshed.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10", require_equals = true)]
    canary: Option<u32>,
    #[command(flatten)]
    waiting: Waiting,
}

pub(super) async fn run(client: &Client, out: Output, args: &Refresh) -> Result<Exit, Failure> {
    let selection = match (args.names.as_slice(), args.filter.is_empty()) {
        ([], true) if !args.all => {
            return Err(Failure::usage(
                "name credentials, give a filter such as --state dead, or say --all",
            ));
        }
        ([], _) => json!({"filter": args.filter.fields()}),
        (_, false) => {
            return Err(Failure::usage(
                "name credentials or give a filter, not both",
            ));
        }
        ([name], true) if args.canary.is_none() && !args.waiting.is_detached() => {
            return one(client, out, name).await;
        }
        (names, true) => {
            let mut ids = Vec::with_capacity(names.len());
            for name in names {
                ids.push(text(&find(client, name).await?, "/id").to_owned());
            }
            json!({"ids": ids})
        }
    };
    somebody_must_refresh(client).await?;
    let action = json!({"type": "refresh", "canary": args.canary});
    let body = json!({"selection": selection, "action": action});
    let job = client
        .json(Call::post(["credentials", "bulk"]).json(&body))
        .await?;
    jobs::follow(client, out, &job, &args.waiting).await
}

/// Where the calls stay in this process, nothing here makes refreshes: a server must.
async fn somebody_must_refresh(client: &Client) -> Result<(), Failure> {
    if !client.is_local() || client.somebody_refreshes().await? {
        return Ok(());
    }
    Err(nobody())
}

fn nobody() -> Failure {
    let message = "nothing was asked for: no process that makes refreshes runs on this database";
    Failure::new(Exit::Later, message)
        .hint("Start the server (`rt-manage-api serve`), over Redis also a worker, and try again.")
}

async fn one(client: &Client, out: Output, name: &str) -> Result<Exit, Failure> {
    let credential = find(client, name).await?;
    somebody_must_refresh(client).await?;
    let id = text(&credential, "/id");
    let refreshed = client
        .json(Call::post(["credentials", id, "refresh"]))
        .await;
    let refreshed = refreshed.map_err(|failure| match failure.code() {
        Some("refresh_pending") => {
            failure.hint("It goes on by itself; `rt-manage-api credentials show --attempts NAME` tells how it ended.")
        }
        _ => failure,
    })?;
    if out.is_json() {
        out.value(&refreshed)?;
    } else {
        out.line(&sentence(name, &refreshed))?;
    }
    Ok(Exit::Done)
}

fn sentence(name: &str, refreshed: &Value) -> String {
    let ends = output::cell(refreshed.pointer("/credential/access_token/expires_at"));
    match text(refreshed, "/attempt/outcome") {
        "" => format!("{name}: the tokens came a moment ago; the access token ends {ends}"),
        outcome => format!("{name}: {outcome}; the access token ends {ends}"),
    }
}
