//! Taking the results of a job out: page by page, so that their number does not matter.

use futures::{Stream, stream};
use rt_manage_shared::{
    db::{
        Db,
        job_items::{self, Item},
    },
    id::JobId,
    model::job::ItemState,
};
use serde_json::json;

use crate::sheet::{Format, SheetError, harmless, line};

/// Items that are read at once.
const STEP: u32 = 1000;

/// Where an export stands.
enum At {
    Header,
    Behind(u32),
    End,
}

/// The items of a job in one of these states (none: any), in their order, as pieces of text.
pub fn results(
    db: Db,
    job: JobId,
    states: Vec<ItemState>,
    format: Format,
) -> impl Stream<Item = Result<Vec<u8>, SheetError>> + Send {
    let start = match format {
        Format::Csv => At::Header,
        Format::Jsonl => At::Behind(0),
    };
    stream::try_unfold((db, states, start), move |(db, states, at)| async move {
        match at {
            At::Header => Ok(Some((line(&COLUMNS)?, (db, states, At::Behind(0))))),
            At::Behind(after) => {
                let found = job_items::list(&mut &db, job, &states, after, STEP).await?;
                let Some(last) = found.last().map(|item| item.position) else {
                    return Ok(None);
                };
                let full = u32::try_from(found.len()).is_ok_and(|count| count >= STEP);
                let next = if full { At::Behind(last) } else { At::End };
                Ok(Some((write(&found, format)?, (db, states, next))))
            }
            At::End => Ok(None),
        }
    })
}

const COLUMNS: [&str; 9] = [
    "position",
    "line",
    "source",
    "credential_id",
    "label",
    "state",
    "code",
    "detail",
    "attempt_id",
];

fn write(items: &[Item], format: Format) -> Result<Vec<u8>, SheetError> {
    let mut text = Vec::new();
    for item in items {
        match format {
            Format::Csv => text.extend(line(&cells(item))?),
            Format::Jsonl => {
                text.extend(object(item).to_string().into_bytes());
                text.push(b'\n');
            }
        }
    }
    Ok(text)
}

fn cells(item: &Item) -> [String; 9] {
    fn optional<T: ToString>(value: Option<&T>) -> String {
        value.map(T::to_string).unwrap_or_default()
    }
    [
        item.position.to_string(),
        optional(item.line.as_ref()),
        optional(item.source.as_ref()),
        optional(item.credential.as_ref()),
        optional(item.label.as_ref()),
        item.state.to_string(),
        optional(item.code.as_ref()),
        optional(item.detail.as_ref()),
        optional(item.attempt.as_ref()),
    ]
    .map(harmless)
}

fn object(item: &Item) -> serde_json::Value {
    json!({
        "position": item.position, "line": item.line, "source": item.source, "credential_id": item.credential, "label": item.label,
        "state": item.state, "code": item.code, "detail": item.detail, "attempt_id": item.attempt,
    })
}
