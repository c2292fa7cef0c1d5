//! The names of folders are as durable as what lies in them.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use super::{
    super::{Journal, JournalOptions},
    options,
};

thread_local! {
    static FOLDERS: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
}

/// Notes that the names in a folder were made durable, by this thread.
pub(in crate::journal) fn folder_synced(path: &Path) {
    FOLDERS.with_borrow_mut(|folders| folders.push(path.to_owned()));
}

/// The folders whose names this thread has made durable.
fn synced_folders() -> Vec<PathBuf> {
    FOLDERS.take()
}

/// A journal below new folders: a name that is not durable takes all below it along.
#[tokio::test]
async fn the_names_of_new_folders_are_durable() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        directory: directory.path().join("data/journal"),
        ..options(directory.path())
    };
    synced_folders();
    Journal::open(&options).unwrap().close().await;
    let synced = synced_folders();
    for folder in ["", "data", "data/journal"] {
        let folder = directory.path().join(folder);
        let found = synced
            .iter()
            .any(|path| path.components().eq(folder.components()));
        assert!(found, "{folder:?} is not among {synced:?}");
    }
}
