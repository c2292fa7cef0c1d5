//! What a client id implies about the request. A refresh token is bound to the client id that it was
//! issued to, and each family of ids speaks a slightly different dialect (docs, upstream: "Request").

use url::Url;

/// Codex CLI. Sends neither `redirect_uri` nor `scope` (source: the open Codex client).
pub const CODEX_CLIENT_ID: &str = "app_EMoamEEZ73f0CkXaXp7hrann";
/// What the predecessor used where a credential named no client id (source: its configuration).
pub const PREDECESSOR_CLIENT_ID: &str = "app_WXrF1LSkiTtfYqiL6XtjygvX";
/// The iOS application (source: public clients that refresh its tokens).
pub const IOS_CLIENT_ID: &str = "app_LlGpXReQgckcGGUo2JrYvtJK";
/// The redirect URI that the iOS application is registered with; its tokens refresh only with it.
pub const IOS_REDIRECT_URI: &str =
    "com.openai.chat://auth0.openai.com/ios/com.openai.chat/callback";
/// Client ids of the "sign in with" product (`oaiapp_…`) begin with this (source: docs, upstream).
pub const SIGN_IN_PREFIX: &str = "oaiapp_";

/// Path of the token endpoint for sign-in clients (source: docs, upstream).
const SIGN_IN_PATH: &str = "/api/accounts/oauth/token";
/// The `resource` (RFC 8707) that sign-in clients ask for (source: docs, upstream).
const SIGN_IN_RESOURCE: &str = "https://api.openai.com/v1";

/// How the fields of a request are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

impl BodyForm {
    /// The `Content-Type` of this form.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }
}

/// The dialect of one client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientProfile {
    /// How the fields are written.
    pub body: BodyForm,
    /// A `redirect_uri` that the upstream insists on.
    pub redirect_uri: Option<&'static str>,
    /// A `resource` that the upstream insists on.
    pub resource: Option<&'static str>,
    /// Another path on the origin of the configured token URL.
    path: Option<&'static str>,
}

impl ClientProfile {
    /// The dialect of `client_id`. An unknown id is treated like Codex: plain JSON, no extras.
    pub fn of(client_id: &str) -> Self {
        let plain = Self {
            body: BodyForm::Json,
            redirect_uri: None,
            resource: None,
            path: None,
        };
        if client_id.starts_with(SIGN_IN_PREFIX) {
            return Self {
                body: BodyForm::Form,
                resource: Some(SIGN_IN_RESOURCE),
                path: Some(SIGN_IN_PATH),
                ..plain
            };
        }
        match client_id {
            PREDECESSOR_CLIENT_ID | IOS_CLIENT_ID => Self {
                redirect_uri: Some(IOS_REDIRECT_URI),
                ..plain
            },
            _ => plain,
        }
    }

    /// Where this client's tokens are refreshed: `token_url`, or another path on the same origin, so that
    /// the allow-list of upstream hosts and a test's stand-in hold for every client id.
    pub fn endpoint(&self, token_url: &Url) -> Url {
        let mut url = token_url.clone();
        if let Some(path) = self.path {
            url.set_path(path);
            url.set_query(None);
            url.set_fragment(None);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_client_speaks_its_dialect() {
        let url = Url::parse("https://auth.openai.com/oauth/token").unwrap();
        let codex = ClientProfile::of(CODEX_CLIENT_ID);
        assert_eq!(
            (codex.body, codex.redirect_uri, codex.resource),
            (BodyForm::Json, None, None)
        );
        assert_eq!(codex.endpoint(&url), url);
        assert_eq!(ClientProfile::of("app_unknown"), codex);
        for id in [PREDECESSOR_CLIENT_ID, IOS_CLIENT_ID] {
            let mobile = ClientProfile::of(id);
            assert_eq!(mobile.redirect_uri, Some(IOS_REDIRECT_URI));
            assert_eq!(mobile.endpoint(&url), url);
        }
    }

    #[test]
    fn sign_in_stays_on_the_origin_of_the_configured_url() {
        let url = Url::parse("http://127.0.0.1:8089/oauth/token?x=1#y").unwrap();
        let profile = ClientProfile::of("oaiapp_123");
        assert_eq!(profile.body, BodyForm::Form);
        assert_eq!(
            profile.endpoint(&url).as_str(),
            "http://127.0.0.1:8089/api/accounts/oauth/token"
        );
    }
}
