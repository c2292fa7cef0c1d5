//! Who may use a database beside whom.

use std::{path::PathBuf, time::Duration};

use rt_manage_shared::db::{
    Db, DbOptions, Dialect,
    lock::{LockError, LockMode, ProcessLock},
};

use crate::support::Place;

/// A process: nothing of its database is shared with the others.
struct Process {
    db: Db,
    file: PathBuf,
}

impl Process {
    async fn start(place: &Place) -> Self {
        Self::start_as(place, "").await
    }

    async fn start_as(place: &Place, prefix: &str) -> Self {
        let options = DbOptions {
            table_prefix: prefix.into(),
            ..place.options()
        };
        Self {
            // Without a schema: the lock comes before the first migration.
            db: Db::open(&options).await.unwrap(),
            file: place.folder.path().join("data/tokens.db"),
        }
    }

    async fn lock(&self, mode: LockMode) -> Result<ProcessLock, LockError> {
        self.db.lock(mode, &self.file).await
    }

    /// Servers notice the end of a connection a little later.
    async fn lock_soon(&self, mode: LockMode) -> ProcessLock {
        for _ in 0..100 {
            if let Ok(lock) = self.lock(mode).await {
                return lock;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.lock(mode).await.unwrap()
    }

    async fn is_refused(&self, mode: LockMode, because: &str) {
        let error = self.lock(mode).await.unwrap_err();
        assert!(matches!(error, LockError::Taken(_)), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains(because) && text.contains("queue.url"),
            "{text}"
        );
    }
}

pub(crate) async fn embedded_processes_are_alone(place: Place) {
    let (one, other) = (Process::start(&place).await, Process::start(&place).await);
    let mut lock = one.lock(LockMode::Alone).await.unwrap();
    for _ in 0..2 {
        other.is_refused(LockMode::Alone, "in embedded mode").await;
        other
            .is_refused(LockMode::Together, "without `queue.url`")
            .await;
        lock.keep().await.unwrap();
    }
    if place.dialect != Dialect::Sqlite {
        let elsewhere = Process::start_as(&place, "other").await;
        elsewhere.lock(LockMode::Alone).await.unwrap();
    }
    drop(lock);
    let _lock = other.lock_soon(LockMode::Together).await;
}

pub(crate) async fn processes_over_redis_are_together(place: Place) {
    let mut locks = Vec::new();
    for _ in 0..3 {
        locks.push(
            Process::start(&place)
                .await
                .lock(LockMode::Together)
                .await
                .unwrap(),
        );
    }
    let embedded = Process::start(&place).await;
    while let Some(lock) = locks.pop() {
        embedded.is_refused(LockMode::Alone, "over Redis").await;
        // The refused one leaves nothing behind that keeps others out.
        let newcomer = Process::start(&place).await;
        let mut newcomer = newcomer.lock(LockMode::Together).await.unwrap();
        newcomer.keep().await.unwrap();
        drop(lock);
    }
    let _lock = embedded.lock_soon(LockMode::Alone).await;
}

pub(crate) async fn of_two_modes_at_once_at_most_one_is_admitted(place: Place) {
    let (one, other) = (Process::start(&place).await, Process::start(&place).await);
    for _ in 0..10 {
        let (alone, together) =
            tokio::join!(one.lock(LockMode::Alone), other.lock(LockMode::Together));
        assert!(alone.is_ok() != together.is_ok(), "{alone:?} {together:?}");
        drop((alone, together));
        drop(one.lock_soon(LockMode::Alone).await);
        drop(one.lock_soon(LockMode::Together).await);
        drop(one.lock_soon(LockMode::Alone).await);
    }
}

pub(crate) async fn a_lock_that_was_lost_is_taken_again(place: Place) {
    if place.dialect == Dialect::Sqlite {
        return;
    }
    let (one, other) = (Process::start(&place).await, Process::start(&place).await);
    for mode in [LockMode::Alone, LockMode::Together] {
        let mut lock = one.lock_soon(mode).await;
        place.cut_connections(&other.db).await;
        lock.keep().await.unwrap();
        place.cut_connections(&other.db).await;
        // Somebody of the other mode is faster.
        let rival = match mode {
            LockMode::Alone => LockMode::Together,
            LockMode::Together => LockMode::Alone,
        };
        let rival = other.lock_soon(rival).await;
        assert!(matches!(lock.keep().await, Err(LockError::Taken(_))));
        drop((lock, rival));
    }
}
