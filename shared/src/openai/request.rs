//! The one request that this service exists for: a refresh.

use std::fmt;

use serde::Serialize;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::client_profile::{BodyForm, ClientProfile};
use crate::vault::Secret;

/// Room for the field names and the longest fixed values, so that a buffer that holds a token is not
/// reallocated while it is filled (a reallocation leaves a copy behind that nobody wipes).
const FIXED_FIELDS_BYTES: usize = 512;

/// A refresh, ready to be sent once. `Debug` shows neither body nor query.
#[derive(Clone)]
pub struct TokenRequest {
    url: Url,
    content_type: &'static str,
    body: Zeroizing<Vec<u8>>,
}

#[derive(Serialize)]
struct Fields<'a> {
    client_id: &'a str,
    grant_type: &'static str,
    refresh_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'static str>,
}

#[derive(Serialize)]
struct Revocation<'a> {
    token: &'a str,
    token_type_hint: &'static str,
    client_id: &'a str,
}

/// Six bytes is the longest escape of one character in either form (`\u0000`).
fn capacity(client_id: &str, token: &str) -> usize {
    client_id
        .len()
        .saturating_add(token.len())
        .saturating_mul(6)
        .saturating_add(FIXED_FIELDS_BYTES)
}

impl TokenRequest {
    /// Writes the refresh of `refresh_token`, in the dialect of `client_id`, against `token_url`.
    pub fn build(token_url: &Url, client_id: &str, refresh_token: &Secret) -> Self {
        let profile = ClientProfile::of(client_id);
        let fields = Fields {
            client_id,
            grant_type: "refresh_token",
            refresh_token: refresh_token.expose(),
            redirect_uri: profile.redirect_uri,
            resource: profile.resource,
        };
        let body = match profile.body {
            BodyForm::Json => fields.json(),
            BodyForm::Form => fields.form(),
        };
        Self {
            url: profile.endpoint(token_url),
            content_type: profile.body.content_type(),
            body,
        }
    }

    /// Writes the revocation of `refresh_token` (RFC 7009).
    pub fn revocation(revoke_url: &Url, client_id: &str, refresh_token: &Secret) -> Self {
        let fields = Revocation {
            token: refresh_token.expose(),
            token_type_hint: "refresh_token",
            client_id,
        };
        let room = capacity(client_id, refresh_token.expose());
        let mut body = Zeroizing::new(Vec::with_capacity(room));
        // Strings into memory: this writer has no way to fail.
        let _infallible = serde_json::to_writer(&mut *body, &fields);
        Self {
            url: revoke_url.clone(),
            content_type: BodyForm::Json.content_type(),
            body,
        }
    }

    /// Where the request goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its `Content-Type`.
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Its body. Holds the refresh token in plain text.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body without a copy; it wipes itself when dropped.
    pub fn into_body(self) -> Zeroizing<Vec<u8>> {
        self.body
    }
}

impl Fields<'_> {
    fn capacity(&self) -> usize {
        capacity(self.client_id, self.refresh_token)
    }

    fn json(&self) -> Zeroizing<Vec<u8>> {
        let mut body = Zeroizing::new(Vec::with_capacity(self.capacity()));
        // Strings into memory: this writer has no way to fail.
        let _infallible = serde_json::to_writer(&mut *body, self);
        body
    }

    fn form(&self) -> Zeroizing<Vec<u8>> {
        let text = String::with_capacity(self.capacity());
        let mut form = form_urlencoded::Serializer::new(text);
        form.append_pair("grant_type", self.grant_type)
            .append_pair("client_id", self.client_id)
            .append_pair("refresh_token", self.refresh_token);
        if let Some(uri) = self.redirect_uri {
            form.append_pair("redirect_uri", uri);
        }
        if let Some(resource) = self.resource {
            form.append_pair("resource", resource);
        }
        Zeroizing::new(form.finish().into_bytes())
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::openai::{CODEX_CLIENT_ID, IOS_CLIENT_ID, IOS_REDIRECT_URI};

    fn build(client_id: &str, token: &str) -> TokenRequest {
        let url = Url::parse("https://auth.openai.com/oauth/token").unwrap();
        TokenRequest::build(&url, client_id, &Secret::new(token))
    }

    #[test]
    fn json_bodies_carry_exactly_the_fields_of_their_client() {
        let codex: Value =
            serde_json::from_slice(build(CODEX_CLIENT_ID, "rt.1.\"\u{1}é").body()).unwrap();
        assert_eq!(
            codex,
            json!({"client_id": CODEX_CLIENT_ID, "grant_type": "refresh_token", "refresh_token": "rt.1.\"\u{1}é"})
        );
        let ios: Value = serde_json::from_slice(build(IOS_CLIENT_ID, "rt.1.a").body()).unwrap();
        assert_eq!(ios["redirect_uri"], IOS_REDIRECT_URI);
        assert!(ios.get("scope").is_none());
    }

    #[test]
    fn a_revocation_names_the_kind_of_its_token() {
        let url = Url::parse("https://auth.openai.com/oauth/revoke").unwrap();
        let request = TokenRequest::revocation(&url, CODEX_CLIENT_ID, &Secret::new("rt.1.a"));
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(
            body,
            json!({"token": "rt.1.a", "token_type_hint": "refresh_token", "client_id": CODEX_CLIENT_ID})
        );
        assert_eq!(request.content_type(), "application/json");
    }

    #[test]
    fn sign_in_sends_a_form() {
        let request = build("oaiapp_1", "a&b=c+d");
        assert_eq!(request.content_type(), "application/x-www-form-urlencoded");
        assert_eq!(
            std::str::from_utf8(request.body()).unwrap(),
            "grant_type=refresh_token&client_id=oaiapp_1&refresh_token=a%26b%3Dc%2Bd&resource=https%3A%2F%2Fapi.openai.com%2Fv1"
        );
    }

    #[test]
    fn the_buffer_never_grows_and_debug_shows_no_token() {
        for id in [CODEX_CLIENT_ID, IOS_CLIENT_ID, "oaiapp_1"] {
            let token = "\u{1}".repeat(4096);
            let request = build(id, &token);
            assert!(request.body.len() <= 6 * (4096 + id.len()) + FIXED_FIELDS_BYTES);
        }
        assert!(!format!("{:?}", build(CODEX_CLIENT_ID, "canary-7")).contains("canary"));
    }
}
