//! A database server of a test's own, which it may stop and start again.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::Backend;

/// The script that knows how each server is started.
const SERVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test-services");

/// A MySQL (MariaDB) or PostgreSQL server with data of its own; it ends when dropped.
#[derive(Debug)]
pub struct PrivateDatabase {
    folder: TempDir,
    server: &'static str,
    url: String,
}

impl PrivateDatabase {
    /// Starts one. `None` for `SQLite`, which has no server.
    pub fn start(backend: Backend) -> Option<Self> {
        let (server, variable) = match backend {
            Backend::Sqlite => return None,
            Backend::MySql => ("mysql", "RTM_TEST_MYSQL_URL"),
            Backend::Postgres => ("postgres", "RTM_TEST_POSTGRES_URL"),
        };
        let folder = TempDir::new().expect("a scratch folder");
        open_to_others(folder.path());
        let settings = run(&["start", &data(&folder), server]);
        let url = settings
            .lines()
            .find_map(|line| line.strip_prefix("export ")?.split_once('='))
            .filter(|(name, _)| *name == variable)
            .map(|(_, value)| value.to_owned())
            .expect("the address of the server");
        Some(Self {
            folder,
            server,
            url,
        })
    }

    /// Its address, as in `RTM_TEST_MYSQL_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it, as an administrator would.
    pub fn halt(&self) {
        run(&["halt", &data(&self.folder), self.server]);
    }

    /// Starts it again where it was, with what it has stored.
    pub fn resume(&self) {
        run(&["resume", &data(&self.folder), self.server]);
    }

    /// Makes a copy of everything that it has stored, as a backup does; it is away meanwhile.
    pub fn copy(&self) {
        self.halt();
        copy_folder(&self.stored(), &self.copied());
        self.resume();
    }

    /// Puts the copy in the place of what it has stored since, under the feet of its clients.
    pub fn put_back(&self) {
        self.halt();
        std::fs::remove_dir_all(self.stored()).expect("the data removed");
        copy_folder(&self.copied(), &self.stored());
        self.resume();
    }

    fn stored(&self) -> PathBuf {
        self.folder.path().join("data").join(self.server)
    }

    fn copied(&self) -> PathBuf {
        self.folder.path().join("copy")
    }
}

/// With owners and permissions: the server runs as another user.
fn copy_folder(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(done.expect("cp runs").success(), "the data copied");
}

impl Drop for PrivateDatabase {
    fn drop(&mut self) {
        let _ = Command::new(SERVICES)
            .args(["stop", &data(&self.folder)])
            .status();
    }
}

fn data(folder: &TempDir) -> String {
    folder.path().join("data").display().to_string()
}

/// The server runs as another user, who must be able to reach its folder.
fn open_to_others(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(folder, mode).expect("a folder that others may pass");
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(SERVICES)
        .args(arguments)
        .output()
        .expect("scripts/test-services runs");
    assert!(
        output.status.success(),
        "scripts/test-services {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}
