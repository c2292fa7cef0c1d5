//! `/keys`: API keys. A secret is in the answer that makes it, and in no other.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{FromRequestParts, Path, Query, State},
    http::{HeaderName, StatusCode, header, request::Parts},
};
use rt_manage_shared::{
    clock::Millis,
    db::keys,
    id::KeyId,
    model::key::{ApiKey, KeyProfile, Reach, ReachKind, Scope, Scopes, Unusable, parse_time},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    document::Problems,
    input::{Body, patch},
};
use crate::{
    auth::{Admin, Viewer},
    credentials::Patch,
    error::{FieldError, Problem},
    keys::{KeyEdit, KeyError},
    state::App,
};

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let detail = error.to_string();
        match error {
            KeyError::Invalid(errors) => Self::invalid(errors),
            KeyError::NotFound => Self::not_found(detail),
            KeyError::Revoked => Self::new(StatusCode::CONFLICT, "key_revoked", detail),
            KeyError::Contended => Self::new(StatusCode::CONFLICT, "contended", detail),
            KeyError::Database(error) => error.into(),
        }
    }
}

/// The key that the address names. A text that is no id names none.
pub(super) struct KeyPath(KeyId);

impl<S: Send + Sync> FromRequestParts<S> for KeyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| KeyError::NotFound.into())
    }
}

/// The credentials that a key is good for: `all`, or those with one of some tags or `biz_id`s.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = KeyReach)]
#[serde(deny_unknown_fields)]
pub(super) struct ReachView {
    kind: ReachKind,
    /// Nothing where the kind is `all`.
    #[serde(default)]
    #[schema(max_items = 1000)]
    values: BTreeSet<String>,
}

impl ReachView {
    fn read(self) -> Result<Reach, FieldError> {
        match self.kind {
            ReachKind::All if self.values.is_empty() => Ok(Reach::All),
            ReachKind::All => Err(FieldError::new(
                "reach.values",
                "must be empty where the kind is `all`",
            )),
            ReachKind::Tags => Ok(Reach::Tags(self.values)),
            ReachKind::BizIds => Ok(Reach::BizIds(self.values)),
        }
    }
}

impl From<&Reach> for ReachView {
    fn from(reach: &Reach) -> Self {
        Self {
            kind: reach.kind(),
            values: reach.values().map(str::to_owned).collect(),
        }
    }
}

/// What a key is at the moment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum KeyStatus {
    Active,
    Disabled,
    Expired,
    Revoked,
}

/// A key without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(super) struct KeyView {
    #[schema(value_type = String)]
    id: KeyId,
    name: String,
    /// How the secret begins.
    prefix: String,
    scopes: Vec<Scope>,
    reach: ReachView,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// In each process.
    rate_limit_per_minute: Option<u32>,
    enabled: bool,
    status: KeyStatus,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// A minute more or less.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    created_by: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    revision: i64,
}

fn shown(app: &App, key: ApiKey) -> KeyView {
    let time = |at: Option<Millis>| at.map(Millis::to_rfc3339);
    let status = match key.unusable(app.clock.now()) {
        None => KeyStatus::Active,
        Some(Unusable::Disabled) => KeyStatus::Disabled,
        Some(Unusable::Expired) => KeyStatus::Expired,
        Some(Unusable::Revoked) => KeyStatus::Revoked,
    };
    let profile = key.profile;
    KeyView {
        id: key.id,
        name: profile.name,
        prefix: key.prefix,
        scopes: profile.scopes.list(),
        reach: ReachView::from(&profile.reach),
        expires_at: time(profile.expires_at),
        rate_limit_per_minute: profile.rate_limit_per_minute,
        enabled: profile.enabled,
        status,
        revoked_at: time(key.revoked_at),
        last_used_at: time(key.last_used_at),
        created_by: key.created_by,
        created_at: key.created_at.to_rfc3339(),
        updated_at: key.updated_at.to_rfc3339(),
        revision: key.revision,
    }
}

/// The configured `api_secret`, which is a key as well.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfiguredKey {
    scopes: Vec<Scope>,
    rate_limit_per_minute: Option<u32>,
    /// It is the published one, good for callers who are near only.
    placeholder: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Keys)]
pub(super) struct List {
    items: Vec<KeyView>,
    /// What to give as `before` for the keys behind these; `null` where there are none.
    #[schema(value_type = Option<String>)]
    next: Option<KeyId>,
    configured: ConfiguredKey,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Those that were revoked, instead of those that were not.
    #[serde(default)]
    revoked: bool,
    /// The `next` of another answer.
    #[param(value_type = Option<String>)]
    before: Option<KeyId>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Keys, newest first.
#[utoipa::path(get, path = "/keys", tag = "keys", operation_id = "listKeys", params(ListQuery), responses((status = 200, body = List), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Viewer,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<List>, Problem> {
    let Ok(Query(query)) = query else {
        let detail = "the query takes `revoked` (true or false), `before` (the `next` of another answer) and `limit` (1 to 500)";
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_query",
            detail,
        ));
    };
    let limit = size(query.limit)?;
    let to_read = limit.saturating_add(1);
    let found = keys::list(&mut &app.db, query.revoked, query.before, to_read).await?;
    let (found, goes_on) = cut(found, limit);
    let configured = app.keys.configured();
    Ok(Json(List {
        next: found.last().filter(|_| goes_on).map(|key| key.id),
        items: found.into_iter().map(|key| shown(&app, key)).collect(),
        configured: ConfiguredKey {
            scopes: configured.scopes.list(),
            rate_limit_per_minute: configured.rate_limit_per_minute,
            placeholder: app.config.auth.api_secret_is_placeholder(),
        },
    }))
}

