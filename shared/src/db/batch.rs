//! Group commit: what waits is written in one transaction, then everybody is told.
//!
//! A durable commit costs a disk flush; a batch of 256 costs the same one. There is no timer: while one batch
//! is being flushed the next one gathers, so an idle system answers at once and a busy one batches by itself.
//! A batch that meets a lock or a dead-lock is repeated as a whole; one that fails is rolled back whole and repeated
//! item by item, so that one bad row harms no other.

use std::{future::Future, sync::Arc};

use tokio::sync::{mpsc, oneshot};

use super::{Db, DbError, Tx, repeat_while_busy};
use crate::hooks::{self, Step};

/// Most items in one transaction: enough to make the flush disappear, few enough to keep locks short.
const MAX_BATCH: usize = 256;

/// What a batch does with its items. Called with one transaction and one or more items; must answer for each
/// item, in their order. It may be called again with the same items after a roll-back.
pub trait Work: Send + Sync + 'static {
    /// What goes in.
    type Item: Send + Sync + 'static;
    /// What comes out for each item.
    type Output: Send + 'static;
    /// The step that a batch reaches when all of it is written and nothing is committed.
    const BEFORE_COMMIT: Option<Step> = None;

    /// Applies the items inside `tx`, which is committed afterwards.
    fn apply(
        &self,
        tx: &mut Tx,
        items: &[Arc<Self::Item>],
    ) -> impl Future<Output = Result<Vec<Self::Output>, DbError>> + Send;
}

type Waiting<W> = (
    Arc<<W as Work>::Item>,
    oneshot::Sender<Result<<W as Work>::Output, DbError>>,
);

/// A handle to the one writer of this kind of work; cheap to clone. The writer ends when all handles are gone
/// and everything handed in has been answered.
pub struct Batcher<W: Work> {
    sender: mpsc::UnboundedSender<Waiting<W>>,
}

impl<W: Work> Clone for Batcher<W> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
        }
    }
}

impl<W: Work> std::fmt::Debug for Batcher<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batcher").finish_non_exhaustive()
    }
}

impl<W: Work> Batcher<W> {
    /// Starts the writer.
    pub fn start(db: Db, work: W) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(run(db, work, receiver));
        Self { sender }
    }

    /// Hands an item in and waits until it is durable.
    pub async fn submit(&self, item: Arc<W::Item>) -> Result<W::Output, DbError> {
        let (answer, waiting) = oneshot::channel();
        let closed = || DbError::Unavailable(sqlx::Error::WorkerCrashed);
        self.sender.send((item, answer)).map_err(|_| closed())?;
        waiting.await.map_err(|_| closed())?
    }
}

async fn run<W: Work>(db: Db, work: W, mut receiver: mpsc::UnboundedReceiver<Waiting<W>>) {
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    while receiver.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        let (items, answers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        match repeat_while_busy(|| write(&db, &work, &items)).await {
            Ok(outputs) => {
                for (answer, output) in answers.into_iter().zip(outputs) {
                    let _ = answer.send(Ok(output));
                }
            }
            Err(error) if items.len() == 1 || error.is_temporary() => {
                // The error belongs to all of them; each caller decides about repeating.
                tracing::debug!(error = %error, items = items.len(), "group commit failed");
                let mut error = Some(error);
                for answer in answers {
                    let shared = error
                        .take()
                        .unwrap_or_else(|| DbError::Unavailable(sqlx::Error::WorkerCrashed));
                    let _ = answer.send(Err(shared));
                }
            }
            Err(error) => {
                if !matches!(error, DbError::GuardMissed) {
                    tracing::warn!(error = %error, items = items.len(), "group commit failed, repeating one by one");
                }
                for (item, answer) in items.into_iter().zip(answers) {
                    let one = std::slice::from_ref(&item);
                    let result = repeat_while_busy(|| write(&db, &work, one)).await;
                    let _ = answer.send(result.and_then(|mut outputs| {
                        outputs.pop().ok_or_else(|| {
                            DbError::Schema("a batch answered for fewer items than it got".into())
                        })
                    }));
                }
            }
        }
    }
}

async fn write<W: Work>(
    db: &Db,
    work: &W,
    items: &[Arc<W::Item>],
) -> Result<Vec<W::Output>, DbError> {
    let mut tx = db.begin().await?;
    let outputs = work.apply(&mut tx, items).await?;
    if let Some(step) = W::BEFORE_COMMIT {
        hooks::step(step);
    }
    tx.commit().await?;
    Ok(outputs)
}
