//! What tests build a worker from.

use std::path::Path;

use rt_manage_shared::{
    clock::Clock,
    config::Config,
    db::{Db, DbOptions},
    notify::Notifier,
    vault::{Keyring, Vault},
};
use tokio_util::sync::CancellationToken;

use crate::{Live, WorkerParts, WorkerSettings};

/// A database with the schema, and a journal, in this folder.
pub(crate) async fn parts(folder: &Path) -> WorkerParts {
    let mut config = Config::default();
    config.journal.directory = folder.join("journal");
    let db = Db::open(&DbOptions::sqlite(folder.join("t.db")))
        .await
        .unwrap();
    db.migrate().await.unwrap();
    let keys = Keyring::parse(&Keyring::generate_text("k1")).unwrap();
    WorkerParts {
        db,
        vault: Vault::new(keys),
        clock: Clock::new(),
        notifier: Notifier::in_process(),
        settings: Live::fixed(WorkerSettings::resolve(&config).unwrap()),
        draining: CancellationToken::new(),
    }
}
