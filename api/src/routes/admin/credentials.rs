//! `/credentials`: list, create, read, edit, delete.

#![allow(
    unused_qualifications,
    reason = "the macro qualifies what a query is documented by"
)]

use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderName, StatusCode, header},
};
use rt_manage_shared::{
    db::credentials::{self, Credential, Key},
    id::ProxyId,
    openai::Claims,
    vault::{Place, Secret},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    credential_view::{self, ClaimsView, CredentialView},
    document::Problems,
    etag::etag,
    input::{Body, Id, IfMatch, patch},
    listing::{FilterQuery, Listing, PageQuery, cursor},
};
use crate::{
    auth::{Look, Manage},
    credentials::{CredentialError, Credentials, Edit, NewCredential, Patch},
    error::Problem,
    state::App,
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// Its name; generated where absent.
    #[schema(min_length = 1, max_length = 255)]
    biz_id: Option<String>,
    /// Printable ASCII without spaces.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 4096)]
    refresh_token: Secret,
    /// The client id that the token was issued to; the configuration's where absent.
    #[schema(min_length = 1, max_length = 255)]
    client_id: Option<String>,
    /// An http, https, socks5 or socks5h URL; absent or empty: follows the configuration.
    #[schema(value_type = Option<String>)]
    proxy: Option<Secret>,
    /// A named proxy, instead of `proxy`.
    #[schema(value_type = Option<String>)]
    proxy_id: Option<ProxyId>,
    #[schema(max_length = 255)]
    tag: Option<String>,
    #[schema(max_length = 4096)]
    memo: Option<String>,
    #[schema(default = true)]
    enabled: Option<bool>,
}

/// Creates a credential.
#[utoipa::path(post, path = "/credentials", tag = "credentials", operation_id = "createCredential", request_body = Create,
    responses((status = 201, body = CredentialView, headers(("Location" = String), ("ETag" = String))), Problems))]
pub(super) async fn create(
    State(app): State<App>,
    Manage(actor): Manage,
    Body(body): Body<Create>,
) -> Result<(StatusCode, [(HeaderName, String); 2], Json<CredentialView>), Problem> {
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
    let created = Credentials::of(&app).create(&new, &actor).await?;
    let [etag] = etag(created.revision);
    let location = format!("/api/v1/credentials/{}", created.id);
    let headers = [(header::LOCATION, location), etag];
    let view = credential_view::of_one(&app, created).await?;
    Ok((StatusCode::CREATED, headers, Json(view)))
}

/// A page of credentials.
#[derive(Serialize, ToSchema)]
pub(super) struct CredentialList {
    items: Vec<CredentialView>,
    /// `null` where it was asked for by cursor.
    page: Option<u32>,
    page_size: u32,
    total: u32,
    /// There are more than `total`, or it is not known.
    total_is_more: bool,
    /// What to give as `after` for what follows; `null` where nothing does.
    next: Option<String>,
    /// More may fit on this page: the search ended at its limit and goes on at `next`, where there is one.
    incomplete: bool,
}

/// Lists credentials.
#[utoipa::path(get, path = "/credentials", tag = "credentials", operation_id = "listCredentials", params(PageQuery, FilterQuery),
    responses((status = 200, body = CredentialList), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Look,
    listing: Listing,
) -> Result<Json<CredentialList>, Problem> {
    let query = credentials::Query {
        filter: &listing.filter,
        sort: listing.sort,
        after: listing.after.clone(),
        skip: listing.skip(),
        size: listing.size,
        limits: credentials::Limits::default(),
    };
    let found = credentials::list(&mut &app.db, &query).await?;
    Ok(Json(CredentialList {
        items: credential_view::of(&app, found.items).await?,
        page: listing.after.is_none().then_some(listing.page),
        page_size: listing.size,
        total: found.total.count,
        total_is_more: found.total.more,
        next: found.next.map(|at| cursor(listing.sort, at)),
        incomplete: found.incomplete,
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Detailed {
    /// Whether to read the access token's claims.
    #[serde(default)]
    claims: bool,
}

/// A credential with what its access token says.
#[derive(Serialize, ToSchema)]
pub(super) struct CredentialDetail {
    #[serde(flatten)]
    credential: CredentialView,
    /// Absent where they were not asked for, or where there is no access token that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<ClaimsView>,
}

/// Shows a credential.
#[utoipa::path(get, path = "/credentials/{id}", tag = "credentials", operation_id = "readCredential",
    params(("id" = String, Path), Detailed),
    responses((status = 200, body = CredentialDetail, headers(("ETag" = String, description = "for `If-Match`"))), Problems))]
pub(super) async fn read(
    State(app): State<App>,
    _: Look,
    Id(id): Id,
    query: Result<Query<Detailed>, axum::extract::rejection::QueryRejection>,
) -> Result<([(HeaderName, String); 1], Json<CredentialDetail>), Problem> {
    let detail = "the query takes `claims` (true or false)";
    let bad = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail);
    let Query(Detailed { claims }) = query.map_err(bad)?;
    let found = credentials::with_tokens(&mut &app.db, Key::Id(id)).await?;
    let found = found.into_iter().next().ok_or(CredentialError::NotFound)?;
    let claims = found
        .access_token
        .filter(|_| claims)
        .and_then(|sealed| said(&app, &id.to_string(), &sealed));
    let tag = etag(found.credential.revision);
    let credential = credential_view::of_one(&app, found.credential).await?;
    Ok((tag, Json(CredentialDetail { credential, claims })))
}

/// What a sealed access token says; nothing where it does not open.
fn said(app: &App, row: &str, sealed: &[u8]) -> Option<ClaimsView> {
    let place = Place {
        table: "grants",
        row,
        column: "access_token",
    };
    let token = app.vault.open_secret(place, sealed).ok()?;
    Some(Claims::read(&token).into())
}

/// Absent fields stay as they are (RFC 7396); `null` empties those that can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    biz_id: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 4096)]
    refresh_token: Patch<Secret>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    client_id: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    proxy: Patch<Secret>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    proxy_id: Patch<ProxyId>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, max_length = 255)]
    tag: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, max_length = 4096)]
    memo: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = bool)]
    enabled: Patch<bool>,
}

/// Changes a credential.
#[utoipa::path(patch, path = "/credentials/{id}", tag = "credentials", operation_id = "editCredential",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "an `ETag`: refused with 412 where it has changed")),
    request_body = Change, responses((status = 200, body = CredentialView, headers(("ETag" = String))), Problems))]
pub(super) async fn edit(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    Body(body): Body<Change>,
) -> Result<([(HeaderName, String); 1], Json<CredentialView>), Problem> {
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
    let credentials = Credentials::of(&app);
    let edited = credentials.edit(id, &edit, &expected, &actor).await?;
    shown(&app, edited).await
}

/// Deletes a credential; it can be restored for 7 days.
#[utoipa::path(delete, path = "/credentials/{id}", tag = "credentials", operation_id = "deleteCredential",
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204, description = "it is deleted"), Problems))]
pub(super) async fn delete(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let credentials = Credentials::of(&app);
    credentials.delete(id, &expected, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn shown(
    app: &App,
    credential: Credential,
) -> Result<([(HeaderName, String); 1], Json<CredentialView>), Problem> {
    let tag = etag(credential.revision);
    Ok((tag, Json(credential_view::of_one(app, credential).await?)))
}
