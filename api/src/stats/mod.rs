//! What a dashboard shows, read at a cost that does not grow with the number of credentials: counts over all of them come from a
//! snapshot that the leading scheduler renews, endings of attempts from sums by the hour.

mod read;

pub use read::{HourOfRefreshes, Stats, TopCode};

use rt_manage_shared::{
    clock::Millis,
    db::{
        Db, DbError,
        snapshots::{self, Snapshot},
        statistics::{self, Census},
    },
};

/// Name of the snapshot.
pub const CENSUS: &str = "census";

/// Counts all credentials and writes the result down. It takes as long as there are many of them: for the background.
pub async fn renew(db: &Db, now: Millis, auto: bool) -> Result<Census, DbError> {
    let census = statistics::census(&mut &*db, now, auto).await?;
    let value = serde_json::to_string(&census)
        .map_err(|error| DbError::Schema(format!("a snapshot cannot be written: {error}")))?;
    let snapshot = Snapshot {
        value,
        taken_at: now,
    };
    snapshots::write(&mut &*db, CENSUS, &snapshot).await?;
    Ok(census)
}

/// What was counted last, and as of when; one in a form of another version does not count.
async fn census(db: &Db) -> Result<Option<(Census, Millis)>, DbError> {
    let found = snapshots::read(&mut &*db, CENSUS).await?;
    Ok(found.and_then(|found| {
        let census = serde_json::from_str(&found.value).ok()?;
        Some((census, found.taken_at))
    }))
}
