//! Section `openai`: the upstream's token endpoint.

use url::{Host, Url};

use super::check::{Findings, MAX_SECONDS};
use super::keys::{Key, key};
use crate::{
    openai::{CODEX_CLIENT_ID, Egress},
    vault::Secret,
};

/// The upstream's address (docs/architecture.md, “The upstream”).
const TOKEN_URL: &str = "https://auth.openai.com/oauth/token";
/// Far above what the endpoint needs, and short enough that callers still see the outcome.
const REQUEST_TIMEOUT_SECONDS: u64 = 30;
/// Enough for three lost packets on the way through a proxy.
const CONNECT_TIMEOUT_SECONDS: u64 = 10;

/// Section `openai`.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// The token endpoint.
    pub token_url: String,
    /// The client id of credentials that come without one.
    pub client_id: String,
    /// The way out for credentials without a proxy of their own (the address may hold a password).
    pub proxy: Option<Secret>,
    /// The answer deadline of a call: from sending the request to the whole answer.
    pub request_timeout_seconds: u64,
    /// The part of it that connecting may take.
    pub connect_timeout_seconds: u64,
}

impl Default for OpenAiConfig {
    fn default() -> Self {
        Self {
            token_url: TOKEN_URL.to_owned(),
            client_id: CODEX_CLIENT_ID.to_owned(),
            proxy: None,
            request_timeout_seconds: REQUEST_TIMEOUT_SECONDS,
            connect_timeout_seconds: CONNECT_TIMEOUT_SECONDS,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    key!(openai.token_url, "Token endpoint of the upstream."),
    key!(
        live openai.client_id,
        "Client id of credentials that come without one."
    ),
    key!(
        openai.proxy,
        "Proxy (http, https, socks5, socks5h) of credentials without one of their own."
    ),
    key!(
        live openai.request_timeout_seconds,
        "From sending a request to having the whole answer, at most."
    ),
    key!(
        live openai.connect_timeout_seconds,
        "How long connecting may take."
    ),
];

impl OpenAiConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        self.check_token_url(findings);
        findings.not_empty("openai.client_id", &self.client_id);
        if let Err(problem) = Egress::parse(self.proxy.as_ref()) {
            findings.error(&["openai.proxy"], problem.to_string());
        }
        findings.range(
            "openai.request_timeout_seconds",
            self.request_timeout_seconds,
            1,
            MAX_SECONDS,
        );
        findings.range(
            "openai.connect_timeout_seconds",
            self.connect_timeout_seconds,
            1,
            MAX_SECONDS,
        );
        if self.connect_timeout_seconds > self.request_timeout_seconds {
            findings.error(
                &[
                    "openai.connect_timeout_seconds",
                    "openai.request_timeout_seconds",
                ],
                format!(
                    "is {}, but must not exceed openai.request_timeout_seconds ({}), which \
                     includes it",
                    self.connect_timeout_seconds, self.request_timeout_seconds
                ),
            );
        }
    }

    fn check_token_url(&self, findings: &mut Findings) {
        let fits = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.host().is_some()
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        };
        match Url::parse(&self.token_url).ok().filter(fits) {
            None => findings.error(
                &["openai.token_url"],
                "must be an http:// or https:// address with a host and without a user",
            ),
            Some(url) if url.scheme() == "http" && !is_loopback(&url) => findings.warning(
                &["openai.token_url"],
                "sends refresh tokens over the network unencrypted; use https://",
            ),
            Some(_) => {}
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{load_yaml, problems};

    #[test]
    fn documented_yaml() {
        let loaded = load_yaml(
            r#"
openai:
  token_url: "http://127.0.0.1:9000/oauth/token"
  client_id: "app_x"
  proxy: "socks5h://user:pass@127.0.0.1:1080"
  request_timeout_seconds: 20
  connect_timeout_seconds: 5
"#,
        );
        let openai = loaded.config.openai;
        assert_eq!(openai.token_url, "http://127.0.0.1:9000/oauth/token");
        assert_eq!(openai.client_id, "app_x");
        assert_eq!(
            openai.proxy.expect("set").expose(),
            "socks5h://user:pass@127.0.0.1:1080"
        );
        assert_eq!(
            (
                openai.request_timeout_seconds,
                openai.connect_timeout_seconds
            ),
            (20, 5)
        );
        assert_eq!(loaded.warnings, [] as [&str; 0]);
    }

    #[test]
    fn the_predecessors_empty_proxy_is_none() {
        assert!(
            load_yaml("openai: {proxy: ''}")
                .config
                .openai
                .proxy
                .is_none()
        );
    }

    #[test]
    fn plain_http_over_the_network_is_a_warning() {
        let warnings = load_yaml("openai: {token_url: 'http://10.0.0.1/token'}").warnings;
        assert!(
            warnings
                .iter()
                .any(|warning| warning.contains("unencrypted")),
            "{warnings:?}"
        );
    }

    #[test]
    fn impossible_values() {
        for yaml in [
            "token_url: ''",
            "token_url: auth.openai.com/oauth/token",
            "token_url: ftp://auth.openai.com/",
            "token_url: 'https://user:canary@auth.openai.com/'",
            "client_id: ''",
            "proxy: 'canary:8080'",
            "request_timeout_seconds: 0",
            "connect_timeout_seconds: 31",
        ] {
            let found = problems(&format!("openai:\n  {yaml}\n"));
            assert!(!found.contains("canary"), "{found}");
        }
    }
}
