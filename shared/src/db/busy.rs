//! Repeats work that met locked rows or was chosen as a dead-lock's victim.

use std::{future::Future, time::Duration};

use rand::RngExt as _;

use super::DbError;
use crate::clock::BootInstant;

/// How often work is tried: rows in id order make dead-locks rare, and two that meet seldom meet again.
const TRIES: u32 = 6;
/// Longest first pause; each further one may be twice as long. Much shorter than what a lock is waited for, which has
/// been done already when a time-out is reported.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// No repetition begins later than this: callers have time-outs of their own.
const PATIENCE: Duration = Duration::from_secs(15);

/// An error that may be [`DbError::Busy`] at heart.
pub trait MaybeBusy {
    /// Whether the same work, done again from its beginning, is likely to succeed.
    fn is_busy(&self) -> bool;
}

impl MaybeBusy for DbError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}

/// Runs `work`, which begins and commits a transaction of its own, until it is not [busy](MaybeBusy) any more or its
/// patience ends. What it does besides must bear to be repeated.
pub async fn repeat_while_busy<T, E, F>(mut work: impl FnMut() -> F) -> Result<T, E>
where
    E: MaybeBusy,
    F: Future<Output = Result<T, E>>,
{
    let begun = BootInstant::now();
    let mut longest = FIRST_PAUSE;
    for _ in 1..TRIES {
        match work().await {
            Err(error) if error.is_busy() && BootInstant::now().since(begun) < PATIENCE => {}
            result => return result,
        }
        // Of different length for everybody, or the same ones would meet again.
        let share: f64 = rand::rng().random();
        tokio::time::sleep(longest.mul_f64(share)).await;
        longest = longest.saturating_mul(2);
    }
    work().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> DbError {
        DbError::Busy(sqlx::Error::PoolTimedOut)
    }

    #[tokio::test]
    async fn busy_work_is_repeated_and_other_errors_are_not() {
        let mut tries = 0;
        let result = repeat_while_busy(|| {
            tries += 1;
            let now = tries;
            async move { if now < 3 { Err(busy()) } else { Ok(now) } }
        });
        assert_eq!(result.await.unwrap(), 3);
        let mut tries = 0;
        let result: Result<(), _> = repeat_while_busy(|| {
            tries += 1;
            async { Err(DbError::Duplicate) }
        })
        .await;
        assert!(matches!(result, Err(DbError::Duplicate)));
        assert_eq!(tries, 1);
    }

    #[tokio::test]
    async fn patience_ends() {
        let mut tries = 0;
        let result: Result<(), _> = repeat_while_busy(|| {
            tries += 1;
            async { Err(busy()) }
        })
        .await;
        assert!(matches!(result, Err(DbError::Busy(_))));
        assert_eq!(tries, TRIES);
    }
}
