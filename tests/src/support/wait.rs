//! Waiting for a condition, with a limit: never for luck.

use std::{future::Future, time::Duration};

/// How long a condition may take to come true on a busy two-core machine before the test fails. The longest honest wait
/// is that for the end of an outage: an open circuit and the spread after it take up to a minute.
const LIMIT: Duration = Duration::from_mins(2);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// Waits until `condition` holds; fails the test with `what` otherwise.
pub async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    until_some(what, || {
        let holds = condition();
        async { holds.await.then_some(()) }
    })
    .await;
}

/// Waits until `look` finds something; fails the test with `what` otherwise.
pub async fn until_some<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let search = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(LIMIT, search)
        .await
        .unwrap_or_else(|_| panic!("waited {} s in vain: {what}", LIMIT.as_secs()))
}
