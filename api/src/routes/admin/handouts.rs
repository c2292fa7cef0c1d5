//! How often tokens were handed out: of a credential, and to a key.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use rt_manage_shared::{
    db::{
        grants,
        handouts::{self, About, Counted, Tally},
        keys,
    },
    id::{CredentialId, KeyId},
    model::key::{KeyRef, TokenKind},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    document::Problems,
    input::Id,
    keys::{cut, size},
};
use crate::{
    auth::{Look, Viewer},
    credentials::CredentialError,
    error::{FieldError, Problem},
    keys::KeyError,
    state::App,
};

/// How often a key was given a kind of token of a credential.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandOut)]
pub(super) struct View {
    #[schema(value_type = String)]
    credential_id: CredentialId,
    /// The id of a key, or `configured` for the configured `api_secret`.
    #[schema(value_type = String)]
    key_id: KeyRef,
    kind: TokenKind,
    count: u64,
    #[schema(format = DateTime)]
    first_at: String,
    #[schema(format = DateTime)]
    last_at: String,
}

impl From<(Counted, Tally)> for View {
    fn from((counted, tally): (Counted, Tally)) -> Self {
        Self {
            credential_id: counted.credential,
            key_id: counted.key,
            kind: counted.kind,
            count: tally.count,
            first_at: tally.first_at.to_rfc3339(),
            last_at: tally.last_at.to_rfc3339(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandOuts)]
pub(super) struct List {
    items: Vec<View>,
    /// What to give as `after` for those behind these; `null` where there are none.
    next: Option<String>,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// The `next` of another answer.
    after: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

type Asked = Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>;

/// How often the tokens of a credential were handed out, by key.
#[utoipa::path(get, path = "/credentials/{id}/handouts", tag = "keys", operation_id = "listHandOutsOfCredential",
    params(("id" = String, Path), ListQuery), responses((status = 200, body = List), Problems))]
pub(super) async fn of_credential(
    State(app): State<App>,
    _: Look,
    Id(id): Id,
    query: Asked,
) -> Result<Json<List>, Problem> {
    let list = list(&app, About::Credential(id), query).await?;
    if list.items.is_empty() && grants::read_one(&mut &app.db, id).await?.is_none() {
        return Err(CredentialError::NotFound.into());
    }
    Ok(Json(list))
}

/// How often tokens were handed out to a key, by credential. `configured` is the configured `api_secret`.
#[utoipa::path(get, path = "/keys/{id}/handouts", tag = "keys", operation_id = "listHandOutsToKey",
    params(("id" = String, Path), ListQuery), responses((status = 200, body = List), Problems))]
pub(super) async fn to_key(
    State(app): State<App>,
    _: Viewer,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
    query: Asked,
) -> Result<Json<List>, Problem> {
    let key = path.ok().and_then(|Path(text)| text.parse::<KeyRef>().ok());
    let key = key.ok_or(KeyError::NotFound)?;
    if let KeyRef::Made(id) = key {
        let found: Option<_> = keys::read(&mut &app.db, id).await?;
        found.ok_or(KeyError::NotFound)?;
    }
    list(&app, About::Key(key), query).await.map(Json)
}

async fn list(app: &App, about: About, query: Asked) -> Result<List, Problem> {
    let Ok(Query(query)) = query else {
        let detail =
            "the query takes `after` (the `next` of another answer) and `limit` (1 to 500)";
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_query",
            detail,
        ));
    };
    let limit = size(query.limit)?;
    let after = query.after.as_deref().map(|text| {
        let error = FieldError::new("after", "must be the `next` of another answer");
        place(text).ok_or_else(|| Problem::invalid(vec![error]))
    });
    let to_read = limit.saturating_add(1);
    let found = handouts::list(&mut &app.db, about, after.transpose()?, to_read).await?;
    let (found, goes_on) = cut(found, limit);
    let last = found.last().filter(|_| goes_on);
    Ok(List {
        next: last.map(|(counted, _)| {
            let other = match about {
                About::Credential(_) => counted.key.to_string(),
                About::Key(_) => counted.credential.to_string(),
            };
            format!("{other}.{}", counted.kind)
        }),
        items: found.into_iter().map(View::from).collect(),
    })
}

/// The place in a list that a `next` stands for.
fn place(text: &str) -> Option<(&str, TokenKind)> {
    let (id, kind) = text.split_once('.')?;
    let known = id.parse::<KeyId>().is_ok() || id.parse::<KeyRef>().is_ok();
    Some((id, TokenKind::parse(kind)?)).filter(|_| known)
}
