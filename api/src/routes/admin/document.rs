//! The OpenAPI document: made from the handlers, so that it cannot say anything else than they do.

use std::collections::BTreeMap;

use axum::{
    http::{HeaderName, StatusCode, header},
    response::IntoResponse,
};
use rt_manage_shared::model::audit::{Action, TargetKind};
use utoipa::{
    IntoResponses, Modify, OpenApi, PartialSchema as _, ToSchema,
    openapi::{
        ContentBuilder, Ref, RefOr, Response, ResponseBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{auth::Viewer, error::Problem, routes::public::FailureSchema};

/// The document itself.
#[utoipa::path(get, path = "/openapi.json", tag = "document", operation_id = "openapi",
    responses((status = 200, body = serde_json::Value), Problems))]
pub(super) async fn serve(_: Viewer) -> Result<impl IntoResponse + use<>, Problem> {
    let text = super::openapi_text().map_err(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be written");
        Problem::internal()
    })?;
    let headers: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
    Ok((headers, text))
}

/// Why a request was refused (RFC 9457). `code` is stable and meant for programs, `detail` for people. Further members
/// depend on the code.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "the schema of what `Problem` writes")]
pub(super) struct ProblemSchema {
    title: String,
    status: u16,
    detail: Option<String>,
    code: String,
    request_id: Option<String>,
    errors: Option<Vec<FieldErrorSchema>>,
}

/// One field of a request that is wrong.
#[derive(ToSchema)]
#[schema(as = FieldError)]
#[expect(dead_code, reason = "the schema of what `FieldError` writes")]
pub(super) struct FieldErrorSchema {
    field: String,
    message: String,
}

/// Every refusal of the admin API has the same form.
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let response = ResponseBuilder::new()
            .description("why the request was refused")
            .content("application/problem+json", content)
            .build();
        ["4XX", "5XX"]
            .map(|status| (status.to_owned(), response.clone().into()))
            .into()
    }
}

/// Each answer has a description, as OpenAPI wants it: where nobody gave one, the words of HTTP.
pub(super) fn describe(openapi: &mut utoipa::openapi::OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        let operations = operations.into_iter().flatten();
        for (status, response) in operations.flat_map(|one| &mut one.responses.responses) {
            let status = status
                .parse()
                .ok()
                .and_then(|code: u16| StatusCode::from_u16(code).ok());
            let reason = status.and_then(|status| status.canonical_reason());
            if let (RefOr::T(response), Some(reason)) = (response, reason)
                && response.description.is_empty()
            {
                reason.clone_into(&mut response.description);
            }
        }
    }
}

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("the `token` of `POST /api/v1/auth/login`"))
            .build();
        components.add_security_scheme("session", SecurityScheme::Http(bearer));
        let description =
            "a key of `POST /api/v1/keys`; for the public API also the configured `api_secret`";
        let header = ApiKeyValue::with_description("X-API-Secret", description);
        let secret = SecurityScheme::ApiKey(ApiKey::Header(header));
        components.add_security_scheme("apiSecret", secret);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(description))
            .build();
        components.add_security_scheme("apiKey", SecurityScheme::Http(bearer));
        let _ = ProblemSchema::schema;
    }
}

/// What the document says besides the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "rt-manage",
        description = "Keeps OpenAI refresh tokens alive and hands out their access tokens."
    ),
    components(schemas(ProblemSchema, FieldErrorSchema, FailureSchema, Action, TargetKind)),
    modifiers(&Security),
    security(("session" = []))
)]
pub(super) struct Frame;
