//! The names under which tables and JSON records give their values: those of our own exports, and a few more.

use rt_manage_shared::clock::Millis;

use super::{clean, entry::Draft};
use crate::credentials::PastState;

/// The names that are known. Exports of ours write all but `id_token`.
pub(super) const COLUMNS: &[&str] = &[
    "biz_id",
    "refresh_token",
    "access_token",
    "client_id",
    "proxy",
    "proxy_name",
    "tag",
    "email",
    "memo",
    "enabled",
    "name",
    "plan",
    "account_id",
    "user_id",
    "state",
    "last_code",
    "refreshed_at",
    "created_at",
    "id_token",
    "expires_at",
];

/// Those that may begin or end with a space.
const EXACT: &[&str] = &["biz_id", "tag", "memo", "proxy_name"];

/// The column without which a table is none.
pub(super) const REFRESH_TOKEN: &str = "refresh_token";

/// A known name, however it is written.
pub(super) fn known(name: &str) -> Option<&'static str> {
    let name = clean::token(name);
    COLUMNS
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(&name))
}

/// A name that nobody knows, for a message; what may be a token is not repeated.
pub(super) fn shown(name: &str) -> String {
    let name = clean::token(name).to_ascii_lowercase();
    let harmless = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '-' | ' ');
    if !name.is_empty() && name.len() <= 32 && name.chars().all(harmless) {
        name
    } else {
        "(not a name)".to_owned()
    }
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// White space around it is not meant.
    Loose,
    /// In quotes: a name, label or note is what stands there, to the last space.
    Exact,
}

/// Puts a value in. `Err`: what is wrong with it.
pub(super) fn put(
    draft: &mut Draft,
    column: &'static str,
    written: &str,
    writing: Writing,
) -> Result<(), String> {
    let text = clean::text(written);
    let exact = writing == Writing::Exact && EXACT.contains(&column);
    let value = if exact { written } else { text }.to_owned();
    if value.is_empty() {
        return Ok(());
    }
    match column {
        REFRESH_TOKEN => draft.refresh_token = value,
        "access_token" => draft.access_token = Some(value),
        "id_token" => draft.id_token = Some(value),
        "biz_id" => draft.biz_id = Some(value),
        "client_id" => draft.client_id = Some(value),
        "proxy" => draft.proxy = Some(value),
        "proxy_name" => draft.proxy_name = Some(value),
        "tag" => draft.tag = Some(value),
        "memo" => draft.memo = Some(value),
        "email" => draft.email = Some(value),
        "name" => draft.name = Some(value),
        "plan" => draft.plan = Some(value),
        "account_id" => draft.account_id = Some(value),
        "user_id" => draft.user_id = Some(value),
        "enabled" => draft.enabled = Some(flag(text)?),
        "expires_at" => draft.expires_at = Some(time("expires_at", text)?),
        "refreshed_at" => draft.past.refreshed_at = Some(time("refreshed_at", text)?),
        "created_at" => draft.past.created_at = Some(time("created_at", text)?),
        "state" => draft.past.state = PastState::of(text),
        "last_code" => draft.past.code = code(text),
        _ => {}
    }
    Ok(())
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("enabled: must be true or false".to_owned()),
    }
}

/// Seconds up to the year 9999; what is more are milliseconds.
const MAX_SECONDS: i64 = 253_402_300_799;

/// A time: RFC 3339, or seconds or milliseconds since 1970.
pub(super) fn time(column: &str, text: &str) -> Result<Millis, String> {
    let number = text.parse::<i64>().ok().filter(|number| *number > 0);
    let parsed = || text.parse::<jiff::Timestamp>().ok();
    match number {
        Some(number) if number <= MAX_SECONDS => Ok(Millis::from_seconds(number)),
        Some(number) if number / 1000 <= MAX_SECONDS => Ok(Millis(number)),
        _ => parsed()
            .map(|at| Millis(at.as_millisecond()))
            .ok_or_else(|| {
                format!(
                    "{column}: must be a time such as 2026-01-31T12:00:00Z, or seconds since 1970"
                )
            }),
    }
}

/// A code as grants have them: other texts are not kept.
fn code(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (text.len() <= 64 && text.chars().all(plain)).then(|| text.to_owned())
}
