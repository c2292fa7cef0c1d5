//! JSON in all its forms: a value, an array of them, one on each line. What each object is, is recognised by itself.
//!
//! `scan` finds the values, `codex`, `cliproxyapi` and `sub2api` read those of other programs, `record` reads our own.

mod cliproxyapi;
mod codex;
mod record;
pub(super) mod scan;
mod sub2api;

use serde_json::{Map, Value};

use super::{FormError, entry::Said, fields, rows::Rows};
use crate::credentials::Arrival;

/// Longest object that is one credential; real ones have some 10 KiB. Larger ones are not built in memory.
const MAX_OBJECT_BYTES: usize = 256 * 1024;
/// Arrays in arrays, and envelopes around them.
const MAX_DEPTH: u32 = 4;

pub(super) type Object = Map<String, Value>;

const UNREADABLE: &str = "this is not readable as JSON";
const UNKNOWN: &str = "this object is in no form that is known: it has no `refresh_token`, no `tokens` and no `accounts`";

/// Takes in all that is in a value, which begins with its bracket or quote on this line.
pub(super) fn read(text: &str, line: usize, rows: &mut Rows) -> Result<(), FormError> {
    value(text, line, MAX_DEPTH, rows)
}

fn value(text: &str, line: usize, depth: u32, rows: &mut Rows) -> Result<(), FormError> {
    let Some(depth) = depth.checked_sub(1) else {
        return rows.push(line, Said::Invalid("this is nested too deep".to_owned()));
    };
    match text.as_bytes().first() {
        Some(b'[') => elements(text, line, rows, |part, line, rows| {
            value(part, line, depth, rows)
        }),
        Some(b'{') => object(text, line, depth, rows),
        _ => {
            let read = serde_json::from_str::<String>(text)
                .map_err(|_| "this is neither an object nor a text".to_owned())
                .and_then(|token| fields::row(&token));
            rows.push(line, read.into())
        }
    }
}

/// Does something with each element of an array and the line that it begins on.
fn elements(
    text: &str,
    mut line: usize,
    rows: &mut Rows,
    mut each: impl FnMut(&str, usize, &mut Rows) -> Result<(), FormError>,
) -> Result<(), FormError> {
    let mut counted = 0;
    for (at, part) in scan::parts(text) {
        line += lines_in(text, counted, at);
        counted = at;
        each(part, line, rows)?;
    }
    Ok(())
}

/// How often a new line begins between two places.
pub(super) fn lines_in(text: &str, from: usize, to: usize) -> usize {
    text.get(from..to).unwrap_or_default().matches('\n').count()
}

fn object(text: &str, line: usize, depth: u32, rows: &mut Rows) -> Result<(), FormError> {
    let member = |name: &str, begin: &[char]| {
        scan::members(text).find(|(key, _, value)| *key == name && value.starts_with(begin))
    };
    if let Some((_, at, accounts)) = member("accounts", &['[']) {
        let line = line + lines_in(text, 0, at);
        let proxies = member("proxies", &['[']).map_or("[]", |(_, _, value)| value);
        let proxies = sub2api::Proxies::read(proxies);
        return elements(accounts, line, rows, |part, line, rows| {
            let read = parsed(part).and_then(|account| sub2api::read(&account, &proxies));
            rows.push(line, read.into())
        });
    }
    // The envelope of an API's answer.
    let own = |name: &&str| matches!(*name, "tokens" | "refresh_token" | "type" | "credentials");
    if let Some((_, at, data)) = member("data", &['[', '{'])
        && !scan::members(text).any(|(name, _, _)| own(&name))
    {
        return value(data, line + lines_in(text, 0, at), depth, rows);
    }
    rows.push(
        line,
        parsed(text).and_then(|object| recognised(&object)).into(),
    )
}

fn parsed(text: &str) -> Result<Object, String> {
    if text.len() > MAX_OBJECT_BYTES {
        return Err("this object is larger than a credential can be".to_owned());
    }
    // The library's message may show what it read.
    serde_json::from_str(text).map_err(|_| UNREADABLE.to_owned())
}

fn recognised(object: &Object) -> Result<Arrival, String> {
    if object.contains_key("tokens") || object.contains_key("OPENAI_API_KEY") {
        codex::read(object)
    } else if object.get("credentials").is_some_and(Value::is_object) {
        sub2api::read(object, &sub2api::Proxies::default())
    } else if object.contains_key("type") {
        cliproxyapi::read(object)
    } else if object.contains_key("refresh_token") {
        record::read(object)
    } else {
        Err(UNKNOWN.to_owned())
    }
}

/// A member that is a text and not empty.
fn text(object: &Object, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// A member that is a text, or is not there. `Err`: it is something else.
fn text_or_absent(object: &Object, name: &str) -> Result<Option<String>, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok((!text.is_empty()).then(|| text.clone())),
        Some(_) => Err(format!("{name}: must be a text")),
    }
}