/// Entries of a list where nobody says how many, and most of them.
const SIZES: (u32, u32) = (50, 500);

pub(super) fn size(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(SIZES.0);
    if (1..=SIZES.1).contains(&limit) {
        return Ok(limit);
    }
    let error = FieldError::new("limit", "must be from 1 to 500");
    Err(Problem::invalid(vec![error]))
}

/// What belongs on the page, and whether there is more: one more than that was read.
pub(super) fn cut<T>(mut found: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let goes_on = found.len() > limit;
    found.truncate(limit);
    (found, goes_on)
}

/// One key.
#[utoipa::path(get, path = "/keys/{id}", tag = "keys", operation_id = "readKey", params(("id" = String, Path)), responses((status = 200, body = KeyView), Problems))]
pub(super) async fn read(
    State(app): State<App>,
    _: Viewer,
    KeyPath(id): KeyPath,
) -> Result<Json<KeyView>, Problem> {
    let found = keys::read(&mut &app.db, id).await?;
    Ok(Json(shown(&app, found.ok_or(KeyError::NotFound)?)))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CreateKey)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// `get_at`, `refresh`, `view` or `manage`, or several of them, and `read_rt` on top.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// All credentials where it is absent; nothing else beside `view` and `manage`.
    reach: Option<ReachView>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    rate_limit_per_minute: Option<u32>,
    enabled: Option<bool>,
}

/// A key that was just made. Nobody sees its secret again.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedKey {
    secret: String,
    key: KeyView,
}

/// Makes a key.
#[utoipa::path(post, path = "/keys", tag = "keys", operation_id = "createKey", request_body = Create, responses((status = 201, body = CreatedKey), Problems))]
pub(super) async fn create(
    State(app): State<App>,
    Admin(actor): Admin,
    Body(body): Body<Create>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CreatedKey>), Problem> {
    let mut errors = Vec::new();
    let reach = body.reach.map_or(Ok(Reach::All), ReachView::read);
    let reach = reach.unwrap_or_else(|error| {
        errors.push(error);
        Reach::All
    });
    let expires_at = body.expires_at.and_then(|text| time(&text, &mut errors));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let profile = KeyProfile {
        name: body.name,
        scopes: Scopes::new(&body.scopes),
        reach,
        expires_at,
        rate_limit_per_minute: body.rate_limit_per_minute,
        enabled: body.enabled.unwrap_or(true),
    };
    let new = app.keys.create(profile, &actor).await?;
    let location = [(header::LOCATION, format!("/api/v1/keys/{}", new.key.id))];
    let created = CreatedKey {
        secret: new.secret.expose().to_owned(),
        key: shown(&app, new.key),
    };
    Ok((StatusCode::CREATED, location, Json(created)))
}

fn time(text: &str, errors: &mut Vec<FieldError>) -> Option<Millis> {
    let time = parse_time(text);
    if time.is_none() {
        let message = "must be a time as in RFC 3339, such as 2030-01-31T00:00:00Z";
        errors.push(FieldError::new("expires_at", message));
    }
    time
}

/// Absent fields stay as they are (RFC 7396); `null` takes the expiry, or the limit, away.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangeKey)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
    name: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Vec<Scope>, required = false, min_items = 1)]
    scopes: Patch<Vec<Scope>>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = ReachView, required = false)]
    reach: Patch<ReachView>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, required = false, format = DateTime)]
    expires_at: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1, maximum = 1_000_000)]
    rate_limit_per_minute: Patch<u32>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = bool, required = false)]
    enabled: Patch<bool>,
}

/// Changes a key. Its secret stays.
#[utoipa::path(patch, path = "/keys/{id}", tag = "keys", operation_id = "editKey", params(("id" = String, Path)), request_body = Change,
    responses((status = 200, body = KeyView), Problems))]
pub(super) async fn edit(
    State(app): State<App>,
    Admin(actor): Admin,
    KeyPath(id): KeyPath,
    Body(body): Body<Change>,
) -> Result<Json<KeyView>, Problem> {
    let mut errors = Vec::new();
    let edit = KeyEdit {
        name: body.name,
        scopes: body.scopes,
        reach: match body.reach {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(reach) => reach.read().map_or_else(
                |error| {
                    errors.push(error);
                    Patch::Keep
                },
                Patch::Set,
            ),
        },
        expires_at: match body.expires_at {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(text) => time(&text, &mut errors).map_or(Patch::Keep, Patch::Set),
        },
        rate_limit_per_minute: body.rate_limit_per_minute,
        enabled: body.enabled,
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let key = app.keys.edit(id, &edit, &actor).await?;
    Ok(Json(shown(&app, key)))
}

/// Revokes a key, for good. It stays in the list of those that were revoked.
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys", operation_id = "revokeKey", params(("id" = String, Path)),
    responses((status = 204, description = "the key opens nothing any more"), Problems))]
pub(super) async fn revoke(
    State(app): State<App>,
    Admin(actor): Admin,
    KeyPath(id): KeyPath,
) -> Result<StatusCode, Problem> {
    app.keys.revoke(id, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
