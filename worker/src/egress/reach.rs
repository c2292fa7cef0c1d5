//! Whether the upstream's host can be reached through an egress: a request without any token, by the client that real calls
//! take, so that what it finds is what they would.

use std::time::Duration;

use reqwest::StatusCode;
use rt_manage_shared::{clock::BootInstant, openai::NotSentKind};
use url::Url;

use super::{client::EgressClient, diagnosis};

/// Why it cannot be reached. Coarse: what stands where it is no business of whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// The egress cannot be used at all.
    Unusable,
    /// A name was not resolved, no connection came about, or the proxy opened no way.
    Connect,
    /// The proxy wants other credentials.
    ProxyAuth,
    /// The TLS handshake failed.
    Tls,
    /// It took too long.
    Timeout,
    /// A connection came about, and no answer in HTTP.
    Protocol,
}

/// Asks the host of `url` for its front page and takes any answer of its own for success; how long it took.
pub async fn reach(
    client: &EgressClient,
    url: &Url,
    limit: Duration,
) -> Result<Duration, Unreachable> {
    let mut front = url.clone();
    front.set_path("/");
    front.set_query(None);
    let began = BootInstant::now();
    let request = client.http.head(front).send();
    let answer = tokio::time::timeout(limit, request).await;
    let took = began.elapsed();
    match answer {
        Err(_) => Err(Unreachable::Timeout),
        Ok(Ok(response)) => {
            // Without TLS a proxy answers in the host's place.
            let in_its_place = client.proxied && url.scheme() == "http";
            match response.status() {
                StatusCode::PROXY_AUTHENTICATION_REQUIRED if client.proxied => {
                    Err(Unreachable::ProxyAuth)
                }
                StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT if in_its_place => {
                    Err(Unreachable::Connect)
                }
                _ => Ok(took),
            }
        }
        Ok(Err(error)) => Err(match diagnosis::not_sent(&error, client.proxied) {
            NotSentKind::Tls => Unreachable::Tls,
            NotSentKind::ProxyAuth => Unreachable::ProxyAuth,
            NotSentKind::ConnectTimeout => Unreachable::Timeout,
            NotSentKind::Egress | NotSentKind::Request => Unreachable::Unusable,
            _ if error.is_connect() => Unreachable::Connect,
            _ => Unreachable::Protocol,
        }),
    }
}
