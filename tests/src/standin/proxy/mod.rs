//! Stand-ins for the proxies between the client and the upstream: HTTP (CONNECT and absolute-form) and SOCKS5.
//!
//! They count, they can ask for a password and they can refuse. Together with the peers in the stand-in's calls they
//! prove that a credential's proxy is used and that nothing goes past it ([`Proxy::carried`]).

mod forward;
mod socks;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use super::{StartError, background::Background, handle::listen};

/// Which protocol a proxy speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProxyKind {
    /// HTTP: CONNECT tunnels and absolute-form requests.
    Http,
    /// SOCKS5 (RFC 1928), with names or addresses.
    Socks5,
}

/// How a proxy starts.
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// What it speaks.
    pub kind: ProxyKind,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// User and password that it insists on.
    pub credentials: Option<(String, String)>,
}

impl ProxyOptions {
    /// A proxy without a password, on a free port.
    pub fn new(kind: ProxyKind) -> Self {
        Self {
            kind,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            credentials: None,
        }
    }

    /// Insists on this user and password.
    #[must_use]
    pub fn password(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some((user.to_owned(), password.to_owned()));
        self
    }
}

/// What a proxy has seen.
#[derive(Clone, Debug, Default)]
pub struct ProxyStats {
    /// Connections accepted.
    pub connections: u64,
    /// Requests understood: CONNECT, absolute-form or SOCKS5 CONNECT, granted or not.
    pub requests: u64,
    /// Requests with a missing or wrong password.
    pub denied: u64,
    /// Requests refused because of [`Proxy::refuse`].
    pub refused: u64,
    /// Requests by the `host:port` that they named.
    pub targets: BTreeMap<String, u64>,
    /// Local addresses of its own connections: the peers that the upstream sees.
    pub outgoing: BTreeSet<SocketAddr>,
}

struct Shared {
    kind: ProxyKind,
    credentials: Option<(String, String)>,
    inner: Mutex<(Option<u16>, ProxyStats)>,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, (Option<u16>, ProxyStats)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request; the status to refuse it with, if it is to be refused.
    fn request(&self, target: &str) -> Option<u16> {
        let (refuse, stats) = &mut *self.inner();
        stats.requests += 1;
        *stats.targets.entry(target.to_owned()).or_default() += 1;
        stats.refused += u64::from(refuse.is_some());
        *refuse
    }

    fn denied(&self) {
        self.inner().1.denied += 1;
    }

    async fn connect(&self, target: &str) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(target).await?;
        stream.set_nodelay(true)?;
        self.inner().1.outgoing.insert(stream.local_addr()?);
        Ok(stream)
    }
}

/// A running proxy. Dropping it stops it.
pub struct Proxy {
    // Held for its Drop.
    _background: Background,
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Proxy {
    /// Starts one, on a thread of its own.
    pub fn start(options: ProxyOptions) -> Result<Self, StartError> {
        let listener = listen(options.listen)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            kind: options.kind,
            credentials: options.credentials,
            inner: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let background = Background::start("proxy", 1, move || accept(served, listener))?;
        Ok(Self {
            _background: background,
            shared,
            address,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL as a client configures it, with user and password (percent-encoded) if it insists on them. SOCKS5 comes
    /// as `socks5h`: names are resolved by the proxy.
    pub fn url(&self) -> String {
        let scheme = match self.shared.kind {
            ProxyKind::Http => "http",
            ProxyKind::Socks5 => "socks5h",
        };
        let login = self
            .shared
            .credentials
            .as_ref()
            .map(|(user, password)| format!("{}:{}@", escape(user), escape(password)))
            .unwrap_or_default();
        format!("{scheme}://{login}{}", self.address)
    }

    /// Refuses every request from now on with this status (407, 502, …), or no more. SOCKS5 has no statuses: 407 means
    /// "no acceptable method", anything else "connection refused".
    pub fn refuse(&self, status: Option<u16>) {
        self.shared.inner().0 = status;
    }

    /// What it has seen.
    pub fn stats(&self) -> ProxyStats {
        self.shared.inner().1.clone()
    }

    /// Whether a call that the upstream saw coming from `peer` came through this proxy.
    pub fn carried(&self, peer: SocketAddr) -> bool {
        self.shared.inner().1.outgoing.contains(&peer)
    }
}

fn escape(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

async fn accept(shared: Arc<Shared>, listener: std::net::TcpListener) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, for example: the next try may fare better.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        shared.inner().1.connections += 1;
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A broken connection is the client's to notice; there is nobody else to tell.
            let _ = match shared.kind {
                ProxyKind::Http => forward::serve(&shared, stream).await,
                ProxyKind::Socks5 => socks::serve(&shared, stream).await,
            };
        });
    }
}

/// Carries bytes both ways until both sides have ended. A reset of one side resets the other, so that faults come
/// through as they are.
async fn tunnel(mut client: TcpStream, mut upstream: TcpStream) -> io::Result<()> {
    if let Err(error) = copy_bidirectional(&mut client, &mut upstream).await {
        client.set_zero_linger()?;
        upstream.set_zero_linger()?;
        return Err(error);
    }
    Ok(())
}
