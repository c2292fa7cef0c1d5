//! `/proxies`: proxies with names, which credentials refer to.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{HeaderName, StatusCode, header, request::Parts},
};
use rt_manage_shared::{id::ProxyId, vault::Secret};
use rt_manage_worker::egress::Unreachable;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    document::Problems,
    entries::{EntryPage, Uses},
    etag::{IfMatch, etag},
    input::Body,
};
use crate::{
    auth::{Look, Manage},
    error::{FieldError, Problem},
    named::{Change, Found, Proxies, ProxyUse, Way},
    state::App,
};

/// The proxy that the address names. A text that is no id names none.
pub(super) struct Id(ProxyId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self)
            .ok_or_else(|| Problem::not_found("there is no such entry"))
    }
}

/// A named proxy.
#[derive(Serialize, ToSchema)]
#[schema(as = Proxy)]
pub(super) struct ProxyView {
    #[schema(value_type = String)]
    id: ProxyId,
    name: String,
    /// Scheme, host and port; user name and password are never shown.
    url: String,
    /// The key of its egress in holds, metrics and attempts.
    egress: String,
    /// How many credentials refer to it.
    uses: Uses,
    revision: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<ProxyUse> for ProxyView {
    fn from(found: ProxyUse) -> Self {
        let ProxyUse { entry, uses } = found;
        Self {
            id: entry.id,
            name: entry.name,
            url: entry.egress_label,
            egress: entry.egress,
            uses: uses.into(),
            revision: entry.revision,
            created_at: entry.created_at.to_rfc3339(),
            updated_at: entry.updated_at.to_rfc3339(),
        }
    }
}

/// Named proxies, in the order of their names.
#[derive(Serialize, ToSchema)]
#[schema(as = ProxyList)]
pub(super) struct List {
    items: Vec<ProxyView>,
    page: u32,
    page_size: u32,
    total: i64,
}

/// Lists the named proxies.
#[utoipa::path(get, path = "/proxies", tag = "settings", operation_id = "listProxies", params(EntryPage),
    responses((status = 200, body = List), Problems))]
pub(super) async fn list(
    State(app): State<App>,
    _: Look,
    page: EntryPage,
) -> Result<Json<List>, Problem> {
    let found = Proxies::of(&app).list(page.skip(), page.size()).await?;
    Ok(Json(List {
        items: found.0.into_iter().map(ProxyView::from).collect(),
        page: page.number(),
        page_size: page.size(),
        total: found.1,
    }))
}

type Shown = ([(HeaderName, String); 1], Json<ProxyView>);

fn shown(found: ProxyUse) -> Shown {
    (etag(found.entry.revision), Json(found.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateProxy)]
pub(super) struct Create {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// `http`, `https`, `socks5` or `socks5h`, with user name and password where it wants them.
    #[schema(value_type = String, format = Password)]
    url: Secret,
}

/// Adds a named proxy.
#[utoipa::path(post, path = "/proxies", tag = "settings", operation_id = "createProxy", request_body = Create,
    responses((status = 201, body = ProxyView, headers(("ETag" = String), ("Location" = String))), Problems))]
pub(super) async fn create(
    State(app): State<App>,
    Manage(actor): Manage,
    Body(body): Body<Create>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Shown), Problem> {
    let created = Proxies::of(&app)
        .create(&body.name, &body.url, &actor)
        .await?;
    let location = format!("/api/v1/proxies/{}", created.entry.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        shown(created),
    ))
}

/// Shows a named proxy.
#[utoipa::path(get, path = "/proxies/{id}", tag = "settings", operation_id = "readProxy",
    params(("id" = String, Path)), responses((status = 200, body = ProxyView, headers(("ETag" = String))), Problems))]
pub(super) async fn read(State(app): State<App>, _: Look, Id(id): Id) -> Result<Shown, Problem> {
    Ok(shown(Proxies::of(&app).read(id).await?))
}

/// Absent fields stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EditProxy)]
pub(super) struct Edit {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(value_type = Option<String>, format = Password)]
    url: Option<Secret>,
}

/// Changes a named proxy. All credentials that refer to it go the new way from then on.
#[utoipa::path(patch, path = "/proxies/{id}", tag = "settings", operation_id = "editProxy", request_body = Edit,
    params(("id" = String, Path), ("If-Match" = String, Header, description = "the ETag of what was read")),
    responses((status = 200, body = ProxyView, headers(("ETag" = String))), Problems))]
pub(super) async fn edit(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
    IfMatch(revision): IfMatch,
    Body(body): Body<Edit>,
) -> Result<Shown, Problem> {
    let change = Change {
        name: body.name,
        url: body.url,
    };
    let edited = Proxies::of(&app)
        .edit(id, revision, &change, &actor)
        .await?;
    Ok(shown(edited))
}

/// Removes a named proxy that no credential refers to.
#[utoipa::path(delete, path = "/proxies/{id}", tag = "settings", operation_id = "deleteProxy",
    params(("id" = String, Path)), responses((status = 204, description = "it is gone"), Problems))]
pub(super) async fn delete(
    State(app): State<App>,
    Manage(actor): Manage,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    Proxies::of(&app).delete(id, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which way is tried; neither: that of credentials without a proxy.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TestProxy)]
pub(super) struct Test {
    #[schema(value_type = Option<String>)]
    proxy_id: Option<ProxyId>,
    #[schema(value_type = Option<String>, format = Password)]
    proxy: Option<Secret>,
}

/// Whether the upstream's host was reached.
#[derive(Serialize, ToSchema)]
#[schema(as = ProxyTest)]
pub(super) struct TestView {
    reachable: bool,
    /// Until its answer began.
    latency_ms: Option<u64>,
    error: Option<TestError>,
}

/// Why it was not reached.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProxyTestError)]
enum TestError {
    EgressUnusable,
    ConnectFailed,
    ProxyAuthRequired,
    TlsFailed,
    Timeout,
    NoAnswer,
}

impl From<Found> for TestView {
    fn from(found: Found) -> Self {
        let error = found.result.err().map(|error| match error {
            Unreachable::Unusable => TestError::EgressUnusable,
            Unreachable::Connect => TestError::ConnectFailed,
            Unreachable::ProxyAuth => TestError::ProxyAuthRequired,
            Unreachable::Tls => TestError::TlsFailed,
            Unreachable::Timeout => TestError::Timeout,
            Unreachable::Protocol => TestError::NoAnswer,
        });
        let took = found.result.ok();
        Self {
            reachable: took.is_some(),
            latency_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            error,
        }
    }
}

/// Tries to reach the token endpoint's host through a proxy. No token is sent.
#[utoipa::path(post, path = "/proxies/test", tag = "settings", operation_id = "testProxy", request_body = Test,
    responses((status = 200, body = TestView), Problems))]
pub(super) async fn test(
    State(app): State<App>,
    Manage(actor): Manage,
    Body(body): Body<Test>,
) -> Result<Json<TestView>, Problem> {
    let way = match (body.proxy_id, body.proxy) {
        (None, None) => Way::Default,
        (Some(id), None) => Way::Named(id),
        (None, Some(url)) => Way::Url(url),
        (Some(_), Some(_)) => {
            let message = "cannot stand beside `proxy`; give one of them";
            return Err(Problem::invalid(vec![FieldError::new("proxy_id", message)]));
        }
    };
    Ok(Json(Proxies::of(&app).test(way, &actor).await?.into()))
}
