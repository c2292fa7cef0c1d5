//! A subscription that is kept alive.

use std::time::Duration;

use futures::StreamExt as _;
use rand::RngExt as _;
use tokio_util::sync::CancellationToken;

use super::link::Link;
use crate::queue::QueueError;

/// A connection on which nothing is said is asked for a sign of life this often: it would not notice that the
/// other end is gone.
const PING: Duration = Duration::from_secs(10);
/// No answer to that within this time: it is gone.
const PONG: Duration = Duration::from_secs(5);
/// Pauses between tries to connect, with up to half of them added at random.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Calls `hear` with each message (channel, text) until `stop`, and with `None` each time when the subscription has
/// been made: what was said before was missed.
pub(super) async fn run(
    link: &Link,
    channels: &[String],
    stop: &CancellationToken,
    mut hear: impl FnMut(Option<(&str, &[u8])>),
) {
    let mut pause = RETRY_FIRST;
    loop {
        let mut heard = false;
        let ended = tokio::select! {
            ended = subscribed(link, channels, |message| { heard = true; hear(message) }) => ended,
            () = stop.cancelled() => return,
        };
        if heard {
            pause = RETRY_FIRST;
            tracing::warn!(error = %ended, "announcements are not heard; looking without them");
        } else {
            tracing::debug!(error = %ended, "no subscription yet");
        }
        let jitter: f64 = rand::rng().random_range(0.0..0.5);
        tokio::select! {
            () = tokio::time::sleep(pause.mul_f64(1.0 + jitter)) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(RETRY_MAX);
    }
}

async fn subscribed(
    link: &Link,
    channels: &[String],
    mut hear: impl FnMut(Option<(&str, &[u8])>),
) -> QueueError {
    let mut connection = match link.subscription().await {
        Ok(connection) => connection,
        Err(error) => return error,
    };
    if let Err(error) = connection.subscribe(channels).await {
        return error.into();
    }
    let (mut ask, mut messages) = connection.split();
    hear(None);
    loop {
        match tokio::time::timeout(PING, messages.next()).await {
            Ok(Some(message)) => hear(Some((
                message.get_channel_name(),
                message.get_payload_bytes(),
            ))),
            Ok(None) => return QueueError::Unreachable,
            Err(_) => match tokio::time::timeout(PONG, ask.ping::<()>()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error.into(),
                Err(_) => return QueueError::TimedOut,
            },
        }
    }
}
