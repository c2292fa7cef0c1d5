//! `healthcheck`: whether the server of this configuration answers, for containers and supervisors.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    process::ExitCode,
    time::Duration,
};

use rt_manage_shared::config::Config;
use rt_manage_worker::egress;
use serde_json::Value;
use url::Url;

use super::client::{Exit, Failure, text};

/// What an answer may take; a probe that waits longer is started again before it ends.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks `/livez`, or `/readyz`, which also says why nothing is refreshed.
pub(super) async fn run(config: &Config, url: Option<&Url>, ready: bool) -> ExitCode {
    match asked(config, url, ready).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(false);
            Exit::Failed.into()
        }
    }
}

async fn asked(config: &Config, url: Option<&Url>, ready: bool) -> Result<(), Failure> {
    let failed = |what: String| Failure::new(Exit::Failed, what);
    egress::install_crypto_provider();
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let base = url.map_or_else(
        || own_address(config),
        |url| url.as_str().trim_end_matches('/').to_owned(),
    );
    let path = if ready { "readyz" } else { "livez" };
    let answer = http.get(format!("{base}/{path}")).send().await;
    let answer = answer
        .map_err(|error| failed(format!("{base} does not answer: {}", error.without_url())))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let body = answer.bytes().await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let checks = body.get("checks").map(Value::to_string).unwrap_or_default();
    Err(failed(format!(
        "{base} answers {status} {} {checks}",
        text(&body, "/status")
    )))
}

/// Where the configured server listens. One that listens everywhere is asked here.
fn own_address(config: &Config) -> String {
    let host = config.server.host.as_str();
    let host = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) if address == IpAddr::V4(Ipv4Addr::UNSPECIFIED) => {
            Ipv4Addr::LOCALHOST.to_string()
        }
        Ok(address) if address == IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            format!("[{}]", Ipv6Addr::LOCALHOST)
        }
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => host.to_owned(),
    };
    format!("http://{host}:{}", config.server.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses() {
        for (host, expected) in [
            ("0.0.0.0", "http://127.0.0.1:8080"),
            ("::", "http://[::1]:8080"),
            ("[::]", "http://[::1]:8080"),
            ("::1", "http://[::1]:8080"),
            ("10.0.0.1", "http://10.0.0.1:8080"),
            ("localhost", "http://localhost:8080"),
        ] {
            let mut config = Config::default();
            config.server.host = host.to_owned();
            assert_eq!(own_address(&config), expected);
        }
    }
}
