//! `settings`: what the console can set, read and changed.

use axum::http::{HeaderValue, Method, header};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{
    client::{Call, Client, Exit, Failure, text},
    output::{self, Output},
};

/// What is done with settings.
#[derive(Debug, Subcommand)]
pub(super) enum Settings {
    /// Shows all settings, or the value of one.
    Get {
        /// Its key, e.g. `refresh.lead_seconds`.
        key: Option<String>,
    },
    /// Saves values; every process follows within two seconds.
    Set(Set),
}

/// Values to save.
#[derive(Debug, Args)]
pub(super) struct Set {
    /// Keys and values, e.g. `refresh.interval_days=7 refresh.probe_delays_seconds=600,3600`.
    #[arg(value_name = "KEY=VALUE", value_parser = key_value, required_unless_present = "unset")]
    values: Vec<(String, String)>,
    /// A key whose saved value is removed, so that file or default counts again; may be repeated.
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "expected KEY=VALUE".to_owned())
}

pub(super) async fn run(client: &Client, out: Output, command: &Settings) -> Result<Exit, Failure> {
    match command {
        Settings::Get { key: None } => {
            let document = client.json(Call::get(["settings"])).await?;
            if out.is_json() {
                out.value(&document)?;
            } else {
                let rows: Vec<_> = all(&document).iter().map(row).collect();
                out.rows(&["key", "value", "from", "note"], &rows)?;
            }
        }
        Settings::Get { key: Some(key) } => {
            let document = client.json(Call::get(["settings"])).await?;
            let setting = one(&document, key)?;
            if out.is_json() {
                out.value(setting)?;
            } else {
                out.line(&output::cell(setting.get("value")))?;
            }
        }
        Settings::Set(args) => set(client, out, args).await?,
    }
    Ok(Exit::Done)
}

/// Reads the version, saves on top of it, and shows what is in force then.
async fn set(client: &Client, out: Output, args: &Set) -> Result<(), Failure> {
    let answer = client.send(Call::get(["settings"])).await?;
    let version = answer.headers.get(header::ETAG).cloned();
    let before = answer.json().await?;
    let mut edit = Map::new();
    for (key, value) in &args.values {
        if edit
            .insert(key.clone(), typed(one(&before, key)?, value))
            .is_some()
        {
            return Err(Failure::usage(format!("{key} is given twice")));
        }
    }
    for key in &args.unset {
        if edit
            .insert(one(&before, key).map(|_| key.clone())?, Value::Null)
            .is_some()
        {
            return Err(Failure::usage(format!("{key} is given twice")));
        }
    }
    let call = Call::new(Method::PATCH, ["settings"])
        .json(&json!(edit))
        .header(
            header::IF_MATCH,
            version.unwrap_or(HeaderValue::from_static("*")),
        );
    let after = client.json(call).await.map_err(|failure| match failure.code() {
        Some("precondition_failed") => {
            failure.hint("Somebody else saved settings at this moment; nothing was saved. Run the command again.")
        }
        _ => failure,
    })?;
    if out.is_json() {
        out.value(&after)?;
        return Ok(());
    }
    let rows: Vec<_> = all(&after)
        .iter()
        .filter(|setting| edit.contains_key(text(setting, "/key")))
        .map(row)
        .collect();
    out.rows(&["key", "value", "from", "note"], &rows)?;
    Ok(())
}

fn all(document: &Value) -> &[Value] {
    let settings = document.get("settings").and_then(Value::as_array);
    settings.map_or(&[], Vec::as_slice)
}

fn one<'a>(document: &'a Value, key: &str) -> Result<&'a Value, Failure> {
    let found = all(document).iter().find(|one| text(one, "/key") == key);
    found.ok_or_else(|| {
        let near = all(document)
            .iter()
            .map(|one| text(one, "/key"))
            .max_by(|a, b| likeness(a, key).total_cmp(&likeness(b, key)))
            .filter(|near| likeness(near, key) > LIKE);
        let near = near
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        let message = format!("`{key}` is not a setting that can be saved{near}");
        Failure::usage(message).hint(
            "`rt-manage-api settings get` lists them; others stand in the configuration file.",
        )
    })
}

/// Half a key is near, too (`refresh.lead`), other than in the configuration file, where only slips are.
const LIKE: f64 = 0.8;

fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

/// The value as the setting's type has it. What does not fit stays text, and the server says what is wrong with it.
fn typed(setting: &Value, value: &str) -> Value {
    let text_value = || json!(value);
    match text(setting, "/type") {
        "boolean" => value
            .parse::<bool>()
            .map_or_else(|_| text_value(), Value::from),
        "integer" => value
            .parse::<i64>()
            .map_or_else(|_| text_value(), Value::from),
        "integers" => {
            let list: Result<Vec<i64>, _> =
                value.split(',').map(|one| one.trim().parse()).collect();
            list.map_or_else(|_| text_value(), Value::from)
        }
        _ => text_value(),
    }
}

fn row(setting: &Value) -> Vec<String> {
    let note = if setting.get("locked") == Some(&Value::Bool(true)) {
        "fixed there".to_owned()
    } else {
        output::cell(setting.get("ignored"))
    };
    let mut row = output::row(setting, &["/key", "/value", "/place"]);
    row.push(note);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_type_of_their_setting() {
        for (kind, value, expected) in [
            ("boolean", "true", json!(true)),
            ("boolean", "yes", json!("yes")),
            ("integer", "7", json!(7)),
            ("integer", "", json!("")),
            ("integers", "600, 3600", json!([600, 3600])),
            ("integers", "600,x", json!("600,x")),
            ("text", "7", json!("7")),
            ("choice", "manual", json!("manual")),
        ] {
            assert_eq!(
                typed(&json!({"type": kind}), value),
                expected,
                "{kind} {value}"
            );
        }
    }

    #[test]
    fn keys_that_are_none_are_answered_with_one_that_is_like_them() {
        let document =
            json!({"settings": [{"key": "refresh.lead_seconds"}, {"key": "worker.concurrency"}]});
        let told = format!("{:?}", one(&document, "refresh.lead").unwrap_err());
        assert!(
            told.contains("did you mean refresh.lead_seconds?"),
            "{told}"
        );
        let told = format!("{:?}", one(&document, "x").unwrap_err());
        assert!(!told.contains("did you mean"), "{told}");
        assert!(one(&document, "worker.concurrency").is_ok());
    }
}
