//! Gates: calls are held at a point of their way until somebody lets them go, so that tests need no sleeps.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};

/// Where a call is held.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GatePoint {
    /// The request is read; the refresh token is not spent yet.
    BeforeRotation,
    /// The refresh token is spent; no byte of the answer is written yet.
    AfterRotation,
}

/// Which calls a gate holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GateSpec {
    /// Where.
    pub point: GatePoint,
    /// Only calls with refresh tokens of this account.
    #[serde(default)]
    pub account: Option<String>,
    /// Let this many calls pass first.
    #[serde(default)]
    pub skip: u64,
    /// Then hold this many; without a limit when absent.
    #[serde(default)]
    pub times: Option<u64>,
}

impl GateSpec {
    /// Holds every call at that point.
    pub fn at(point: GatePoint) -> Self {
        Self {
            point,
            account: None,
            skip: 0,
            times: None,
        }
    }

    /// For the refresh tokens of this account only.
    #[must_use]
    pub fn for_account(mut self, key: &str) -> Self {
        self.account = Some(key.to_owned());
        self
    }

    /// Holds this many calls; later ones pass.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Let `calls` calls pass first.
    #[must_use]
    pub fn skip(mut self, calls: u64) -> Self {
        self.skip = calls;
        self
    }
}

/// What was waited for did not happen in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("waited {waited:?} for {wanted}, saw {seen}")]
pub struct WaitTimeout {
    /// How many were waited for.
    pub wanted: u64,
    /// How many came.
    pub seen: u64,
    /// For how long.
    pub waited: Duration,
}

/// Waits until the counter has reached `wanted`.
pub(super) async fn wait_for(
    mut counter: watch::Receiver<u64>,
    wanted: u64,
    limit: Duration,
) -> Result<(), WaitTimeout> {
    let reached = tokio::time::timeout(limit, counter.wait_for(|seen| *seen >= wanted))
        .await
        .is_ok_and(|reached| reached.is_ok());
    if reached {
        return Ok(());
    }
    Err(WaitTimeout {
        wanted,
        seen: *counter.borrow(),
        waited: limit,
    })
}

#[derive(Debug)]
struct Row {
    id: u64,
    spec: GateSpec,
    arrived: watch::Sender<u64>,
    permits: Arc<Semaphore>,
}

/// All gates.
#[derive(Debug, Default)]
pub(super) struct Gates(Mutex<(u64, Vec<Row>)>);

impl Gates {
    fn with<T>(&self, work: impl FnOnce(&mut (u64, Vec<Row>)) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The gate's number and the count of calls that have come to it.
    pub(super) fn add(&self, spec: GateSpec) -> (u64, watch::Receiver<u64>) {
        self.with(|(last_id, rows)| {
            *last_id += 1;
            let (arrived, arrivals) = watch::channel(0);
            rows.push(Row {
                id: *last_id,
                spec,
                arrived,
                permits: Arc::new(Semaphore::new(0)),
            });
            (*last_id, arrivals)
        })
    }

    /// Passes the point: at once, or when the first gate that matches lets go.
    pub(super) async fn pass(&self, point: GatePoint, account: Option<&str>) {
        let permits = self.with(|(_, rows)| {
            rows.iter_mut().find_map(|row| {
                let matches = row.spec.point == point
                    && (row.spec.account.is_none() || row.spec.account.as_deref() == account);
                if !matches || row.spec.times == Some(0) {
                    return None;
                }
                if row.spec.skip > 0 {
                    row.spec.skip -= 1;
                    return None;
                }
                if let Some(left) = &mut row.spec.times {
                    *left -= 1;
                }
                row.arrived.send_modify(|arrived| *arrived += 1);
                Some(Arc::clone(&row.permits))
            })
        });
        if let Some(permits) = permits {
            // An error means that the gate was opened for good.
            if let Ok(permit) = permits.acquire().await {
                permit.forget();
            }
        }
    }

    pub(super) fn arrivals(&self, id: u64) -> Option<watch::Receiver<u64>> {
        self.with(|(_, rows)| {
            rows.iter()
                .find(|row| row.id == id)
                .map(|row| row.arrived.subscribe())
        })
    }

    /// Lets `calls` held (or coming) calls go; all of them, and the gate is gone, when absent.
    pub(super) fn release(&self, id: u64, calls: Option<usize>) -> bool {
        self.with(|(_, rows)| {
            let Some(at) = rows.iter().position(|row| row.id == id) else {
                return false;
            };
            match calls {
                Some(calls) => rows[at].permits.add_permits(calls),
                None => rows.remove(at).permits.close(),
            }
            true
        })
    }

    pub(super) fn release_all(&self) {
        self.with(|(_, rows)| {
            for row in rows.drain(..) {
                row.permits.close();
            }
        });
    }
}

/// A gate that was set through the library. Dropping it opens it, so that a failing test does not hang.
#[derive(Debug)]
pub struct Gate {
    pub(super) id: u64,
    pub(super) gates: Arc<Gates>,
    pub(super) arrivals: watch::Receiver<u64>,
    pub(super) runtime: Handle,
}

impl Gate {
    /// How long [`Gate::reached`] waits at most.
    pub const LIMIT: Duration = Duration::from_secs(30);

    /// Number of the gate on the control routes.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How many calls have come to the gate so far.
    pub fn arrived(&self) -> u64 {
        *self.arrivals.borrow()
    }

    /// Waits until `calls` calls have come to the gate.
    pub async fn reached(&self, calls: u64) -> Result<(), WaitTimeout> {
        on_runtime(&self.runtime, self.arrivals.clone(), calls, Self::LIMIT).await
    }

    /// [`Gate::reached`] for tests that have no runtime.
    pub fn reached_blocking(&self, calls: u64) -> Result<(), WaitTimeout> {
        self.runtime
            .block_on(wait_for(self.arrivals.clone(), calls, Self::LIMIT))
    }

    /// Lets `calls` calls go and keeps the gate.
    pub fn release_some(&self, calls: usize) {
        self.gates.release(self.id, Some(calls));
    }

    /// Opens the gate for good.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.gates.release(self.id, None);
    }
}

/// Waits on the stand-in's own runtime: a test may have paused the time of its runtime.
pub(super) async fn on_runtime(
    runtime: &Handle,
    counter: watch::Receiver<u64>,
    wanted: u64,
    limit: Duration,
) -> Result<(), WaitTimeout> {
    let seen = *counter.borrow();
    runtime
        .spawn(wait_for(counter, wanted, limit))
        .await
        .unwrap_or(Err(WaitTimeout {
            wanted,
            seen,
            waited: Duration::ZERO,
        }))
}
