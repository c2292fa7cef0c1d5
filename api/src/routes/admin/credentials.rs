//! `/credentials`: list, create, read, edit, delete.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use rt_manage_shared::{
    db::credentials::{self, Credential},
    id::ProxyId,
    vault::Secret,
};
use serde::{Deserialize, Serialize};

use super::{
    credential_view::{self, CredentialView},
    input::{Body, Id, patch},
    paging::Page,
};
use crate::{
    auth::{Admin, Viewer},
    credentials::{CredentialError, Credentials, Edit, NewCredential, Patch},
    error::Problem,
    state::App,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    biz_id: Option<String>,
    refresh_token: Secret,
    client_id: Option<String>,
    proxy: Option<Secret>,
    proxy_id: Option<ProxyId>,
    tag: Option<String>,
    memo: Option<String>,
    enabled: Option<bool>,
}

/// `POST /credentials`
pub(super) async fn create(
    State(app): State<App>,
    _: Admin,
    Body(body): Body<Create>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CredentialView>), Problem> {
    let new = NewCredential {
        biz_id: body.biz_id,
        refresh_token: body.refresh_token,
        client_id: body.client_id,
        proxy: body.proxy,
        proxy_id: body.proxy_id,
        tag: body.tag.unwrap_or_default(),
        memo: body.memo.unwrap_or_default(),
        enabled: body.enabled.unwrap_or(true),
        ..NewCredential::default()
    };
    let created = Credentials::of(&app).create(&new).await?;
    let location = [(
        header::LOCATION,
        format!("/api/v1/credentials/{}", created.id),
    )];
    Ok((StatusCode::CREATED, location, shown(&app, created).await?))
}

#[derive(Serialize)]
pub(super) struct List {
    items: Vec<CredentialView>,
    page: u32,
    page_size: u32,
    total: i64,
    /// There are more than `total`, which counts up to a limit where states are asked for.
    total_is_more: bool,
}

/// `GET /credentials`
pub(super) async fn list(
    State(app): State<App>,
    _: Viewer,
    page: Page,
) -> Result<Json<List>, Problem> {
    let db = &mut &app.db;
    let found = credentials::page(db, &page.states, page.offset(), page.size).await?;
    let (total, total_is_more) = if page.states.is_empty() {
        (credentials::total(db).await?, false)
    } else {
        let total = credentials::total_in(db, &page.states).await?;
        (i64::from(total.count), total.more)
    };
    Ok(Json(List {
        items: credential_view::of(&app, found).await?,
        page: page.number,
        page_size: page.size,
        total,
        total_is_more,
    }))
}

/// `GET /credentials/{id}`
pub(super) async fn read(
    State(app): State<App>,
    _: Viewer,
    Id(id): Id,
) -> Result<Json<CredentialView>, Problem> {
    let found = credentials::by_id(&mut &app.db, id).await?;
    let found = found.ok_or(CredentialError::NotFound)?;
    shown(&app, found).await
}

/// Absent fields stay as they are (RFC 7396); `null` empties those that can be empty.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default, deserialize_with = "patch")]
    biz_id: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    refresh_token: Patch<Secret>,
    #[serde(default, deserialize_with = "patch")]
    client_id: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    proxy: Patch<Secret>,
    #[serde(default, deserialize_with = "patch")]
    proxy_id: Patch<ProxyId>,
    #[serde(default, deserialize_with = "patch")]
    tag: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    memo: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    enabled: Patch<bool>,
}

/// `PATCH /credentials/{id}`
pub(super) async fn edit(
    State(app): State<App>,
    _: Admin,
    Id(id): Id,
    Body(body): Body<Change>,
) -> Result<Json<CredentialView>, Problem> {
    let edit = Edit {
        biz_id: body.biz_id,
        refresh_token: body.refresh_token,
        client_id: body.client_id,
        proxy: body.proxy,
        proxy_id: body.proxy_id,
        tag: body.tag,
        memo: body.memo,
        enabled: body.enabled,
    };
    let edited = Credentials::of(&app).edit(id, &edit).await?;
    shown(&app, edited).await
}

/// `DELETE /credentials/{id}`
pub(super) async fn delete(
    State(app): State<App>,
    _: Admin,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    Credentials::of(&app).delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn shown(app: &App, credential: Credential) -> Result<Json<CredentialView>, Problem> {
    Ok(Json(credential_view::of_one(app, credential).await?))
}
