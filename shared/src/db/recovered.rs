//! The `recovered` table: answers that were replayed from a journal, or came after their attempt had been given up. Nothing
//! depends on it; it is what an operator is told.

use crate::{
    clock::Millis,
    id::{AttemptId, CredentialId},
};

use super::{DbError, Execute, sql};

/// How an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// The attempt that it answers.
    pub attempt: AttemptId,
    /// Whose.
    pub credential: CredentialId,
    /// From a journal.
    pub replayed: bool,
    /// After its attempt had been given up.
    pub late: bool,
}

/// Notes it, once for each attempt.
pub async fn note(
    db: &mut impl Execute,
    recovered: &Recovered,
    now: Millis,
) -> Result<(), DbError> {
    let statement = sql(
        "INSERT INTO {recovered} (attempt_id, credential_id, replayed, late, recorded_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(recovered.attempt)
    .bind(recovered.credential)
    .bind(recovered.replayed)
    .bind(recovered.late)
    .bind(now);
    db.insert_if_absent(statement).await.map(|_| ())
}
