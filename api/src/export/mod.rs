//! Exports: credentials with their tokens as a file, in our own two forms (lossless: `table` and `lines`) and in those of other
//! programs (`codex`, `cliproxyapi`, `sub2api`). To add a form: a file with a `Shape`, and a variant of [`Format`].
//!
//! The ids are fixed before the first byte, because the audit log tells their number before anything leaves: 16 bytes each.
//! Everything else is read and written page by page, so that an export of all costs no more memory than one of few.

mod archive;
mod cliproxyapi;
mod codex;
mod lines;
mod rows;
mod shape;
mod sub2api;
mod table;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures::{Stream, stream};
use rt_manage_shared::{
    clock::Clock,
    db::{Db, DbError, audit, credentials, lookup},
    id::CredentialId,
    model::audit::{Action, Actor, Deed},
    openai::ProxyUrlError,
    vault::{Vault, VaultError},
};
use rt_manage_worker::WorkerSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use self::{rows::Opener, shape::Shape};
use crate::{
    credentials::{Selection, selection::restorable_since},
    state::App,
};

pub use self::rows::COLUMNS;

/// Credentials that are read at once: with both tokens and a proxy some 10 KiB each at most.
const PAGE: usize = 200;
/// Credentials that are looked at in one step when all are selected that fit a filter.
const WINDOW: u32 = 1000;
/// Most ids of a selection that stand in the audit log by name; of more there stands the number.
const MAX_NAMED: usize = 100;

/// What an export is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Our own table, comma-separated.
    Csv,
    /// Our own lines: one JSON object each.
    Jsonl,
    /// `auth.json` of Codex: one file, or a ZIP of several.
    Codex,
    /// A file of `CLIProxyAPI`, or a ZIP of several.
    Cliproxyapi,
    /// A data file of sub2api.
    Sub2api,
}

impl Format {
    /// Its name in requests and in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Codex => "codex",
            Self::Cliproxyapi => "cliproxyapi",
            Self::Sub2api => "sub2api",
        }
    }

    /// The form for so many credentials.
    fn shape(self, count: usize) -> Box<dyn Shape> {
        match (self, count) {
            (Self::Csv, _) => Box::new(table::Table),
            (Self::Jsonl, _) => Box::new(lines::Lines),
            (Self::Codex, 1) => Box::new(codex::One),
            (Self::Codex, _) => Box::new(archive::Archive::new(codex::member)),
            (Self::Cliproxyapi, 1) => Box::new(cliproxyapi::One),
            (Self::Cliproxyapi, _) => Box::new(archive::Archive::new(cliproxyapi::member)),
            (Self::Sub2api, _) => Box::new(sub2api::Data::default()),
        }
    }

    /// Name and type of the file for so many credentials. No word of it comes from what is exported.
    const fn file(self, count: usize) -> (&'static str, &'static str) {
        const JSON: &str = "application/json";
        const ZIP: &str = "application/zip";
        match (self, count) {
            (Self::Csv, _) => ("credentials.csv", "text/csv; charset=utf-8"),
            (Self::Jsonl, _) => ("credentials.jsonl", "application/jsonl"),
            (Self::Codex, 1) => ("auth.json", JSON),
            (Self::Codex, _) => ("codex.zip", ZIP),
            (Self::Cliproxyapi, 1) => ("codex.json", JSON),
            (Self::Cliproxyapi, _) => ("cliproxyapi.zip", ZIP),
            (Self::Sub2api, _) => ("sub2api.json", JSON),
        }
    }
}

/// Why an export was not begun, or has stopped in the middle.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nothing to export.
    #[error("no credential is selected")]
    Nothing,
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A value does not open. The message names the credential and nothing of the value.
    #[error("credential {0}: {1}")]
    Sealed(CredentialId, VaultError),
    /// A named proxy does not open.
    #[error("a named proxy: {0}")]
    Named(VaultError),
    /// A stored proxy is none.
    #[error("credential {0}: the stored proxy: {1}")]
    Proxy(CredentialId, ProxyUrlError),
    /// A part of the file was not written.
    #[error("a part of the file could not be written: {0}")]
    Write(String),
}

impl ExportError {
    fn write(error: impl std::fmt::Display) -> Self {
        Self::Write(error.to_string())
    }
}

/// The use case; cheap to make.
#[derive(Debug, Clone)]
pub struct Exports {
    /// The database.
    pub db: Db,
    /// Opens what is sealed.
    pub vault: Vault,
    /// Stored time.
    pub clock: Clock,
    /// How long deleted ones are kept.
    pub settings: Arc<WorkerSettings>,
}

