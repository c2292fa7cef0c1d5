//! Clients of the public and the admin API, as scripts would be.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::listener::Listener;

/// The API replicas that answer at the moment, shared by a system and its clients.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoints {
    urls: Arc<Mutex<BTreeMap<usize, String>>>,
    calls: Arc<AtomicUsize>,
}

impl Endpoints {
    pub(crate) fn one(url: String) -> Self {
        let endpoints = Self::default();
        endpoints.add(0, url);
        endpoints
    }

    pub(crate) fn add(&self, number: usize, url: String) {
        let mut urls = self.urls.lock().expect("no panic under the lock");
        urls.insert(number, url);
    }

    pub(crate) fn remove(&self, number: usize) {
        let mut urls = self.urls.lock().expect("no panic under the lock");
        urls.remove(&number);
    }

    /// The address for the next call: one after the other.
    pub(crate) fn next(&self) -> String {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let urls = self.urls.lock().expect("no panic under the lock");
        assert!(!urls.is_empty(), "no API replica is running");
        urls.values().nth(call % urls.len()).expect("one").clone()
    }
}

/// An answer with its body parsed.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body; null where it has none.
    pub body: Value,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
}

impl Answer {
    /// A text in the body, by JSON pointer.
    pub fn text(&self, pointer: &str) -> &str {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no text at {pointer} in {self:?}"))
    }

    /// The stable code of the answer.
    pub fn code(&self) -> &str {
        self.text("/code")
    }
}

/// A client without proxies.
pub(crate) fn http() -> reqwest::Client {
    super::install_crypto_provider();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("an HTTP client")
}

async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let retry_after = response
        .headers()
        .get("retry-after")
        .map(|value| value.to_str().expect("text").to_owned());
    let bytes = response.bytes().await.expect("a whole answer");
    Answer {
        status: status.as_u16(),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        retry_after,
    }
}

/// A client of the public API.
#[derive(Debug, Clone)]
pub struct Public {
    http: reqwest::Client,
    endpoints: Endpoints,
    secret: String,
}

impl Public {
    pub(crate) fn new(endpoints: Endpoints) -> Self {
        Self {
            http: http(),
            endpoints,
            secret: "my-api-secret-2025".into(),
        }
    }

    /// Any call below the public prefix, with the secret.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.endpoints.next()))
            .header("X-API-Secret", &self.secret)
    }

    /// `POST /public-api/refresh`.
    pub async fn refresh(&self, biz_id: &str) -> Answer {
        send(
            self.request(Method::POST, "/public-api/refresh")
                .json(&json!({"biz_id": biz_id})),
        )
        .await
    }

    /// `POST /public-api/refresh`, where the connection may break.
    pub async fn try_refresh(&self, biz_id: &str) -> Option<u16> {
        let request = self
            .request(Method::POST, "/public-api/refresh")
            .json(&json!({"biz_id": biz_id}));
        request
            .send()
            .await
            .ok()
            .map(|response| response.status().as_u16())
    }

    /// `POST /public-api/get-at`.
    pub async fn get_at(&self, biz_id: &str) -> Answer {
        send(
            self.request(Method::POST, "/public-api/get-at")
                .json(&json!({"biz_id": biz_id})),
        )
        .await
    }

    /// Sends a request that the test has put together itself.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        send(request).await
    }
}

/// What a test credential is made of.
#[derive(Debug, Clone, Default)]
pub struct NewCredential<'a> {
    /// Its `biz_id`.
    pub biz_id: &'a str,
    /// Its refresh token.
    pub refresh_token: &'a str,
    /// The client id; `None`: the default.
    pub client_id: Option<&'a str>,
    /// A proxy.
    pub proxy: Option<&'a str>,
}

/// A logged-in administrator.
#[derive(Debug, Clone)]
pub struct Admin {
    http: reqwest::Client,
    endpoints: Endpoints,
    token: String,
}

impl Admin {
    pub(crate) async fn log_in(endpoints: Endpoints, username: &str, password: &str) -> Self {
        let http = http();
        let request = http
            .post(format!("{}/api/v1/auth/login", endpoints.next()))
            .json(&json!({"username": username, "password": password}));
        let answer = send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        Self {
            http,
            endpoints,
            token: answer.text("/token").to_owned(),
        }
    }

    /// The same session, at one address only.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self {
            endpoints: Endpoints::one(url.to_owned()),
            ..self.clone()
        }
    }

    /// An answer that is a text.
    pub async fn text(&self, path: &str) -> String {
        let request = self
            .http
            .get(format!("{}/api/v1{path}", self.endpoints.next()))
            .bearer_auth(&self.token);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        response.text().await.expect("text")
    }

    /// Sets the password of whoever this is; ends all sessions.
    pub async fn set_password(&self, current: &str, new: &str) {
        let body = json!({"current_password": current, "new_password": new});
        let answer = self.call(Method::POST, "/auth/password", Some(body)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    }

    /// A call of the admin API that the test puts together itself.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}/api/v1{path}", self.endpoints.next()))
            .bearer_auth(&self.token)
    }

    /// Sends such a call.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        send(request).await
    }

    /// Any call of the admin API.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.endpoints.next()))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request).await
    }

    /// Asks for something that is done once, however often it is asked for with this key.
    pub async fn once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self
            .http
            .post(format!("{}/api/v1{path}", self.endpoints.next()))
            .bearer_auth(&self.token)
            .header("Idempotency-Key", key)
            .json(body);
        send(request).await
    }

    /// Changes what still has this revision.
    pub async fn change(&self, path: &str, revision: i64, body: Value) -> Answer {
        self.if_match(Method::PATCH, path, revision, Some(body))
            .await
    }

    /// Listens to what happens at one replica, behind the event with the id `last`.
    pub async fn listen(&self, url: &str, last: Option<&str>) -> Listener {
        let mut request = self
            .http
            .get(format!("{url}/api/v1/events"))
            .bearer_auth(&self.token);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        Listener::new(response)
    }

    /// A call with `If-Match`.
    pub async fn if_match(
        &self,
        method: Method,
        path: &str,
        revision: i64,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.endpoints.next()))
            .bearer_auth(&self.token)
            .header("If-Match", format!("\"{revision}\""));
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request).await
    }

    /// Adds a credential; returns its id.
    pub async fn create(&self, new: NewCredential<'_>) -> String {
        let mut body = json!({"biz_id": new.biz_id, "refresh_token": new.refresh_token});
        for (field, value) in [("client_id", new.client_id), ("proxy", new.proxy)] {
            if let Some(value) = value {
                body[field] = json!(value);
            }
        }
        let answer = self.call(Method::POST, "/credentials", Some(body)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.text("/id").to_owned()
    }

    /// Reads a credential.
    pub async fn credential(&self, id: &str) -> Value {
        let answer = self
            .call(Method::GET, &format!("/credentials/{id}"), None)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    }

    /// The state of a credential.
    pub async fn state(&self, id: &str) -> String {
        self.credential(id).await["state"]
            .as_str()
            .expect("a state")
            .to_owned()
    }
}
