//! Connections to Redis that come back by themselves.

use std::{
    fmt,
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use redis::{
    Client, RedisError, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSub},
};

use crate::queue::QueueError;

/// A handshake that takes longer does not come about; TLS over an ocean takes one second.
const CONNECT: Duration = Duration::from_secs(5);
/// Consumers wait this long for an answer (measured.md: the library's 500 ms ends workers for a short pause).
const ANSWER: Duration = Duration::from_secs(10);
/// Commands for which a caller waits give up earlier.
const ASKED: Duration = Duration::from_secs(2);

/// Makes connections, and keeps one for commands.
pub(super) struct Link {
    client: Client,
    /// Replaced after an error, because the library gives up for good when a reconnection is refused for
    /// another reason than the network, a password for instance.
    commands: Mutex<Option<ConnectionManager>>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

impl Link {
    pub(super) fn new(url: &str) -> RedisResult<Self> {
        Ok(Self {
            client: Client::open(url)?,
            commands: Mutex::new(None),
        })
    }

    /// A new connection that is made at the first command. Refused connections fail at once: pauses between tries
    /// are the caller's.
    pub(super) fn connection(&self) -> RedisResult<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        ConnectionManager::new_lazy_with_config(self.client.clone(), config)
    }

    /// A connection for subscriptions.
    pub(super) async fn subscription(&self) -> Result<PubSub, QueueError> {
        match tokio::time::timeout(CONNECT, self.client.get_async_pubsub()).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(QueueError::TimedOut),
        }
    }

    /// Runs a short command over the common connection.
    pub(super) async fn run<T, F>(
        &self,
        command: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, QueueError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let connection = self.common()?;
        let result = match tokio::time::timeout(ASKED, command(connection)).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => QueueError::from(&error),
            Err(_) => QueueError::TimedOut,
        };
        if !matches!(result, QueueError::OutOfMemory | QueueError::Other(_)) {
            *self.slot() = None;
        }
        Err(result)
    }

    fn common(&self) -> Result<ConnectionManager, QueueError> {
        let mut slot = self.slot();
        if let Some(connection) = &*slot {
            return Ok(connection.clone());
        }
        let connection = self.connection()?;
        *slot = Some(connection.clone());
        Ok(connection)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<ConnectionManager>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
