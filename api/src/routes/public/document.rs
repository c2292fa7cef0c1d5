//! What the `OpenAPI` document says of all calls of the public API.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::envelope::Code;

/// Why a call was refused, or failed: the envelope without success. Decide by `code`.
#[derive(ToSchema)]
#[schema(as = PublicFailure)]
#[expect(dead_code, reason = "the schema of what `Failure` writes")]
pub(crate) struct FailureSchema {
    success: bool,
    msg: String,
    code: Code,
    request_id: String,
    /// What more there is to say, depending on `code`.
    #[schema(value_type = Option<Object>)]
    data: Option<serde_json::Value>,
}

/// Every refusal of the public API has the same form.
pub(super) struct Failures;

impl IntoResponses for Failures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("PublicFailure")))
            .build();
        let response = ResponseBuilder::new()
            .description("why the call was refused, or failed")
            .content("application/json", content)
            .build();
        ["4XX", "5XX"]
            .map(|status| (status.to_owned(), response.clone().into()))
            .into()
    }
}
