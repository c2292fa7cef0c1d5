//! The stand-in's own tests, over HTTP as its users call it.

mod control;
mod delivery;
mod faults;
mod gates;
mod proxies;
mod rules;

use std::io;

use reqwest::{Client, Response, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Account, AccountSpec, CODEX_CLIENT_ID, Defaults, Options, StandIn};

fn start() -> StandIn {
    StandIn::start(Options::default()).unwrap()
}

fn start_with(change: impl FnOnce(&mut Defaults)) -> StandIn {
    let mut options = Options::default();
    change(&mut options.defaults);
    StandIn::start(options).unwrap()
}

fn account(standin: &StandIn) -> Account {
    standin.create_account(AccountSpec::default()).unwrap()
}

fn builder() -> reqwest::ClientBuilder {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
}

fn client() -> Client {
    builder().build().unwrap()
}

fn body(refresh_token: &str, client_id: &str) -> Value {
    json!({"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token})
}

async fn send(client: &Client, standin: &StandIn, token: &str) -> reqwest::Result<Response> {
    client
        .post(standin.token_url())
        .json(&body(token, CODEX_CLIENT_ID))
        .send()
        .await
}

/// One refresh that is answered with JSON.
async fn refresh(client: &Client, standin: &StandIn, token: &str) -> (u16, Value) {
    let response = send(client, standin, token).await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

async fn post_form(client: &Client, url: String, fields: &[(&str, &str)]) -> (u16, Value) {
    let response = client
        .post(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form(fields))
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

fn token(answer: &Value) -> String {
    answer["refresh_token"].as_str().unwrap().to_owned()
}

/// A refresh without an HTTP library: the bytes that came, and how the connection ended.
async fn raw(standin: &StandIn, token: &str) -> (Vec<u8>, io::Result<()>) {
    let mut stream = TcpStream::connect(standin.address()).await.unwrap();
    let mut bytes = Vec::new();
    let ended = async {
        stream.write_all(&raw_request(token)).await?;
        loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        }
    }
    .await;
    (bytes, ended)
}

fn raw_request(token: &str) -> Vec<u8> {
    let body = body(token, CODEX_CLIENT_ID).to_string();
    format!(
        "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
