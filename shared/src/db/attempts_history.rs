//! Attempts as they are looked back at: the history of one credential, where a doubt comes from, and what was done with
//! one refresh token.

use std::collections::HashMap;

use crate::{
    clock::Millis,
    id::{AttemptId, CredentialId},
    model::{
        attempt::{AttemptState, Cause, OutcomeKind},
        known::Use,
    },
    vault::Fingerprint,
};

use super::{
    DbError, Execute, Row,
    attempts::{self, Attempt, parse_id},
    in_list, sql,
};

/// An attempt with all that is known of it.
#[derive(Debug, Clone)]
pub struct Past {
    /// Where it stands and how it ended.
    pub attempt: Attempt,
    /// Why it was made.
    pub cause: Cause,
    /// Whether it was a deliberate second use of a doubtful refresh token.
    pub probe: bool,
    /// The refresh token that it was about.
    pub rt_fp: Fingerprint,
    /// The HTTP request that asked.
    pub request_id: Option<String>,
    /// When it was asked for.
    pub requested_at: Millis,
    /// When a worker took it.
    pub claimed_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
    /// Status of the HTTP answer, where one came.
    pub http_status: Option<i64>,
    /// From claim to answer, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Its answer was replayed from a journal.
    pub replayed: bool,
    /// Its answer came after it had been given up.
    pub late: bool,
}

/// Up to `limit` attempts of a credential, newest first; those before `before`, where it is given.
pub async fn history(
    db: &mut impl Execute,
    credential: CredentialId,
    before: Option<AttemptId>,
    limit: u32,
) -> Result<Vec<Past>, DbError> {
    /// Behind every identifier.
    const END: &str = "~";
    let statement = sql(
        "SELECT a.id, a.credential_id, a.state, a.lane, a.outcome, a.code, a.detail, a.worker, a.cause, a.probe, a.rt_fp, \
         a.request_id, a.requested_at, a.claimed_at, a.finished_at, a.http_status, a.duration_ms, \
         COALESCE(r.replayed, 0) AS replayed, COALESCE(r.late, 0) AS late \
         FROM {attempts} a LEFT JOIN {recovered} r ON r.attempt_id = a.id \
         WHERE a.credential_id = ? AND a.id < ? ORDER BY a.id DESC LIMIT ?",
    )
    .bind(credential)
    .bind(before.map_or_else(|| END.to_owned(), |id| id.to_string()))
    .bind(limit);
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(past).collect()
}

fn past(row: &Row) -> Result<Past, DbError> {
    let attempt = attempts::attempt(row)?;
    Ok(Past {
        attempt,
        cause: attempts::cause(row)?,
        probe: row.flag("probe")?,
        rt_fp: Fingerprint::from_stored(row.text("rt_fp")?),
        request_id: row.opt_text("request_id")?,
        requested_at: Millis(row.int("requested_at")?),
        claimed_at: row.opt_millis("claimed_at")?,
        finished_at: row.opt_millis("finished_at")?,
        http_status: row.opt_int("http_status")?,
        duration_ms: row.opt_int("duration_ms")?,
        replayed: row.flag("replayed")?,
        late: row.flag("late")?,
    })
}

/// For each of these refresh tokens the first attempt that left it in doubt, where the table knows one.
pub async fn doubt_causes(
    db: &mut impl Execute,
    tokens: &[Fingerprint],
) -> Result<HashMap<Fingerprint, AttemptId>, DbError> {
    if tokens.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!(
        "SELECT rt_fp, MIN(id) AS id FROM {{attempts}} WHERE rt_fp IN {} AND (outcome IN (?, ?) OR code = ?) GROUP BY rt_fp",
        in_list(tokens.len())
    );
    let statement = sql(text)
        .bind_list(tokens)
        .bind(OutcomeKind::Ambiguous.as_str())
        .bind(OutcomeKind::Abandoned.as_str())
        .bind(JOURNAL_AHEAD);
    let rows = db.fetch_all(statement).await?;
    rows.iter()
        .map(|row| {
            Ok((
                Fingerprint::from_stored(row.text("rt_fp")?),
                parse_id(&row.text("id")?)?,
            ))
        })
        .collect()
}

/// The newest attempts on a refresh token that are looked at. Of those that count, a doubt has one more than probes are
/// allowed (three as delivered); only answers that left the token valid can be many, and then the last of them decides.
const USES: u32 = 64;

/// Those of these refresh tokens that some attempt was made with, or is to be made with.
pub async fn used_among(
    db: &mut impl Execute,
    tokens: &[Fingerprint],
) -> Result<Vec<Fingerprint>, DbError> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT DISTINCT rt_fp FROM {{attempts}} WHERE rt_fp IN {}",
        in_list(tokens.len())
    );
    let rows = db.fetch_all(sql(text).bind_list(tokens)).await?;
    rows.iter()
        .map(|row| Ok(Fingerprint::from_stored(row.text("rt_fp")?)))
        .collect()
}

/// The newest attempts on this refresh token that say something about it, the oldest first, with their credentials.
pub async fn uses(
    db: &mut impl Execute,
    rt_fp: &Fingerprint,
) -> Result<Vec<(CredentialId, Use)>, DbError> {
    let statement = sql(
        "SELECT id, credential_id, state, lane, outcome, code, detail, worker, requested_at, claimed_at, finished_at \
         FROM {attempts} WHERE rt_fp = ? AND (state = ? OR outcome IN (?, ?, ?, ?) \
         OR (outcome = ? AND (claimed_at IS NOT NULL OR code = ?))) ORDER BY rt_fp DESC, id DESC LIMIT ?",
    )
    .bind(rt_fp)
    .bind(AttemptState::Refreshing.as_str())
    .bind(OutcomeKind::Rotated.as_str())
    .bind(OutcomeKind::Rejected.as_str())
    .bind(OutcomeKind::Ambiguous.as_str())
    .bind(OutcomeKind::Abandoned.as_str())
    .bind(OutcomeKind::Superseded.as_str())
    .bind(JOURNAL_AHEAD)
    .bind(USES);
    let rows = db.fetch_all(statement).await?;
    rows.iter().rev().map(used).collect()
}

fn used(row: &Row) -> Result<(CredentialId, Use), DbError> {
    let attempt = attempts::attempt(row)?;
    let claimed = row.opt_millis("claimed_at")?.is_some();
    let ended = row.opt_millis("finished_at")?;
    let used = Use {
        state: attempt.state,
        outcome: attempt.outcome,
        // A database that came back older has lost the claim; the journal knows of it.
        claimed: claimed || attempt.code.as_deref() == Some(JOURNAL_AHEAD),
        code: attempt.code,
        at: ended.unwrap_or(Millis(row.int("requested_at")?)),
    };
    Ok((attempt.credential, used))
}

/// Code of attempts that only a journal knew.
const JOURNAL_AHEAD: &str = "journal_ahead";
