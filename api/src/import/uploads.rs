//! [`Uploads`]: how many files are read at the same time. Each takes its size in memory, twice while its rows are sealed; clients that
//! send many must not take all of it.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Files that a process reads at the same time: one arrives while another is sealed.
const AT_ONCE: usize = 2;
/// How long one waits for its turn. A file that has arrived is read in a second or two, and clients wait longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Turns at reading files; cheap to clone.
#[derive(Debug, Clone)]
pub struct Uploads(Arc<Semaphore>);

impl Default for Uploads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Uploads {
    /// Waits for a turn, which ends when the answer is dropped. `None`: it did not come in time.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.0).acquire_owned();
        tokio::time::timeout(PATIENCE, turn).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_turn_comes_when_another_ends_or_not_at_all() {
        let uploads = Uploads::default();
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(uploads.turn().await.unwrap());
        }
        assert!(uploads.turn().await.is_none());
        let other = uploads.clone();
        let waiting = tokio::spawn(async move { other.turn().await.is_some() });
        tokio::time::sleep(PATIENCE / 2).await;
        turns.pop();
        assert!(waiting.await.unwrap());
    }
}
