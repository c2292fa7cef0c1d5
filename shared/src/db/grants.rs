//! The `grants` table: refresh state and sealed tokens of each credential.

use crate::{
    clock::Millis,
    id::CredentialId,
    model::grant::{Doubt, Grant, Guard, HeldReason, State, StateName},
    vault::Fingerprint,
};

use super::{
    DbError, Execute, Row,
    credentials::{self, Identity},
    in_list,
    rows::insert_rows,
    sql,
};

pub use super::grants_many::{Change, compare_and_set_many};

/// A grant together with what a refresh needs to know of its credential.
#[derive(Debug, Clone)]
pub struct GrantRecord {
    /// The refresh state.
    pub grant: Grant,
    /// Whether the credential may be refreshed and handed out.
    pub enabled: bool,
    /// Whether the credential was deleted.
    pub deleted: bool,
    /// The client id that the refresh token was issued to.
    pub client_id: String,
    /// The sealed proxy URL; `None` follows the configuration.
    pub proxy: Option<Vec<u8>>,
    /// Key of the egress, for pacing.
    pub egress: String,
    /// The egress without credentials, for people.
    pub egress_label: String,
    /// What the upstream told so far.
    pub identity: Identity,
    /// The sealed refresh token.
    pub rt: Vec<u8>,
    /// The sealed access token.
    pub access_token: Option<Vec<u8>>,
}

impl GrantRecord {
    /// Whether the scheduler may take it.
    pub const fn schedulable(&self) -> bool {
        self.enabled && !self.deleted
    }
}

const SELECT: &str = "SELECT g.credential_id, g.state, g.held_reason, g.attempt_id, g.rt_fp, g.doubt_since, g.probes, \
     g.failures, g.last_code, g.next_refresh_at, g.refreshed_at, g.at_issued_at, g.at_expires_at, g.rt, g.access_token, \
     c.enabled, c.tombstone, c.client_id, c.proxy, c.egress, c.egress_label, c.email, c.name, c.account_id, c.user_id, c.plan \
     FROM {grants} g JOIN {credentials} c ON c.id = g.credential_id";

/// Reads the grants of these credentials, in id order; missing ones are left out.
pub async fn read(
    db: &mut impl Execute,
    ids: &[CredentialId],
) -> Result<Vec<GrantRecord>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "{SELECT} WHERE g.credential_id IN {} ORDER BY g.credential_id",
        in_list(ids.len())
    );
    let rows = db
        .fetch_all(sql(text).bind_list(ids.iter().copied()))
        .await?;
    rows.iter().map(record).collect()
}

/// Reads one grant.
pub async fn read_one(
    db: &mut impl Execute,
    id: CredentialId,
) -> Result<Option<GrantRecord>, DbError> {
    Ok(read(db, &[id]).await?.into_iter().next())
}

/// The grants that hold one of these refresh tokens now, in id order.
pub async fn holding(
    db: &mut impl Execute,
    tokens: &[Fingerprint],
) -> Result<Vec<GrantRecord>, DbError> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "{SELECT} WHERE g.rt_fp IN {} ORDER BY g.credential_id",
        in_list(tokens.len())
    );
    let rows = db.fetch_all(sql(text).bind_list(tokens)).await?;
    rows.iter().map(record).collect()
}

/// Credentials that hold this refresh token now.
pub async fn holders(
    db: &mut impl Execute,
    rt_fp: &Fingerprint,
) -> Result<Vec<CredentialId>, DbError> {
    let rows = db
        .fetch_all(
            sql("SELECT credential_id FROM {grants} WHERE rt_fp = ? ORDER BY credential_id")
                .bind(rt_fp),
        )
        .await?;
    rows.iter()
        .map(|row| credential_id(row, "grants"))
        .collect()
}

/// Up to `limit` credentials whose refresh or probe is due, the longest waiting first.
pub async fn due(
    db: &mut impl Execute,
    now: Millis,
    limit: u32,
) -> Result<Vec<CredentialId>, DbError> {
    let statement = sql(
        "SELECT credential_id FROM {grants} WHERE deleted = 0 AND next_refresh_at <= ? ORDER BY next_refresh_at, credential_id LIMIT ?",
    );
    let rows = db.fetch_all(statement.bind(now).bind(limit)).await?;
    rows.iter()
        .map(|row| credential_id(row, "grants"))
        .collect()
}

/// Up to `limit` credentials after `after` whose migration nobody has confirmed, deleted ones among them.
pub async fn awaiting_migration(
    db: &mut impl Execute,
    after: Option<CredentialId>,
    limit: u32,
) -> Result<Vec<CredentialId>, DbError> {
    let statement = sql(
        "SELECT credential_id FROM {grants} WHERE state = ? AND held_reason = ? AND credential_id > ? ORDER BY credential_id LIMIT ?",
    )
    .bind(StateName::Held.as_str())
    .bind(HeldReason::Migration.as_str())
    .bind(after.map_or_else(String::new, |after| after.to_string()))
    .bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| credential_id(row, "grants"))
        .collect()
}

