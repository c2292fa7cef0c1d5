//! The HTTP proxy.

use std::{fmt::Write as _, io};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use url::Url;

use super::{Shared, tunnel};
use crate::standin::http::{Framing, Request, Response, read_request};

pub(super) async fn serve(shared: &Shared, mut client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut buffer = BytesMut::new();
    loop {
        let Ok(request) = read_request(&mut client, &mut buffer).await else {
            return Ok(());
        };
        let tunnelled = request.method == "CONNECT";
        let url = (!tunnelled)
            .then(|| Url::parse(&request.target).ok())
            .flatten();
        let target = match &url {
            _ if tunnelled => request.target.clone(),
            Some(url) => format!(
                "{}:{}",
                url.host_str().unwrap_or_default(),
                url.port_or_known_default().unwrap_or(80)
            ),
            None => {
                refuse(&mut client, 400).await?;
                continue;
            }
        };
        let refused = shared.request(&target);
        if !authorized(shared, &request) {
            shared.denied();
            refuse(&mut client, 407).await?;
            continue;
        }
        if let Some(status) = refused {
            refuse(&mut client, status).await?;
            continue;
        }
        let Ok(mut upstream) = shared.connect(&target).await else {
            refuse(&mut client, 502).await?;
            continue;
        };
        match url {
            None => {
                client
                    .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    .await?;
                upstream.write_all(&buffer).await?;
            }
            // One request for each connection: the upstream ends it, so its bytes need not be understood here.
            Some(url) => upstream.write_all(&origin_form(&request, &url)).await?,
        }
        return tunnel(client, upstream).await;
    }
}

fn authorized(shared: &Shared, request: &Request) -> bool {
    let Some((user, password)) = &shared.credentials else {
        return true;
    };
    let wanted = STANDARD.encode(format!("{user}:{password}"));
    request
        .header("proxy-authorization")
        .and_then(|value| value.split_once(' '))
        .is_some_and(|(scheme, given)| scheme.eq_ignore_ascii_case("basic") && given == wanted)
}

async fn refuse(client: &mut TcpStream, status: u16) -> io::Result<()> {
    let mut response = Response::new(status, "text/plain", "refused by the stand-in proxy");
    if status == 407 {
        response = response.with("proxy-authenticate", "Basic realm=\"stand-in\"");
    }
    client
        .write_all(&response.encode(Framing::Length(0), true))
        .await
}

fn origin_form(request: &Request, url: &Url) -> Vec<u8> {
    let mut head = format!("{} {}", request.method, url.path());
    if let Some(query) = url.query() {
        head.push('?');
        head.push_str(query);
    }
    head.push_str(" HTTP/1.1\r\n");
    for (name, value) in &request.headers {
        let ours = matches!(
            name.as_str(),
            "connection" | "content-length" | "transfer-encoding" | "expect"
        );
        if !ours && !name.starts_with("proxy-") {
            // Writing into a String cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    let _ = write!(
        head,
        "content-length: {}\r\nconnection: close\r\n\r\n",
        request.body.len()
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&request.body);
    bytes
}
