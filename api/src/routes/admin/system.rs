//! `GET /system`: what the installation stands on, and `POST /system/key-backup`.

use axum::{Json, extract::State, http::StatusCode};
use rt_manage_shared::db::Applied;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{document::Problems, input::Body};
use crate::{
    auth::{Admin, Look},
    error::{FieldError, Problem},
    state::App,
    system::{self, ConfirmError, Database, Origin, SealingKeys},
};

/// What the installation stands on, as the process sees it that answers.
#[derive(Serialize, ToSchema)]
#[schema(as = System)]
pub(super) struct SystemView {
    /// Of the program.
    version: &'static str,
    database: DatabaseView,
    queue: QueueKind,
    sealing_keys: SealingKeysView,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SystemDatabase)]
struct DatabaseView {
    /// `sqlite`, `mysql` or `postgres`.
    #[schema(value_type = String)]
    kind: &'static str,
    /// The version of the engine, as it says it.
    engine: String,
    /// The version of the schema.
    schema: i64,
    /// The steps that led to it.
    migrations: Vec<MigrationView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SchemaMigration)]
struct MigrationView {
    version: i64,
    description: String,
    #[schema(format = DateTime)]
    applied_at: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = QueueKind)]
enum QueueKind {
    /// In the process itself, with the worker.
    Embedded,
    /// In Redis, for workers of their own.
    Redis,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SealingKeysOrigin)]
enum OriginView {
    /// The file that `security.key_file` names.
    File,
    /// `security.master_keys`, normally from the environment.
    Configuration,
}

/// The keys that seal stored tokens. Their ids are no secrets.
#[derive(Serialize, ToSchema)]
#[schema(as = SealingKeys)]
pub(super) struct SealingKeysView {
    origin: OriginView,
    /// The id of the key that new values are sealed with.
    active: String,
    /// The key was made at the first start, and nobody has said yet that it is backed up.
    backup_unconfirmed: bool,
    /// Those that stored values may be sealed with.
    keys: Vec<SealingKeyView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SealingKey)]
struct SealingKeyView {
    id: String,
    #[schema(format = DateTime)]
    since: String,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = KeyBackupConfirm)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    /// Without the key no stored token can be read: whoever confirms says so by `true`.
    #[serde(default)]
    backed_up: bool,
}

/// What the installation stands on: versions, database and its migrations, queue, and the ids of the sealing keys.
#[utoipa::path(get, path = "/system", tag = "live", operation_id = "system",
    responses((status = 200, body = SystemView), Problems))]
pub(super) async fn read(State(app): State<App>, _: Look) -> Result<Json<SystemView>, Problem> {
    let database = system::database(&app.db).await?;
    Ok(Json(SystemView {
        version: env!("CARGO_PKG_VERSION"),
        database: database.into(),
        queue: match app.config.queue.url {
            Some(_) => QueueKind::Redis,
            None => QueueKind::Embedded,
        },
        sealing_keys: keys(&app).await?,
    }))
}

/// Confirms that the sealing key which was made at the first start is backed up: nobody is asked for it any more. Each host that
/// has a key file of its own is told by itself.
#[utoipa::path(post, path = "/system/key-backup", tag = "live", operation_id = "confirmKeyBackup", request_body = Confirm,
    responses((status = 200, body = SealingKeysView), Problems))]
pub(super) async fn confirm_backup(
    State(app): State<App>,
    Admin(actor): Admin,
    Body(body): Body<Confirm>,
) -> Result<Json<SealingKeysView>, Problem> {
    if !body.backed_up {
        let message =
            "must be true: copy the key file to a safe place first, apart from the database";
        let error = FieldError::new("backed_up", message);
        return Err(Problem::invalid(vec![error]));
    }
    let config = &app.config.security;
    system::confirm_backup(&app.db, config, &actor, app.clock.now()).await?;
    Ok(Json(keys(&app).await?))
}

async fn keys(app: &App) -> Result<SealingKeysView, Problem> {
    let SealingKeys {
        origin,
        backup_unconfirmed,
        registered,
    } = system::sealing_keys(&app.db, &app.config.security).await?;
    Ok(SealingKeysView {
        origin: match origin {
            Origin::File => OriginView::File,
            Origin::Configuration => OriginView::Configuration,
        },
        active: app.vault.keyring().active_id().to_string(),
        backup_unconfirmed,
        keys: registered
            .into_iter()
            .map(|key| SealingKeyView {
                id: key.key_id,
                since: key.since.to_rfc3339(),
            })
            .collect(),
    })
}

impl From<Database> for DatabaseView {
    fn from(database: Database) -> Self {
        let newest = database.migrations.last();
        Self {
            kind: database.kind,
            engine: database.engine,
            schema: newest.map_or(0, |step| step.version),
            migrations: database.migrations.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Applied> for MigrationView {
    fn from(step: Applied) -> Self {
        Self {
            version: step.version,
            description: step.description,
            applied_at: step.at.to_rfc3339(),
        }
    }
}

impl From<ConfirmError> for Problem {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::File(_) => {
                tracing::warn!(error = %error, "the key file was not changed");
                Self::new(
                    StatusCode::CONFLICT,
                    "key_file_unwritable",
                    error.to_string(),
                )
            }
            ConfirmError::Database(error) => error.into(),
        }
    }
}
