//! Taking the audit log out: page by page, so that its length does not matter.

use futures::{Stream, stream};
use rt_manage_shared::{
    db::{
        Db,
        audit::{self, Entry, Filter},
    },
    id::AuditId,
    model::audit::TargetKind,
};
use serde_json::json;

pub use crate::sheet::{Format, SheetError as ExportError};
use crate::sheet::{harmless, line};

/// Entries that are read at once.
const STEP: u32 = 1000;

/// Where an export stands.
enum At {
    Header,
    Before(AuditId),
    End,
}

/// The entries before `before` that the filter lets through, the newest first, as pieces of text.
pub fn export(
    db: Db,
    filter: Filter,
    before: AuditId,
    format: Format,
) -> impl Stream<Item = Result<Vec<u8>, ExportError>> + Send {
    let start = match format {
        Format::Csv => At::Header,
        Format::Jsonl => At::Before(before),
    };
    stream::try_unfold((db, filter, start), move |(db, filter, at)| async move {
        match at {
            At::Header => {
                let next = At::Before(before);
                Ok(Some((line(&COLUMNS)?, (db, filter, next))))
            }
            At::Before(before) => {
                let found = audit::list(&mut &db, &filter, Some(before), STEP).await?;
                let Some(last) = found.last().map(|entry| entry.id) else {
                    return Ok(None);
                };
                let full = u32::try_from(found.len()).is_ok_and(|count| count >= STEP);
                let next = if full { At::Before(last) } else { At::End };
                Ok(Some((write(&found, format)?, (db, filter, next))))
            }
            At::End => Ok(None),
        }
    })
}

const COLUMNS: [&str; 10] = [
    "id",
    "at",
    "actor_kind",
    "actor",
    "address",
    "request_id",
    "action",
    "target_kind",
    "target",
    "detail",
];

fn write(entries: &[Entry], format: Format) -> Result<Vec<u8>, ExportError> {
    let mut text = Vec::new();
    for entry in entries {
        match format {
            Format::Csv => text.extend(line(&cells(entry))?),
            Format::Jsonl => {
                text.extend(object(entry).to_string().into_bytes());
                text.push(b'\n');
            }
        }
    }
    Ok(text)
}

fn cells(entry: &Entry) -> [String; 10] {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let detail = if entry.detail.is_empty() {
        String::new()
    } else {
        json!(entry.detail).to_string()
    };
    [
        entry.id.to_string(),
        entry.at.to_rfc3339(),
        entry.actor_kind.clone(),
        entry.actor.clone(),
        optional(&entry.address),
        optional(&entry.request_id),
        entry.action.clone(),
        optional(&entry.target_kind),
        optional(&entry.target),
        detail,
    ]
    .map(harmless)
}

fn object(entry: &Entry) -> serde_json::Value {
    json!({
        "id": entry.id, "at": entry.at.to_rfc3339(), "actor_kind": entry.actor_kind, "actor": entry.actor, "address": entry.address,
        "request_id": entry.request_id, "action": entry.action, "target_kind": entry.target_kind, "target": entry.target,
        "detail": entry.detail,
    })
}

/// What an export was narrowed to, for its own entry in the log.
pub fn describe(filter: &Filter) -> serde_json::Value {
    let actions: Vec<_> = filter
        .actions
        .iter()
        .map(|action| action.as_str())
        .collect();
    json!({
        "action": actions, "actor": filter.actor, "target": filter.target, "target_kind": filter.target_kind.map(TargetKind::as_str),
        "since": filter.since.map(rt_manage_shared::clock::Millis::to_rfc3339),
        "until": filter.until.map(rt_manage_shared::clock::Millis::to_rfc3339),
    })
}
