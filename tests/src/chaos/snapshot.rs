//! [`Snapshot`]: what database, orphans and journals hold at one moment, with the tokens opened.

use std::{collections::HashMap, path::Path};

use rt_manage_shared::{
    bootstrap::{self, Role},
    clock::{Clock, Millis},
    config::Config,
    db::{Db, Execute as _, Row, grants, sql, system, tokens},
    id::CredentialId,
    model::grant::StateName,
    openai::{CallResult, Outcome, RawAnswer, classify},
    vault::{Place, Secret, Vault},
};
use rt_manage_worker::journal;

/// A credential as stored.
#[derive(Debug, Clone)]
pub struct StoredCredential {
    /// Its `biz_id`: the account's key.
    pub biz_id: String,
    /// The state of its grant.
    pub state: StateName,
    /// Its refresh token.
    pub token: String,
}

/// An attempt as stored.
#[derive(Debug, Clone)]
pub struct StoredAttempt {
    /// Its id.
    pub id: String,
    /// Fingerprint of the refresh token that it is about, as stored.
    pub rt_fp: String,
    /// Its outcome, once finished.
    pub outcome: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// The worker that claimed it.
    pub worker: Option<String>,
    /// Whether it was a deliberate second use of a doubtful token.
    pub probe: bool,
}

/// An answer in a journal.
#[derive(Debug, Clone)]
pub struct JournalledAnswer {
    /// The attempt.
    pub attempt: String,
    /// The refresh token that it brought, where it brought one.
    pub successor: Option<String>,
    /// Whether some journal calls the attempt recorded: then nobody replays it any more.
    pub done: bool,
}

/// Everything that is stored anywhere.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The credentials that are not deleted.
    pub credentials: Vec<StoredCredential>,
    /// All attempts.
    pub attempts: Vec<StoredAttempt>,
    /// Refresh tokens in the table of orphans.
    pub orphans: Vec<String>,
    /// Answers in journals.
    pub answers: Vec<JournalledAnswer>,
    /// Attempts that some journal has an intent of, with the worker whose journal it is, by the fingerprint of their token.
    pub intents: HashMap<String, HashMap<String, String>>,
    /// The switches that are on.
    pub switches: Vec<String>,
    /// What could not be read or opened; there must be nothing.
    pub unreadable: Vec<String>,
}

/// Rows read at once.
const PAGE: u32 = 1000;

impl Snapshot {
    /// Reads everything.
    pub async fn take(config: &Config, db: &Db) -> Self {
        let clock = Clock::new();
        let vault = bootstrap::open_vault(config, db, &clock, Role::Worker)
            .await
            .expect("the sealing key");
        let mut snapshot = Self {
            attempts: attempts(db).await,
            ..Self::default()
        };
        snapshot.read_credentials(db, &vault).await;
        for orphan in tokens::orphans(&mut &*db, None, u32::MAX)
            .await
            .expect("orphans")
        {
            let attempt = orphan.attempt.to_string();
            match successor(&vault, &attempt, &orphan.answer) {
                Ok(token) => snapshot.orphans.extend(token),
                Err(error) => snapshot.unreadable.push(error),
            }
        }
        for switch in system::switches(&mut &*db).await.expect("switches") {
            snapshot.switches.push(switch.name);
        }
        snapshot.read_journals(&config.journal.directory, &vault);
        snapshot
    }

    async fn read_credentials(&mut self, db: &Db, vault: &Vault) {
        let mut after = String::new();
        loop {
            let page = sql(
                "SELECT id, biz_id FROM {credentials} WHERE id > ? AND tombstone = '' ORDER BY id LIMIT ?",
            )
            .bind(after.as_str())
            .bind(PAGE);
            let rows = (&mut &*db).fetch_all(page).await.expect("credentials");
            let Some(last) = rows.last() else { return };
            after = text(last, "id");
            let ids: Vec<CredentialId> = rows
                .iter()
                .map(|row| text(row, "id").parse().expect("an id"))
                .collect();
            let records = grants::read(&mut &*db, &ids).await.expect("grants");
            for (row, record) in rows.iter().zip(records) {
                let id = text(row, "id");
                assert_eq!(
                    id,
                    record.grant.credential.to_string(),
                    "each has one grant"
                );
                match open(vault, ("grants", &id, "rt"), &record.rt) {
                    Ok(token) => self.credentials.push(StoredCredential {
                        biz_id: text(row, "biz_id"),
                        state: record.grant.state.name(),
                        token: token.expose().to_owned(),
                    }),
                    Err(error) => self.unreadable.push(error),
                }
            }
        }
    }

    fn read_journals(&mut self, directory: &Path, vault: &Vault) {
        let scan = journal::scan(directory);
        self.unreadable.extend(scan.failure.iter().cloned());
        for damage in scan.damage() {
            self.unreadable.push(format!("{damage:?}"));
        }
        let done = scan.done();
        for folder in &scan.folders {
            for entry in folder.entries() {
                if let journal::JournalEntry::Intent(intent) = entry {
                    let on_token = self.intents.entry(intent.rt_fp.clone()).or_default();
                    on_token.insert(intent.attempt.to_string(), folder.worker.to_string());
                }
            }
            for answer in folder.answers() {
                let attempt = answer.attempt.to_string();
                let opened = answer
                    .read()
                    .map_err(|error| error.to_string())
                    .and_then(|read| successor(vault, &attempt, &read.sealed));
                match opened {
                    Ok(successor) => self.answers.push(JournalledAnswer {
                        done: done.contains(&answer.attempt),
                        attempt,
                        successor,
                    }),
                    Err(error) => self.unreadable.push(error),
                }
            }
        }
    }
}

async fn attempts(db: &Db) -> Vec<StoredAttempt> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page = sql(
            "SELECT id, rt_fp, outcome, code, worker, probe FROM {attempts} WHERE id > ? ORDER BY id LIMIT ?",
        )
        .bind(after.as_str())
        .bind(PAGE);
        let rows = (&mut &*db).fetch_all(page).await.expect("attempts");
        let Some(last) = rows.last() else { return all };
        after = text(last, "id");
        all.extend(rows.iter().map(|row| StoredAttempt {
            id: text(row, "id"),
            rt_fp: text(row, "rt_fp"),
            outcome: row.opt_text("outcome").expect("an outcome"),
            code: row.opt_text("code").expect("a code"),
            worker: row.opt_text("worker").expect("a worker"),
            probe: row.flag("probe").expect("a flag"),
        }));
    }
}

fn text(row: &Row, column: &'static str) -> String {
    row.text(column).expect("a text")
}

fn open(
    vault: &Vault,
    (table, row, column): (&str, &str, &str),
    sealed: &[u8],
) -> Result<Secret, String> {
    let place = Place { table, row, column };
    vault
        .open_secret(place, sealed)
        .map_err(|error| format!("{table}.{column} of {row}: {error}"))
}

/// The refresh token in a sealed answer.
fn successor(vault: &Vault, attempt: &str, sealed: &[u8]) -> Result<Option<String>, String> {
    let place = Place {
        table: "journal",
        row: attempt,
        column: "answer",
    };
    let opened = vault
        .open(place, sealed)
        .map_err(|error| format!("answer of {attempt}: {error}"))?;
    let raw = RawAnswer::from_bytes(&opened).map_err(|error| error.to_string())?;
    Ok(match classify(&CallResult::Answer(raw), Millis(0)) {
        Outcome::Rotated(tokens) => tokens.refresh_token.map(|token| token.expose().to_owned()),
        _ => None,
    })
}
