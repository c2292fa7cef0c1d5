//! `/settings`: the settings document and its history.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::HeaderName};
use rt_manage_shared::{
    config::{Shape, Source},
    db::settings::Version,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    document::Problems,
    entries::Versions,
    etag::{self, IfMatch, etag},
    input::Body,
};
use crate::{
    auth::{Admin, Look, Viewer},
    error::Problem,
    settings::{Document, Setting, Settings, SettingsError},
    state::App,
};

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Invalid(errors) => Self::invalid(errors),
            SettingsError::Changed(now) => etag::changed(Some(now)),
            SettingsError::Database(error)
            | SettingsError::Live(rt_manage_worker::LiveError::Database(error)) => error.into(),
            SettingsError::Unreadable | SettingsError::Live(_) => Self::internal(),
        }
    }
}

/// The settings: what is in force, what is saved, and what each may be.
#[derive(Serialize, ToSchema)]
pub(super) struct DocumentView {
    /// Rises with each change; 0 before the first one.
    version: i64,
    settings: Vec<SettingView>,
}

/// One setting.
#[derive(Serialize, ToSchema)]
#[schema(as = Setting)]
pub(super) struct SettingView {
    /// The dotted key of the configuration.
    key: &'static str,
    description: &'static str,
    /// What is in force.
    value: Value,
    /// What is in force where nobody sets it.
    default: Value,
    /// What is saved here; null where nothing is.
    saved: Value,
    source: SourceView,
    /// Where that is: a place in a file, a variable, a flag.
    place: String,
    /// Fixed by the environment or a flag: it cannot be changed here.
    locked: bool,
    /// Why the saved value does not count.
    ignored: Option<String>,
    #[serde(rename = "type")]
    kind: Kind,
    /// Whether an empty text unsets it.
    optional: bool,
    minimum: Option<u64>,
    maximum: Option<u64>,
    /// The words that it may be.
    choices: Option<Vec<&'static str>>,
}

/// What a value is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SettingType)]
enum Kind {
    Boolean,
    Integer,
    Integers,
    Text,
    Choice,
}

/// Where a value comes from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SettingSource)]
enum SourceView {
    Default,
    File,
    Database,
    Environment,
    Flag,
}

impl From<&Source> for SourceView {
    fn from(source: &Source) -> Self {
        match source {
            Source::Default => Self::Default,
            Source::File { .. } => Self::File,
            Source::Database => Self::Database,
            Source::Environment { .. } => Self::Environment,
            Source::Flag { .. } => Self::Flag,
        }
    }
}

impl From<Setting> for SettingView {
    fn from(setting: Setting) -> Self {
        let (kind, choices) = match setting.key.shape() {
            Shape::Boolean => (Kind::Boolean, None),
            Shape::Integer => (Kind::Integer, None),
            Shape::Integers => (Kind::Integers, None),
            Shape::Text => (Kind::Text, None),
            Shape::Choice(words) => (Kind::Choice, Some(words.to_vec())),
        };
        let range = setting.key.range();
        Self {
            key: setting.key.path(),
            description: setting.key.doc(),
            value: setting.value,
            default: setting.default,
            saved: setting.saved.unwrap_or(Value::Null),
            source: (&setting.source).into(),
            place: setting.source.to_string(),
            locked: setting.source.locks(),
            ignored: setting.ignored,
            kind,
            optional: setting.key.is_optional(),
            minimum: range.map(|(least, _)| least),
            maximum: range.map(|(_, most)| most),
            choices,
        }
    }
}

type Shown = ([(HeaderName, String); 1], Json<DocumentView>);

fn shown(document: Document) -> Shown {
    let version = document.version;
    let settings = document.settings.into_iter().map(SettingView::from);
    let view = DocumentView {
        version,
        settings: settings.collect(),
    };
    (etag(version), Json(view))
}

/// All settings. `ETag` is the version.
#[utoipa::path(get, path = "/settings", tag = "settings", operation_id = "readSettings",
    responses((status = 200, body = DocumentView, headers(("ETag" = String))), Problems))]
pub(super) async fn read(State(app): State<App>, _: Look) -> Result<Shown, Problem> {
    Ok(shown(Settings::of(&app).read().await?))
}

/// Saves values, by key; null removes what is saved here, and an empty text unsets what may be unset. Every process follows
/// within two seconds.
#[utoipa::path(patch, path = "/settings", tag = "settings", operation_id = "editSettings",
    params(("If-Match" = String, Header, description = "the ETag of what was read")),
    request_body(content = BTreeMap<String, Value>, description = "keys and their new values"),
    responses((status = 200, body = DocumentView, headers(("ETag" = String))), Problems))]
pub(super) async fn edit(
    State(app): State<App>,
    Admin(actor): Admin,
    IfMatch(version): IfMatch,
    Body(body): Body<BTreeMap<String, Value>>,
) -> Result<Shown, Problem> {
    let settings = Settings::of(&app);
    settings.edit(version, &body, &actor).await?;
    Ok(shown(settings.read().await?))
}

/// Versions of the settings, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct History {
    items: Vec<VersionView>,
    /// What to give as `before` for those behind these; null where there are none.
    next: Option<i64>,
}

/// A version of the settings.
#[derive(Serialize, ToSchema)]
#[schema(as = SettingsVersion)]
struct VersionView {
    version: i64,
    saved_by: String,
    #[schema(format = DateTime)]
    saved_at: String,
    /// By key, what it was and what it became; null: not saved.
    changes: BTreeMap<String, ChangeView>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = SettingChange)]
struct ChangeView {
    from: Value,
    to: Value,
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        Self {
            version: version.version,
            saved_by: version.saved_by,
            saved_at: version.saved_at.to_rfc3339(),
            // Written by ourselves; one that cannot be read is shown empty rather than not at all.
            changes: serde_json::from_str(&version.changes).unwrap_or_default(),
        }
    }
}

/// Who changed what, and when.
#[utoipa::path(get, path = "/settings/history", tag = "settings", operation_id = "listSettingsHistory",
    params(Versions), responses((status = 200, body = History), Problems))]
pub(super) async fn history(
    State(app): State<App>,
    _: Viewer,
    versions: Versions,
) -> Result<Json<History>, Problem> {
    let limit = versions.limit();
    let settings = Settings::of(&app);
    let mut found = settings.history(versions.before(), limit + 1).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = found.len() > shown;
    found.truncate(shown);
    Ok(Json(History {
        next: found.last().filter(|_| goes_on).map(|last| last.version),
        items: found.into_iter().map(VersionView::from).collect(),
    }))
}
