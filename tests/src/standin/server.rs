//! Connections: accept, read requests, send them where they belong.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::BytesMut;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    control,
    gate::Gates,
    http::{self, Framing, ReadError, Request, Response},
    request::{Endpoint, revoked_token},
    settings::{Defaults, Observer},
    state::State,
    token,
};

/// What all connections and the handle share.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) gates: Arc<Gates>,
    /// How many calls have finished since the last reset.
    pub(super) finished: watch::Sender<u64>,
    /// Goes up when all connections are to end.
    pub(super) kick: watch::Sender<u64>,
    pub(super) initial: Defaults,
    pub(super) observer: Option<Observer>,
}

impl Shared {
    pub(super) fn new(initial: Defaults, observer: Option<Observer>) -> Self {
        let state = State {
            defaults: initial.clone(),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            gates: Arc::default(),
            finished: watch::Sender::new(0),
            kick: watch::Sender::new(0),
            initial,
            observer,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reset(&self) {
        let mut state = self.state();
        state.reset(self.initial.clone());
        self.finished.send_replace(0);
        drop(state);
        self.gates.release_all();
    }

    pub(super) fn drop_connections(&self) {
        self.kick.send_modify(|kicks| *kicks += 1);
    }
}

/// One connection.
pub(super) struct Conn {
    stream: TcpStream,
    buffer: BytesMut,
    pub(super) peer: SocketAddr,
}

/// What becomes of a connection after an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Then {
    Keep,
    Close,
    Reset,
}

impl Conn {
    /// Writes all of it and counts the bytes that the connection took.
    pub(super) async fn write(&mut self, mut bytes: &[u8], count: &mut u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.stream.write(bytes).await?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            *count += taken as u64;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Whether the client has closed its side. What it sent meanwhile is kept.
    pub(super) fn peer_gone(&mut self) -> bool {
        // Asks the system: the runtime may not have seen the event yet.
        let mut bytes = [0; 1024];
        match rustix::io::read(&self.stream, &mut bytes) {
            Ok(0) => true,
            Ok(read) => {
                self.buffer.extend_from_slice(&bytes[..read]);
                false
            }
            Err(error) => error != rustix::io::Errno::AGAIN,
        }
    }

    /// Waits until the client leaves.
    pub(super) async fn until_closed(&mut self) {
        let mut sink = [0; 4096];
        while matches!(self.stream.read(&mut sink).await, Ok(read) if read > 0) {}
    }

    async fn end(mut self, then: Then) {
        // Errors here mean that the connection has ended already, which is what was wanted.
        if then == Then::Reset {
            let _ = self.stream.set_zero_linger();
        } else {
            let _ = self.stream.shutdown().await;
        }
    }
}

pub(super) async fn accept(shared: Arc<Shared>, listener: std::net::TcpListener) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors, for example: the next try may fare better.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let fault = {
            let mut state = shared.state();
            state.totals.connections += 1;
            state.rules.pick_connect()
        };
        let conn = Conn {
            stream,
            buffer: BytesMut::new(),
            peer,
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            match fault {
                Some(true) => conn.end(Then::Reset).await,
                Some(false) => conn.end(Then::Close).await,
                None => {
                    let mut kick = shared.kick.subscribe();
                    tokio::select! {
                        () = converse(&shared, conn) => {}
                        _ = kick.changed() => {}
                    }
                }
            }
        });
    }
}

async fn converse(shared: &Shared, mut conn: Conn) {
    // Answers are small and somebody waits for each.
    let _ = conn.stream.set_nodelay(true);
    loop {
        let then = match http::read_request(&mut conn.stream, &mut conn.buffer).await {
            Ok(request) => answer(shared, &mut conn, &request).await,
            Err(ReadError::Closed) => Then::Close,
            Err(ReadError::Incomplete) => {
                shared.state().totals.incomplete_requests += 1;
                Then::Close
            }
            Err(ReadError::Malformed(why)) => {
                let response = Response::new(400, "text/plain", why);
                let bytes = response.encode(Framing::Length(0), false);
                let _ = conn.write(&bytes, &mut 0).await;
                Then::Close
            }
        };
        if then != Then::Keep {
            return conn.end(then).await;
        }
    }
}

async fn answer(shared: &Shared, conn: &mut Conn, request: &Request) -> Then {
    let response = match (request.method.as_str(), request.path()) {
        ("POST", "/oauth/token") => {
            return token::serve(shared, conn, request, Endpoint::OAuth).await;
        }
        ("POST", "/api/accounts/oauth/token") => {
            return token::serve(shared, conn, request, Endpoint::Accounts).await;
        }
        ("POST", "/oauth/revoke") => {
            // 200 whatever the token is (RFC 7009).
            shared
                .state()
                .revoke(&revoked_token(request).unwrap_or_default());
            Response::json(200, &json!({}))
        }
        ("GET", "/.well-known/jwks.json") => Response::json(200, &json!({"keys": []})),
        (_, path) if path.starts_with("/_standin/") => control::answer(shared, request).await,
        (_, path) => Response::json(404, &json!({"detail": format!("there is no {path} here")})),
    };
    let bytes = response.encode(Framing::Length(0), request.keep_alive);
    match conn.write(&bytes, &mut 0).await {
        Ok(()) if request.keep_alive => Then::Keep,
        _ => Then::Close,
    }
}
