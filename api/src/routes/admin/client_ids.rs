//! `/client-ids`: names for the client ids that credentials have.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    document::Problems,
    entries::{EntryPage, Uses},
    input::Body,
};
use crate::{
    auth::{Look, Manage},
    error::Problem,
    named::{ClientIdUse, ClientIds},
    state::App,
};

/// The client id that the address names.
pub(super) struct Named(String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| Self(text))
            .map_err(|_| Problem::not_found("there is no such entry"))
    }
}

/// A client id with a name.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientId)]
pub(super) struct ClientIdView {
    client_id: String,
    name: String,
    /// Credentials get it that come without one.
    default: bool,
    /// How many credentials have it.
    uses: Uses,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<ClientIdUse> for ClientIdView {
    fn from(found: ClientIdUse) -> Self {
        Self {
            client_id: found.entry.client_id,
            name: found.entry.name,
            default: found.is_default,
            uses: found.uses.into(),
            created_at: found.entry.created_at.to_rfc3339(),
            updated_at: found.entry.updated_at.to_rfc3339(),
        }
    }
}

/// Client ids with names.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientIdList)]
pub(super) struct List {
    items: Vec<ClientIdView>,
    page: u32,
    page_size: u32,
    total: i64,
}

/// Lists the client ids that have names.
#[utoipa::path(get, path = "/client-ids", tag = "settings", operation_id = "listClientIds", params(EntryPage),
    responses((status = 200, body = List), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Look,
    page: EntryPage,
) -> Result<Json<List>, Problem> {
    let found = ClientIds::of(&app).list(page.skip(), page.size()).await?;
    Ok(Json(List {
        items: found.0.into_iter().map(ClientIdView::from).collect(),
        page: page.number(),
        page_size: page.size(),
        total: found.1,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateClientId)]
pub(super) struct Create {
    /// Without white space.
    #[schema(min_length = 1, max_length = 255)]
    client_id: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Names a client id.
#[utoipa::path(post, path = "/client-ids", tag = "settings", operation_id = "createClientId", request_body = Create,
    responses((status = 201, body = ClientIdView), Problems))]
pub(super) async fn create(
    State(app): State<App>,
    Manage(actor): Manage,
    Body(body): Body<Create>,
) -> Result<(StatusCode, Json<ClientIdView>), Problem> {
    let created = ClientIds::of(&app)
        .create(&body.client_id, &body.name, &actor)
        .await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RenameClientId)]
pub(super) struct Rename {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Gives a client id another name.
#[utoipa::path(patch, path = "/client-ids/{client_id}", tag = "settings", operation_id = "renameClientId",
    params(("client_id" = String, Path)), request_body = Rename,
    responses((status = 200, body = ClientIdView), Problems))]
pub(super) async fn rename(
    State(app): State<App>,
    Manage(actor): Manage,
    Named(client_id): Named,
    Body(body): Body<Rename>,
) -> Result<Json<ClientIdView>, Problem> {
    let renamed = ClientIds::of(&app)
        .rename(&client_id, &body.name, &actor)
        .await?;
    Ok(Json(renamed.into()))
}

/// Removes the name of a client id that no credential has.
#[utoipa::path(delete, path = "/client-ids/{client_id}", tag = "settings", operation_id = "deleteClientId",
    params(("client_id" = String, Path)), responses((status = 204, description = "it is gone"), Problems))]
pub(super) async fn delete(
    State(app): State<App>,
    Manage(actor): Manage,
    Named(client_id): Named,
) -> Result<StatusCode, Problem> {
    ClientIds::of(&app).delete(&client_id, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
