//! `/audit`: who did what. It is read and taken out; nothing changes it.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{header, request::Parts},
    response::{IntoResponse as _, Response},
};
use futures::TryStreamExt as _;
use rt_manage_shared::{
    clock::Millis,
    db::audit::{self, Entry, Filter},
    id::AuditId,
    model::audit::{Action, Deed, TargetKind},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    document::Problems,
    paging::{done, read, size},
};
use crate::{
    audit::{Format, describe, export},
    auth::{Admin, Viewer},
    error::{FieldError, Problem},
    state::App,
};

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEntry {
    id: String,
    #[schema(format = DateTime)]
    at: String,
    /// `user`, `key`, `command_line` or `system`.
    actor_kind: String,
    /// User name, or name of the key. `(unknown)`: whoever tried to log in with a name that nobody has.
    actor: String,
    address: Option<String>,
    request_id: Option<String>,
    action: String,
    target_kind: Option<String>,
    target: Option<String>,
    /// What more there is to say; depends on the action.
    detail: Map<String, Value>,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            at: entry.at.to_rfc3339(),
            actor_kind: entry.actor_kind,
            actor: entry.actor,
            address: entry.address,
            request_id: entry.request_id,
            action: entry.action,
            target_kind: entry.target_kind,
            target: entry.target,
            detail: entry.detail,
        }
    }
}

/// A part of the log, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditPart {
    items: Vec<AuditEntry>,
    /// What to give as `before` for the part behind this one; `null` where there is none.
    next: Option<String>,
}

/// Which entries are looked for; all that is given has to hold.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FilterQuery {
    /// Actions, separated by commas.
    #[param(value_type = Option<Vec<Action>>, style = Form, explode = false)]
    action: Option<String>,
    /// User name, or name of the key.
    #[param(min_length = 1, max_length = 255)]
    actor: Option<String>,
    /// The id of what it was done to; of people the user name.
    #[param(min_length = 1, max_length = 255)]
    target: Option<String>,
    /// Only with `target`.
    #[param(value_type = Option<TargetKind>)]
    target_kind: Option<String>,
    /// Not before.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Before.
    #[param(format = DateTime)]
    until: Option<String>,
}

impl FilterQuery {
    fn filter(self, errors: &mut Vec<FieldError>) -> Filter {
        let kind = self.target_kind.as_deref().map(TargetKind::parse);
        if kind == Some(None) {
            errors.push(FieldError::new("target_kind", "must be a kind of target"));
        } else if kind.is_some() && self.target.is_none() {
            errors.push(FieldError::new("target_kind", "needs target beside it"));
        }
        Filter {
            actions: actions(self.action.as_deref(), errors),
            actor: text("actor", self.actor, errors),
            target: text("target", self.target, errors),
            target_kind: kind.flatten(),
            since: time("since", self.since.as_deref(), errors),
            until: time("until", self.until.as_deref(), errors),
        }
    }
}

fn actions(text: Option<&str>, errors: &mut Vec<FieldError>) -> Vec<Action> {
    let names = text.into_iter().flat_map(|text| text.split(','));
    let found: Option<Vec<_>> = names.map(Action::parse).collect();
    let mut found = found.unwrap_or_else(|| {
        let message = "must be names of actions, separated by commas";
        errors.push(FieldError::new("action", message));
        Vec::new()
    });
    found.sort_unstable_by_key(|action| action.as_str());
    found.dedup();
    found
}

fn text(field: &'static str, text: Option<String>, errors: &mut Vec<FieldError>) -> Option<String> {
    let text = text?;
    // No column of PostgreSQL takes a NUL.
    if text.is_empty() || text.chars().count() > 255 || text.contains('\0') {
        errors.push(FieldError::new(field, "must have 1 to 255 characters"));
        return None;
    }
    Some(text)
}

fn time(field: &'static str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Millis> {
    let time = text?.parse::<jiff::Timestamp>();
    if time.is_err() {
        let message = "must be a time such as 2026-01-10T08:00:00Z";
        errors.push(FieldError::new(field, message));
    }
    time.ok().map(|time| Millis(time.as_millisecond()))
}