/// An export that is written down and may leave.
pub struct Export<S> {
    /// How many credentials there are in it.
    pub count: usize,
    /// Name of the file.
    pub name: &'static str,
    /// Its type.
    pub content_type: &'static str,
    /// Its pieces. One that fails ends the file in the middle, and whoever reads it notices by that.
    pub pieces: S,
}

impl Exports {
    /// The use case over the server's own parts.
    pub fn of(app: &App) -> Self {
        Self {
            db: app.db.clone(),
            vault: app.vault.clone(),
            clock: app.clock.clone(),
            settings: app.settings.current(),
        }
    }

    /// Finds what is selected, which was checked, and writes the export down. Of ids those count that are there and were not
    /// deleted; what a filter finds was deleted only where the filter asks for that.
    pub async fn start(
        &self,
        selection: &Selection,
        format: Format,
        actor: &Actor,
    ) -> Result<Export<impl Stream<Item = Result<Vec<u8>, ExportError>> + Send + use<>>, ExportError>
    {
        let deleted =
            matches!(selection, Selection::Filter(filters) if filters.deleted == Some(true));
        let ids = self.fixed(selection).await?;
        if ids.is_empty() {
            return Err(ExportError::Nothing);
        }
        let opener = Opener::new(&self.db, &self.vault).await?;
        let count = ids.len();
        let deed = Deed::new(Action::Export)
            .with("format", format.as_str())
            .with("count", count)
            .with("selection", described(selection));
        audit::record(&mut &self.db, actor, &deed, self.clock.now()).await?;
        tracing::warn!(by = %actor.name, count, format = format.as_str(), "credentials are exported with their tokens");
        let (name, content_type) = format.file(count);
        let writing = Writing {
            db: self.db.clone(),
            opener,
            ids,
            deleted,
            shape: format.shape(count),
            at: At::Begin(0),
        };
        Ok(Export {
            count,
            name,
            content_type,
            pieces: stream::try_unfold(writing, Writing::step),
        })
    }

    /// The ids of what is there now.
    async fn fixed(&self, selection: &Selection) -> Result<Vec<CredentialId>, ExportError> {
        let db = &mut &self.db;
        let now = self.clock.now();
        let mut fixed = Vec::new();
        match selection {
            Selection::Ids(ids) => {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                for page in ids.chunks(PAGE) {
                    let there = lookup::of_ids(db, page, false).await?;
                    fixed.extend(there.into_iter().map(|one| one.credential.id));
                }
            }
            Selection::Filter(filters) => {
                let filter = filters.read(restorable_since(&self.settings, now), &mut Vec::new());
                let mut after = None;
                loop {
                    let window = credentials::collect(db, &filter, now, after, WINDOW).await?;
                    fixed.extend(window.found.into_iter().map(|(id, _)| id));
                    after = window.next;
                    if after.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(fixed)
    }
}

/// A selection as the audit log tells it.
fn described(selection: &Selection) -> Value {
    match selection {
        Selection::Ids(ids) if ids.len() <= MAX_NAMED => {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            json!({ "ids": ids })
        }
        Selection::Ids(ids) => json!({ "ids": ids.len() }),
        Selection::Filter(filters) => json!({ "filter": filters }),
    }
}

/// Where an export stands.
#[derive(Clone, Copy)]
enum At {
    Begin(usize),
    /// In this pass, behind so many ids.
    Rows(usize, usize),
    End,
}

struct Writing {
    db: Db,
    opener: Opener,
    ids: Vec<CredentialId>,
    deleted: bool,
    shape: Box<dyn Shape>,
    at: At,
}

impl Writing {
    async fn step(mut self) -> Result<Option<(Vec<u8>, Self)>, ExportError> {
        let piece = match self.at {
            At::Begin(pass) if pass < self.shape.passes() => {
                self.at = At::Rows(pass, 0);
                self.shape.begin(pass)?
            }
            At::Begin(_) => {
                self.at = At::End;
                self.shape.end()?
            }
            At::Rows(pass, done) => {
                let page = self.ids.get(done..).unwrap_or_default();
                let page = page.get(..PAGE).unwrap_or(page);
                if page.is_empty() {
                    self.at = At::Begin(pass + 1);
                    Vec::new()
                } else {
                    let found = lookup::of_ids(&mut &self.db, page, self.deleted).await?;
                    self.at = At::Rows(pass, done + page.len());
                    let rows = self.opener.open(found)?;
                    self.shape.rows(pass, &rows)?
                }
            }
            At::End => return Ok(None),
        };
        Ok(Some((piece, self)))
    }
}
