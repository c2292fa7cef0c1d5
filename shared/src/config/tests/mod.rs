//! Tests of the whole module: the layers, what each mistake is answered with, that no secret
//! reaches a message, and the files that must load.

mod deadlines;
mod layers;
mod mistakes;
mod refresh;
mod secrets;
mod shipped;

use std::path::{Path, PathBuf};

use super::{Config, ConfigError, LoadOptions, Loaded};

/// A folder with a configuration file in it.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a scratch folder"))
    }

    pub(super) fn with(yaml: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        folder.write("test.yml", yaml);
        folder
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Options that name the file `test.yml` of this folder, and nothing else.
    pub(super) fn options(&self) -> LoadOptions {
        LoadOptions {
            file: Some(self.path().join("test.yml")),
            ..LoadOptions::default()
        }
    }
}

pub(super) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(super) fn try_yaml(yaml: impl AsRef<[u8]>) -> Result<Loaded, ConfigError> {
    Config::load(&Folder::with(yaml).options())
}

/// Loads a file that must be fine.
pub(super) fn load_yaml(yaml: &str) -> Loaded {
    try_yaml(yaml).unwrap_or_else(|error| panic!("{yaml}\n{error}"))
}

/// The problems of a file that must not load, one on a line.
pub(super) fn problems(yaml: &str) -> String {
    match try_yaml(yaml) {
        Ok(_) => panic!("loads, and should not:\n{yaml}"),
        Err(error) => error.to_string(),
    }
}
