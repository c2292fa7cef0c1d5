//! `credentials list`.

use std::io::{self, Write as _};

use clap::Args;
use serde_json::Value;

use super::filter::FilterArgs;
use crate::cli::{
    client::{Call, Client, Exit, Failure, text},
    output::{self, Output},
};

/// Entries of one answer while all are read: the most that there are.
const PAGE: u32 = 500;

/// Lists credentials.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    filter: FilterArgs,
    /// A field to sort by, e.g. `biz_id`, `at_expires_at`; with `-` in front from the greatest on.
    #[arg(
        long,
        value_name = "FIELD",
        default_value = "-id",
        allow_hyphen_values = true
    )]
    sort: String,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Goes on behind the part before; the note at its end says with what.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// All of them, part by part; with --json one in each line.
    #[arg(long, conflicts_with_all = ["limit", "after"])]
    all: bool,
}

const NAMES: [&str; 8] = [
    "biz_id",
    "email",
    "plan",
    "tag",
    "state",
    "enabled",
    "token ends",
    "next refresh",
];
const CELLS: [&str; 8] = [
    "/biz_id",
    "/email",
    "/plan",
    "/tag",
    "/state",
    "/enabled",
    "/access_token/expires_at",
    "/next_refresh_at",
];

pub(super) async fn run(client: &Client, out: Output, args: &List) -> Result<Exit, Failure> {
    if args.all {
        return all(client, out, args).await;
    }
    let page = client
        .json(page(args, args.limit, args.after.as_deref()))
        .await?;
    if out.is_json() {
        out.value(&page)?;
        return Ok(Exit::Done);
    }
    let shown = items(&page);
    out.rows(&NAMES, &rows(shown))?;
    if let Some(next) = page.get("next").and_then(Value::as_str) {
        let more = page.get("total_is_more") == Some(&Value::Bool(true));
        let total = output::cell(page.get("total")) + if more { "+" } else { "" };
        out.note(&format!(
            "{} of {total}; --all shows all, --after {next} goes on",
            shown.len()
        ));
    }
    Ok(Exit::Done)
}

async fn all(client: &Client, out: Output, args: &List) -> Result<Exit, Failure> {
    let mut after: Option<String> = None;
    let mut names = &NAMES[..];
    loop {
        let page = client.json(page(args, PAGE, after.as_deref())).await?;
        if out.is_json() {
            let mut out = io::stdout().lock();
            for item in items(&page) {
                writeln!(out, "{item}")?;
            }
        } else {
            out.rows(names, &rows(items(&page)))?;
        }
        // One header is enough.
        names = &[];
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = Some(next.to_owned()),
            None => return Ok(Exit::Done),
        }
    }
}

fn page(args: &List, size: u32, after: Option<&str>) -> Call {
    let call = Call::get(["credentials"])
        .query("sort", args.sort.as_str())
        .query("page_size", size.to_string());
    args.filter.asked_of(call).maybe("after", after)
}

fn items(page: &Value) -> &[Value] {
    let items = page.get("items").and_then(Value::as_array);
    items.map_or(&[], Vec::as_slice)
}

fn rows(items: &[Value]) -> Vec<Vec<String>> {
    let row = |item: &Value| {
        let mut row = output::row(item, &CELLS);
        // What an operator has to look at says why.
        if let Some(state) = row.get_mut(4)
            && !text(item, "/state_reason").is_empty()
        {
            *state = format!("{state} ({})", text(item, "/state_reason"));
        }
        row
    };
    items.iter().map(row).collect()
}