/// How many these are.
pub async fn count_awaiting_migration(db: &mut impl Execute) -> Result<i64, DbError> {
    // Deleted ones, too; both are named, because the index begins with it.
    let statement = sql(
        "SELECT COUNT(*) AS n FROM {grants} WHERE deleted IN (0, 1) AND state = ? AND held_reason = ?",
    )
        .bind(StateName::Held.as_str())
        .bind(HeldReason::Migration.as_str());
    let row = db.fetch_optional(statement).await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

/// A grant to be added, with its sealed tokens.
#[derive(Debug, Clone)]
pub struct New {
    /// The refresh state.
    pub grant: Grant,
    /// The sealed refresh token.
    pub rt: Vec<u8>,
    /// The sealed access token.
    pub access_token: Option<Vec<u8>>,
}

/// Adds a grant.
pub async fn insert(
    db: &mut impl Execute,
    grant: &Grant,
    rt: Vec<u8>,
    access_token: Option<Vec<u8>>,
) -> Result<(), DbError> {
    let new = New {
        grant: grant.clone(),
        rt,
        access_token,
    };
    insert_many(db, vec![new]).await
}

/// Adds grants.
pub async fn insert_many(db: &mut impl Execute, all: Vec<New>) -> Result<(), DbError> {
    let rows = all.into_iter().map(|new| {
        let (grant, columns) = (&new.grant, Columns::of(&new.grant));
        vec![
            grant.credential.into(),
            columns.state.into(),
            columns.held_reason.into(),
            columns.attempt.into(),
            (&grant.rt_fp).into(),
            columns.doubt_since.into(),
            columns.probes.into(),
            grant.failures.into(),
            grant.last_code.clone().into(),
            grant.next_refresh_at.into(),
            grant.refreshed_at.into(),
            grant.at_issued_at.into(),
            grant.at_expires_at.into(),
            new.rt.into(),
            new.access_token.into(),
        ]
    });
    insert_rows(
        db,
        "grants",
        "credential_id, state, held_reason, attempt_id, rt_fp, doubt_since, probes, failures, last_code, next_refresh_at, \
         refreshed_at, at_issued_at, at_expires_at, rt, access_token",
        rows.collect(),
    )
    .await
}

/// New sealed tokens to store along with a transition; `None` keeps what stands there.
#[derive(Debug, Clone, Default)]
pub struct TokenWrite {
    /// The sealed refresh token.
    pub rt: Option<Vec<u8>>,
    /// The sealed access token.
    pub access_token: Option<Vec<u8>>,
}

/// Writes a transition if the grant still looks as `guard` says. `false` means that it does not: nothing was written.
pub async fn compare_and_set(
    db: &mut impl Execute,
    guard: &Guard,
    grant: &Grant,
    tokens: TokenWrite,
) -> Result<bool, DbError> {
    let columns = Columns::of(grant);
    let statement = sql("UPDATE {grants} SET state = ?, held_reason = ?, attempt_id = ?, rt_fp = ?, doubt_since = ?, \
         probes = ?, failures = ?, last_code = ?, next_refresh_at = ?, refreshed_at = ?, at_issued_at = ?, \
         at_expires_at = ?, rt = COALESCE(?, rt), access_token = COALESCE(?, access_token) \
         WHERE credential_id = ? AND state = ? AND COALESCE(attempt_id, '') = ? AND rt_fp = ?")
    .bind(columns.state)
    .bind(columns.held_reason)
    .bind(columns.attempt)
    .bind(&grant.rt_fp)
    .bind(columns.doubt_since)
    .bind(columns.probes)
    .bind(grant.failures)
    .bind(grant.last_code.clone())
    .bind(grant.next_refresh_at)
    .bind(grant.refreshed_at)
    .bind(grant.at_issued_at)
    .bind(grant.at_expires_at)
    .bind(tokens.rt)
    .bind(tokens.access_token)
    .bind(grant.credential)
    .bind(guard.state.as_str())
    .bind(guard.attempt.map(|id| id.to_string()).unwrap_or_default())
    .bind(&guard.rt_fp);
    Ok(db.execute(statement).await? == 1)
}

/// Notes whether the grant's credential is deleted: lists by the columns of grants leave those out.
pub(super) async fn set_deleted(
    db: &mut impl Execute,
    id: CredentialId,
    deleted: bool,
) -> Result<bool, DbError> {
    let statement = sql("UPDATE {grants} SET deleted = ? WHERE credential_id = ?");
    let statement = statement.bind(i64::from(deleted)).bind(id);
    Ok(db.execute(statement).await? == 1)
}

/// Notes of many that their credentials are deleted; gives how many there were.
pub(super) async fn set_deleted_many(
    db: &mut impl Execute,
    ids: &[CredentialId],
) -> Result<u64, DbError> {
    let text = format!(
        "UPDATE {{grants}} SET deleted = 1 WHERE credential_id IN {}",
        in_list(ids.len())
    );
    db.execute(sql(text).bind_list(ids.iter().copied())).await
}

/// Removes a grant for good.
pub async fn delete(db: &mut impl Execute, id: CredentialId) -> Result<(), DbError> {
    db.execute(sql("DELETE FROM {grants} WHERE credential_id = ?").bind(id))
        .await
        .map(|_| ())
}

/// Removes a grant for good that has no open attempt. `false`: it has one, or is gone.
pub async fn delete_resting(db: &mut impl Execute, id: CredentialId) -> Result<bool, DbError> {
    let statement =
        sql("DELETE FROM {grants} WHERE credential_id = ? AND attempt_id IS NULL").bind(id);
    Ok(db.execute(statement).await? == 1)
}

/// The state columns of a grant.
pub(super) struct Columns {
    pub(super) state: &'static str,
    pub(super) held_reason: Option<&'static str>,
    pub(super) attempt: Option<String>,
    pub(super) doubt_since: Option<Millis>,
    pub(super) probes: u32,
}

impl Columns {
    pub(super) fn of(grant: &Grant) -> Self {
        Self {
            state: grant.state.name().as_str(),
            held_reason: match grant.state {
                State::Held(reason) => Some(reason.as_str()),
                _ => None,
            },
            attempt: grant.state.attempt().map(|id| id.to_string()),
            doubt_since: grant.doubt.map(|doubt| doubt.since),
            probes: grant.doubt.map_or(0, |doubt| doubt.probes),
        }
    }
}

/// A credential's id in this row.
pub(super) fn credential_id(row: &Row, table: &'static str) -> Result<CredentialId, DbError> {
    let text = row.text("credential_id")?;
    text.parse().map_err(|_| DbError::Corrupt {
        table,
        row: text,
        column: "credential_id",
        reason: "not an identifier".into(),
    })
}

fn record(row: &Row) -> Result<GrantRecord, DbError> {
    Ok(GrantRecord {
        grant: grant(row)?,
        enabled: row.flag("enabled")?,
        deleted: !row.text("tombstone")?.is_empty(),
        client_id: row.text("client_id")?,
        proxy: row.opt_bytes("proxy")?,
        egress: row.text("egress")?,
        egress_label: row.text("egress_label")?,
        identity: credentials::identity(row)?,
        rt: row.bytes("rt")?,
        access_token: row.opt_bytes("access_token")?,
    })
}

/// Reads the state columns; a row that contradicts itself is an error that names it.
pub(super) fn grant(row: &Row) -> Result<Grant, DbError> {
    let credential = credential_id(row, "grants")?;
    let corrupt = |column: &'static str, reason: &str| DbError::Corrupt {
        table: "grants",
        row: credential.to_string(),
        column,
        reason: reason.to_owned(),
    };
    let attempt = row
        .opt_text("attempt_id")?
        .map(|text| {
            text.parse()
                .map_err(|_| corrupt("attempt_id", "not an identifier"))
        })
        .transpose()?;
    let name = StateName::parse(&row.text("state")?)
        .ok_or_else(|| corrupt("state", "not a state that this program knows"))?;
    let state = match (name, attempt) {
        (StateName::Idle, None) => State::Idle,
        (StateName::Queued, Some(id)) => State::Queued(id),
        (StateName::Refreshing, Some(id)) => State::Refreshing(id),
        (StateName::InDoubt, None) => State::InDoubt,
        (StateName::Dead, None) => State::Dead,
        (StateName::Held, None) => row
            .opt_text("held_reason")?
            .and_then(|text| HeldReason::parse(&text))
            .map(State::Held)
            .ok_or_else(|| corrupt("held_reason", "missing for a held grant"))?,
        (_, Some(_)) => return Err(corrupt("attempt_id", "set in a state without attempt")),
        (_, None) => {
            return Err(corrupt(
                "attempt_id",
                "missing in a state with an open attempt",
            ));
        }
    };
    let doubt = row
        .opt_millis("doubt_since")?
        .map(|since| {
            Ok::<_, DbError>(Doubt {
                since,
                probes: row.count("probes")?,
            })
        })
        .transpose()?;
    if state == State::InDoubt && doubt.is_none() {
        return Err(corrupt("doubt_since", "missing for a grant in doubt"));
    }
    Ok(Grant {
        credential,
        state,
        rt_fp: Fingerprint::from_stored(row.text("rt_fp")?),
        doubt,
        failures: row.count("failures")?,
        last_code: row.opt_text("last_code")?,
        next_refresh_at: row.opt_millis("next_refresh_at")?,
        refreshed_at: row.opt_millis("refreshed_at")?,
        at_issued_at: row.opt_millis("at_issued_at")?,
        at_expires_at: row.opt_millis("at_expires_at")?,
    })
}
