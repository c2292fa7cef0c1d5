//! [`App`]: what request handlers work with. Cheap to clone; built once in `serve`.

use std::sync::Arc;

use rt_manage_shared::{
    clock::Clock, config::Config, db::Db, notify::Notifier, queue::Producer, vault::Vault,
};
use rt_manage_worker::{Live, Worker};

use crate::{
    auth::Sessions, events::Events, import::Uploads, jobs::Jobs, keys::Keys, refresh::Refresher,
};

/// The application state.
#[derive(Debug, Clone)]
pub struct App {
    /// The configuration as it was at the start; of what the console can set, `settings` has what is in force.
    pub config: Arc<Config>,
    /// The database.
    pub db: Db,
    /// Opens and seals tokens.
    pub vault: Vault,
    /// Stored time.
    pub clock: Clock,
    /// Announcements.
    pub notifier: Notifier,
    /// The settings in force: policy, egress, and all that the console can set.
    pub settings: Live,
    /// Requests refreshes and waits for them.
    pub refresher: Refresher,
    /// Issues and checks session tokens.
    pub sessions: Sessions,
    /// Who may call the public API.
    pub keys: Keys,
    /// Where jobs go.
    pub queue: Producer,
    /// Long operations.
    pub jobs: Jobs,
    /// Turns at reading files that are imported.
    pub uploads: Uploads,
    /// What happens now, for whoever listens.
    pub events: Events,
    /// The embedded worker, where there is one.
    pub worker: Option<Arc<Worker>>,
}