#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the parameters as the document says them")]
struct PartQuery {
    /// The `next` of another answer.
    before: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Shows what was done, the newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", operation_id = "listAudit", params(FilterQuery, PartQuery),
    responses((status = 200, body = AuditPart), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Viewer,
    parts: Parts,
) -> Result<Json<AuditPart>, Problem> {
    let query: ListQuery = read(&parts, LIST_QUERY)?;
    let (query, before, limit) = query.split();
    let mut errors = Vec::new();
    let filter = query.filter(&mut errors);
    let limit = size("limit", limit, &mut errors);
    let before = before.map(|text| text.parse::<AuditId>()).transpose();
    let before = before.unwrap_or_else(|_| {
        let message = "must be the `next` of another answer";
        errors.push(FieldError::new("before", message));
        None
    });
    done(errors)?;
    let mut found = audit::list(&mut &app.db, &filter, before, limit.saturating_add(1)).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = found.len() > shown;
    found.truncate(shown);
    let last = found.last().filter(|_| goes_on);
    Ok(Json(AuditPart {
        next: last.map(|entry| entry.id.to_string()),
        items: found.into_iter().map(AuditEntry::from).collect(),
    }))
}

const LIST_QUERY: &str = "the query takes `action`, `actor`, `target`, `target_kind`, `since`, `until`, `before` and `limit`, each once";

/// [`FilterQuery`] and [`PartQuery`]: the library cannot read one into the other and refuse unknown fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    action: Option<String>,
    actor: Option<String>,
    target: Option<String>,
    target_kind: Option<String>,
    since: Option<String>,
    until: Option<String>,
    before: Option<String>,
    limit: Option<u32>,
}

impl ListQuery {
    fn split(self) -> (FilterQuery, Option<String>, Option<u32>) {
        let query = FilterQuery {
            action: self.action,
            actor: self.actor,
            target: self.target,
            target_kind: self.target_kind,
            since: self.since,
            until: self.until,
        };
        (query, self.before, self.limit)
    }
}

const EXPORT_QUERY: &str = "the query takes `format` (csv or jsonl), `action`, `actor`, `target`, `target_kind`, `since` and `until`, each once";

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ExportFormat {
    #[default]
    Csv,
    Jsonl,
}

#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the parameters as the document says them")]
struct FormatQuery {
    /// `csv`, where nobody says otherwise.
    #[param(inline)]
    format: Option<ExportFormat>,
}

/// Like [`ListQuery`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    action: Option<String>,
    actor: Option<String>,
    target: Option<String>,
    target_kind: Option<String>,
    since: Option<String>,
    until: Option<String>,
    format: Option<ExportFormat>,
}

impl ExportQuery {
    fn split(self) -> (FilterQuery, Format) {
        let query = FilterQuery {
            action: self.action,
            actor: self.actor,
            target: self.target,
            target_kind: self.target_kind,
            since: self.since,
            until: self.until,
        };
        let format = match self.format.unwrap_or_default() {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Jsonl => Format::Jsonl,
        };
        (query, format)
    }
}

/// Takes the log out as a file, the newest first. The export itself is written down, and is not in the file.
#[utoipa::path(get, path = "/audit/export", tag = "audit", operation_id = "exportAudit", params(FilterQuery, FormatQuery),
    security(("session" = ["administrator"])),
    responses((status = 200, content((String = "text/csv"), (String = "application/jsonl"))), Problems))]
pub(super) async fn take_out(
    State(app): State<App>,
    Admin(actor): Admin,
    parts: Parts,
) -> Result<Response, Problem> {
    let query: ExportQuery = read(&parts, EXPORT_QUERY)?;
    let (query, format) = query.split();
    let mut errors = Vec::new();
    let filter = query.filter(&mut errors);
    done(errors)?;
    let (content_type, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Jsonl => ("application/jsonl", "jsonl"),
    };
    let deed = Deed::new(Action::AuditExport)
        .with("format", name)
        .with("filter", describe(&filter));
    let own = audit::record(&mut &app.db, &actor, &deed, app.clock.now()).await?;
    let pieces = export(app.db.clone(), filter, own, format)
        .inspect_err(|error| tracing::error!(%error, "an export of the audit log was cut off"));
    let disposition = format!("attachment; filename=\"audit.{name}\"");
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
