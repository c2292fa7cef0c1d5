//! What a token request says.

use serde::Deserialize;

use super::{
    http::Request,
    ledger::{BodyFormat, digest},
    state::{Digest, Refusal},
};

/// The two token endpoints.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Endpoint {
    /// `/oauth/token`
    OAuth,
    /// `/api/accounts/oauth/token`, for `oaiapp_…` clients
    Accounts,
}

impl Endpoint {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::OAuth => "/oauth/token",
            Self::Accounts => "/api/accounts/oauth/token",
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Fields {
    grant_type: Option<String>,
    client_id: Option<String>,
    refresh_token: Option<String>,
    redirect_uri: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
    token: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct TokenRequest {
    pub(super) endpoint: Endpoint,
    pub(super) format: BodyFormat,
    readable: bool,
    fields: Fields,
    pub(super) digest: Option<Digest>,
}

/// The parts that every good request has.
pub(super) struct Presented<'a> {
    pub(super) digest: Digest,
    pub(super) client_id: &'a str,
}

impl TokenRequest {
    pub(super) fn parse(endpoint: Endpoint, request: &Request) -> Self {
        let (format, fields) = parse_body(request);
        let readable = fields.is_some();
        let fields = fields.unwrap_or_default();
        Self {
            endpoint,
            format,
            readable,
            digest: fields.refresh_token.as_deref().map(digest),
            fields,
        }
    }

    pub(super) fn client_id(&self) -> Option<&str> {
        self.fields.client_id.as_deref()
    }

    pub(super) fn redirect_uri(&self) -> Option<&str> {
        self.fields.redirect_uri.as_deref()
    }

    pub(super) fn scope(&self) -> Option<&str> {
        self.fields.scope.as_deref()
    }

    pub(super) fn resource(&self) -> Option<&str> {
        self.fields.resource.as_deref()
    }

    /// Whether the request is well-formed, before anybody looks at the token.
    pub(super) fn check(&self) -> Result<Presented<'_>, Refusal> {
        let invalid = |message| Refusal::new(400, "invalid_request", message);
        if !self.readable {
            return Err(invalid("The body is neither JSON nor a form."));
        }
        if self.fields.grant_type.as_deref() != Some("refresh_token") {
            return Err(Refusal::new(
                400,
                "unsupported_grant_type",
                "Only the grant type refresh_token is supported.",
            ));
        }
        if self.endpoint == Endpoint::Accounts {
            if self.format != BodyFormat::Form {
                return Err(invalid("This endpoint takes a form."));
            }
            if self.fields.resource.is_none() {
                return Err(invalid("Missing parameter: resource."));
            }
        }
        let client_id = self
            .client_id()
            .filter(|id| !id.is_empty())
            .ok_or_else(|| invalid("Missing parameter: client_id."))?;
        let digest = self
            .digest
            .filter(|_| self.fields.refresh_token.as_deref() != Some(""))
            .ok_or_else(|| invalid("Missing parameter: refresh_token."))?;
        Ok(Presented { digest, client_id })
    }
}

/// The token that a revocation names.
pub(super) fn revoked_token(request: &Request) -> Option<String> {
    parse_body(request).1?.token
}

fn parse_body(request: &Request) -> (BodyFormat, Option<Fields>) {
    let kind = request.header("content-type").unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" => (BodyFormat::Json, serde_json::from_slice(&request.body).ok()),
        "application/x-www-form-urlencoded" => (BodyFormat::Form, Some(parse_form(&request.body))),
        _ => (BodyFormat::Other, None),
    }
}

fn parse_form(body: &[u8]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in url::form_urlencoded::parse(body) {
        let slot = match name.as_ref() {
            "grant_type" => &mut fields.grant_type,
            "client_id" => &mut fields.client_id,
            "refresh_token" => &mut fields.refresh_token,
            "redirect_uri" => &mut fields.redirect_uri,
            "scope" => &mut fields.scope,
            "resource" => &mut fields.resource,
            "token" => &mut fields.token,
            _ => continue,
        };
        *slot = Some(value.into_owned());
    }
    fields
}
