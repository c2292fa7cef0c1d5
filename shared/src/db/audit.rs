//! The `audit` table: who did what. It is written in the transaction of what it tells of, and never changed.

use serde_json::{Map, Value};

use crate::{
    clock::Millis,
    id::AuditId,
    model::audit::{Action, Actor, Deed, TargetKind},
};

use super::{DbError, Execute, Row, Statement, in_list, sql};

/// Length of the narrowest columns for texts from outside on MySQL, in characters.
const MAX_NAME: usize = 255;

/// Writes down what somebody did. Give it the transaction of the deed itself.
pub async fn record(
    db: &mut impl Execute,
    actor: &Actor,
    deed: &Deed,
    now: Millis,
) -> Result<AuditId, DbError> {
    let id = AuditId::at(now);
    let (target_kind, target) = match &deed.target {
        Some((kind, target)) => (Some(kind.as_str()), Some(short(target))),
        None => (None, None),
    };
    let detail = Value::Object(deed.detail.clone());
    let statement = sql("INSERT INTO {audit} (id, at, actor_kind, actor, address, request_id, action, target_kind, target, detail) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    .bind(id)
    .bind(now)
    .bind(actor.kind.as_str())
    .bind(short(&actor.name))
    .bind(actor.address.clone())
    .bind(actor.request_id.clone())
    .bind(deed.action.as_str())
    .bind(target_kind)
    .bind(target)
    .bind(detail.to_string());
    db.execute(statement).await?;
    Ok(id)
}

/// What was written down. Its words are kept as texts: a newer program may have written ones that this one does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Entries sort by their ids in the order of time.
    pub id: AuditId,
    /// When.
    pub at: Millis,
    /// An [`ActorKind`](crate::model::audit::ActorKind).
    pub actor_kind: String,
    /// Who.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// The HTTP request.
    pub request_id: Option<String>,
    /// An [`Action`].
    pub action: String,
    /// A [`TargetKind`].
    pub target_kind: Option<String>,
    /// To what.
    pub target: Option<String>,
    /// What more there is to say.
    pub detail: Map<String, Value>,
}

/// Which entries are looked for. The narrowest of target, actor and actions leads through its index, the others are
/// compared; without any, the newest entries are walked through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One of these; none: any.
    pub actions: Vec<Action>,
    /// By whom.
    pub actor: Option<String>,
    /// To what.
    pub target: Option<String>,
    /// To what kind of thing; looked at with `target` only.
    pub target_kind: Option<TargetKind>,
    /// Not before.
    pub since: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
}

const COLUMNS: &str =
    "id, at, actor_kind, actor, address, request_id, action, target_kind, target, detail";

/// Up to `limit` entries, the newest first; those before `before`, where it is given.
pub async fn list(
    db: &mut impl Execute,
    filter: &Filter,
    before: Option<AuditId>,
    limit: u32,
) -> Result<Vec<Entry>, DbError> {
    let rows = db.fetch_all(query(filter, before, limit)).await?;
    rows.iter().map(entry).collect()
}

fn query(filter: &Filter, before: Option<AuditId>, limit: u32) -> Statement {
    let until = filter.until.map(AuditId::earliest);
    let range = Range {
        from: AuditId::earliest(filter.since.unwrap_or(Millis(0))),
        to: before
            .into_iter()
            .chain(until)
            .min()
            .unwrap_or(AuditId::last()),
    };
    if filter.target.is_none() && filter.actor.is_none() && filter.actions.len() > 1 {
        return of_actions(&filter.actions, range, limit);
    }
    let mut conditions = vec!["id >= ?".to_owned(), "id < ?".to_owned()];
    let mut order = Vec::new();
    let mut values = Vec::new();
    // The order of the index that leads is asked for, so that every back end uses it and sorts nothing.
    let mut same = |column: &'static str, value: Option<&str>| {
        if let Some(value) = value {
            conditions.push(format!("{column} = ?"));
            values.push(value.to_owned());
            order.push(column);
        }
    };
    same("target", filter.target.as_deref());
    same("actor", filter.actor.as_deref());
    if let [action] = filter.actions.as_slice() {
        same("action", Some(action.as_str()));
    }
    let order = order
        .first()
        .map_or_else(String::new, |lead| format!("{lead} DESC, "));
    if let Some(kind) = filter.target_kind.filter(|_| filter.target.is_some()) {
        conditions.push("target_kind = ?".to_owned());
        values.push(kind.as_str().to_owned());
    }
    if filter.actions.len() > 1 {
        conditions.push(format!("action IN {}", in_list(filter.actions.len())));
    }
    let text = format!(
        "SELECT {COLUMNS} FROM {{audit}} WHERE {} ORDER BY {order}id DESC LIMIT ?",
        conditions.join(" AND ")
    );
    let statement = values
        .into_iter()
        .fold(sql(text).bind(range.from).bind(range.to), Statement::bind);
    let statement = if filter.actions.len() > 1 {
        statement.bind_list(filter.actions.iter().map(|action| action.as_str()))
    } else {
        statement
    };
    statement.bind(limit)
}

#[derive(Clone, Copy)]
struct Range {
    from: AuditId,
    /// Not included.
    to: AuditId,
}

/// The newest of each action in the order of its index, and of those the newest: nothing long is sorted.
fn of_actions(actions: &[Action], range: Range, limit: u32) -> Statement {
    let part = format!(
        "SELECT * FROM (SELECT {COLUMNS} FROM {{audit}} WHERE action = ? AND id >= ? AND id < ? \
         ORDER BY action DESC, id DESC LIMIT ?) AS part"
    );
    let parts = vec![part; actions.len()].join(" UNION ALL ");
    let statement = sql(format!("{parts} ORDER BY id DESC LIMIT ?"));
    let bind = |statement: Statement, action: &Action| {
        let action = statement.bind(action.as_str());
        action.bind(range.from).bind(range.to).bind(limit)
    };
    actions.iter().fold(statement, bind).bind(limit)
}

fn entry(row: &Row) -> Result<Entry, DbError> {
    let id = row.text("id")?;
    let corrupt = |column: &'static str| DbError::Corrupt {
        table: "audit",
        row: id.clone(),
        column,
        reason: "cannot be read".into(),
    };
    let detail = serde_json::from_str(&row.text("detail")?).map_err(|_| corrupt("detail"))?;
    Ok(Entry {
        id: id.parse().map_err(|_| corrupt("id"))?,
        at: Millis(row.int("at")?),
        actor_kind: row.text("actor_kind")?,
        actor: row.text("actor")?,
        address: row.opt_text("address")?,
        request_id: row.opt_text("request_id")?,
        action: row.text("action")?,
        target_kind: row.opt_text("target_kind")?,
        target: row.opt_text("target")?,
        detail,
    })
}

/// Removes up to `limit` entries from before `before`, the oldest first, and tells how many there were.
pub async fn prune(db: &mut impl Execute, before: Millis, limit: u32) -> Result<u64, DbError> {
    let statement = sql("SELECT id FROM {audit} WHERE id < ? ORDER BY id LIMIT ?")
        .bind(AuditId::earliest(before))
        .bind(limit);
    let found = db.fetch_all(statement).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let ids: Result<Vec<_>, _> = found.iter().map(|row| row.text("id")).collect();
    let text = format!("DELETE FROM {{audit}} WHERE id IN {}", in_list(found.len()));
    db.execute(sql(text).bind_list(ids?)).await
}

fn short(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}
