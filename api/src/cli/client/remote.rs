//! Calls over HTTP to a server anywhere.

use std::{error::Error as _, time::Duration};

use axum::http::{HeaderValue, header};
use rt_manage_shared::{peer, vault::Secret};
use rt_manage_worker::egress;
use serde_json::{Value, json};
use url::{Host, Url};

use super::{
    Exit, Failure, Target,
    call::{Answer, Call, Source},
    target::Identity,
};
use crate::cli::output;

/// What reaching a server may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may show no sign of life: longer than any `server.refresh_wait_seconds`.
const SILENCE: Duration = Duration::from_mins(11);
/// What ending a session may take: nobody waits for more than politeness.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// A server.
#[derive(Debug)]
pub(super) struct Remote {
    http: reqwest::Client,
    base: Url,
    proof: Proof,
}

/// What proves who asks.
#[derive(Debug)]
enum Proof {
    Key(Secret),
    Session { token: Secret, password: Secret },
}

impl Remote {
    /// Finds out who asks, and logs in where that is a person.
    pub(super) async fn open(base: &Url, target: &Target) -> Result<Self, Failure> {
        egress::install_crypto_provider();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            // A secret goes to the server that was named, and to no other.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("rt-manage-api/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| broken(error, "no HTTP client can be made"))?;
        if base.scheme() == "http" && !is_near(base) {
            output::warn(
                "the address begins with http://: whoever is on the way reads the password or key; use https://",
            );
        }
        let proof = match target.identity()? {
            Identity::Key(key) => Proof::Key(key),
            Identity::Person { user, password } => {
                let token = log_in(&http, base, &user, &password).await?;
                Proof::Session { token, password }
            }
        };
        Ok(Self {
            http,
            base: base.clone(),
            proof,
        })
    }

    pub(super) async fn send(&self, call: Call) -> Result<Answer, Failure> {
        let request = self
            .http
            .request(call.method.clone(), call.at(&self.base))
            .headers(call.headers)
            .body(call.body);
        let secret = match &self.proof {
            Proof::Key(secret) | Proof::Session { token: secret, .. } => secret,
        };
        let response = request.bearer_auth(secret.expose()).send().await;
        answer(response, &self.base)
    }

    /// The password of whoever asks, where it is asked for again; a program has none.
    pub(super) fn password(&self) -> Option<&Secret> {
        match &self.proof {
            Proof::Key(_) => None,
            Proof::Session { password, .. } => Some(password),
        }
    }

    /// Ends the session, so that none is left of a command that is over.
    pub(super) async fn close(self) {
        if matches!(self.proof, Proof::Session { .. }) {
            let bye = self.send(Call::post(["auth", "logout"]));
            let _ = tokio::time::timeout(GOOD_BYE, bye).await;
        }
    }
}

async fn log_in(
    http: &reqwest::Client,
    base: &Url,
    user: &str,
    password: &Secret,
) -> Result<Secret, Failure> {
    let body = json!({"username": user, "password": password.expose()});
    let call = Call::post(["auth", "login"]).json(&body);
    let request = http
        .post(call.at(base))
        .headers(call.headers)
        .body(call.body);
    let answer = super::accepted(answer(request.send().await, base)?).await?;
    let mut answer = answer.json().await?;
    if answer.get("must_change_password") == Some(&Value::Bool(true)) {
        let message = "this is the example's password, which is only good for setting a new one";
        return Err(Failure::new(Exit::Refused, message).hint(
            "Set one in the console, or with `rt-manage-api reset-password` beside the database.",
        ));
    }
    match answer.get_mut("token").map(Value::take) {
        Some(Value::String(token)) => Ok(Secret::new(token)),
        _ => Err(Failure::new(
            Exit::Failed,
            "the answer to the log-in holds no token; is this the address of rt-manage?",
        )),
    }
}

fn answer(
    response: Result<reqwest::Response, reqwest::Error>,
    base: &Url,
) -> Result<Answer, Failure> {
    let response = response.map_err(|error| broken(error, &format!("{base} cannot be reached")))?;
    if response.status().is_redirection() {
        let to = response.headers().get(header::LOCATION);
        let to = to.map_or("elsewhere", |to| {
            HeaderValue::to_str(to).unwrap_or("elsewhere")
        });
        let message =
            format!("{base} points to {to}, where nothing is sent by itself: give the right --url");
        return Err(Failure::usage(message));
    }
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: Source::Remote(response),
    })
}

/// A connection that failed, with all that is known of why.
pub(super) fn broken(error: reqwest::Error, what: &str) -> Failure {
    let error = error.without_url();
    let mut causes = vec![format!("{what}: {error}")];
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    Failure::new(Exit::Later, causes.join(": "))
}

fn is_near(base: &Url) -> bool {
    match base.host() {
        Some(Host::Ipv4(address)) => peer::is_private(address.into()),
        Some(Host::Ipv6(address)) => peer::is_private(address.into()),
        Some(Host::Domain(name)) => name == "localhost" || !name.contains('.'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_near() {
        let near = |url: &str| is_near(&url.parse().unwrap());
        for url in [
            "http://localhost:1",
            "http://127.0.0.1",
            "http://[::1]",
            "http://10.0.0.1",
            "http://api:8080",
        ] {
            assert!(near(url), "{url}");
        }
        for url in ["http://rtm.example.com", "http://203.0.113.9"] {
            assert!(!near(url), "{url}");
        }
    }
}
