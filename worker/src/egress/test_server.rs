//! Small servers for the tests of this module: one that says exactly what it is told on a raw connection,
//! and calls against them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use rt_manage_shared::{
    clock::BootInstant,
    openai::{CODEX_CLIENT_ID, CallResult, Egress, TokenRequest},
    vault::Secret,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

use super::{ClientOptions, Clients, call};

/// What a connection does after it has read a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// Writes this and closes in order.
    Say(&'static str),
    /// Writes this and resets the connection.
    Reset(&'static str),
    /// Writes this and then nothing any more.
    Hang(&'static str),
}

/// A server on a raw socket that keeps what it was sent.
pub(super) struct RawServer {
    pub(super) address: SocketAddr,
    received: Arc<Mutex<Vec<String>>>,
}

impl RawServer {
    /// Starts one that reads a request up to the end of its body, then acts.
    pub(super) async fn start(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, then, Arc::clone(&log)));
            }
        });
        Self { address, received }
    }

    /// The requests so far, one text per connection.
    pub(super) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/oauth/token", self.address)
    }
}

async fn serve(mut stream: TcpStream, then: Then, log: Arc<Mutex<Vec<String>>>) {
    let index = {
        let mut log = log.lock().unwrap();
        log.push(String::new());
        log.len() - 1
    };
    let mut buffer = [0_u8; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let whole = {
            let mut log = log.lock().unwrap();
            log[index].push_str(&text);
            // The bodies sent here are JSON objects; a CONNECT has none.
            log[index].ends_with('}') || log[index].starts_with("CONNECT")
        };
        if read == 0 || whole {
            break;
        }
    }
    let (Then::Say(answer) | Then::Reset(answer) | Then::Hang(answer)) = then;
    stream.write_all(answer.as_bytes()).await.ok();
    stream.flush().await.ok();
    match then {
        Then::Say(_) => {
            stream.shutdown().await.ok();
            // Closing with unread bytes would reset: read to the end first.
            while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        }
        Then::Reset(_) => {
            // Let the client read what was said before the reset overtakes it.
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.set_zero_linger().ok();
        }
        Then::Hang(_) => tokio::time::sleep(Duration::from_mins(1)).await,
    }
}

/// A request with the refresh token `canary-rt`.
pub(super) fn request(url: &str) -> TokenRequest {
    let url = Url::parse(url).unwrap();
    TokenRequest::build(&url, CODEX_CLIENT_ID, &Secret::new("canary-rt"))
}

/// One call with ample time to send and a second to answer.
pub(super) async fn call_through(proxy: &str, url: &str) -> CallResult {
    let send_by = BootInstant::now() + Duration::from_secs(5);
    call_with(proxy, url, send_by, Duration::from_secs(1)).await
}

/// One call.
pub(super) async fn call_with(
    proxy: &str,
    url: &str,
    send_by: BootInstant,
    answer_deadline: Duration,
) -> CallResult {
    let clients = Clients::new(ClientOptions::default());
    let egress = Egress::parse(Some(&Secret::new(proxy))).unwrap();
    let client = clients.get(&egress, Duration::from_secs(10)).unwrap();
    call(&client, request(url), send_by, answer_deadline).await
}

/// The address of a port on which nobody listens.
pub(super) async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}
