//! One HTTP client per egress, built when it is first needed and kept while it is used.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{Client, Proxy, redirect::Policy, retry};
use rt_manage_shared::openai::{Egress, NotSentKind, ProxyUrl};

use super::resolver::GuardedResolver;

/// How long an idle connection is kept. A server or a middle box closes idle connections without asking,
/// and a request written into a closed connection is a refresh in doubt. Servers keep them for 5 s (Node.js)
/// to 75 s (nginx): 4 s stays below all of these and still serves a burst.
const POOL_IDLE: Duration = Duration::from_secs(4);
/// Default number of clients kept: each holds the parsed root certificates, some hundred kilobytes.
const CAPACITY: usize = 256;
/// How we introduce ourselves.
const USER_AGENT: &str = concat!("rt-manage/", env!("CARGO_PKG_VERSION"));

/// Makes aws-lc-rs the process' TLS provider. The HTTP client is built without one of its own, so that
/// there is exactly one implementation of cryptography in the program. May be called more than once.
pub fn install_crypto_provider() {
    // An error says that a provider is installed already: what is wanted.
    let _installed_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// How clients are built.
#[derive(Debug, Clone, Copy)]
pub struct ClientOptions {
    /// Most clients kept; the least recently used goes.
    pub capacity: usize,
    /// Whether HTTP/2 may be negotiated. Off by default: over HTTP/1.1 a connection that dies takes one
    /// refresh into doubt, over HTTP/2 all that share it, and few are in flight anyway.
    pub http2: bool,
    /// Whether a proxy may have a private address. On by default: local proxies are normal.
    pub private_proxies: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            capacity: CAPACITY,
            http2: false,
            private_proxies: true,
        }
    }
}

/// The client of one egress. Cheap to clone.
#[derive(Clone)]
pub struct EgressClient {
    pub(super) http: Client,
    pub(super) proxied: bool,
}

impl fmt::Debug for EgressClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressClient")
            .field("proxied", &self.proxied)
            .finish_non_exhaustive()
    }
}

/// What tells clients apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Build {
    /// The whole digest of the proxy's URL: a short key could be made to collide with another proxy's.
    proxy: Option<[u8; 32]>,
    connect_timeout: Duration,
}

struct Kept {
    client: EgressClient,
    used: u64,
}

#[derive(Default)]
struct Cache {
    kept: HashMap<Build, Kept>,
    uses: u64,
}

/// The clients in use, least recently used first to go.
pub struct Clients {
    options: ClientOptions,
    cache: Mutex<Cache>,
}

impl Clients {
    /// No clients yet. Installs the TLS provider, without which none could be built.
    pub fn new(options: ClientOptions) -> Self {
        install_crypto_provider();
        Self {
            options,
            cache: Mutex::default(),
        }
    }

    /// The client of `egress`; `connect_timeout` is for name, connection, proxy and TLS together. One that cannot be built is
    /// an error; there is no other way out instead.
    pub fn get(
        &self,
        egress: &Egress,
        connect_timeout: Duration,
    ) -> Result<EgressClient, NotSentKind> {
        let build = Build {
            proxy: egress.digest(),
            connect_timeout,
        };
        if let Some(client) = self.cache().touch(&build) {
            return Ok(client);
        }
        // Built outside the lock (reading root certificates takes milliseconds); built twice does no harm.
        let client = self
            .build(egress, connect_timeout)
            .ok_or(NotSentKind::Egress)?;
        self.cache()
            .insert(build, client.clone(), self.options.capacity);
        Ok(client)
    }

    /// Number of clients kept.
    pub fn len(&self) -> usize {
        self.cache().kept.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn build(&self, egress: &Egress, connect_timeout: Duration) -> Option<EgressClient> {
        let builder = Client::builder()
            // No proxy from HTTP_PROXY and the like; a proxy of ours is added after this.
            .no_proxy()
            .redirect(Policy::none())
            .retry(retry::never())
            .referer(false)
            .user_agent(USER_AGENT)
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_nodelay(true);
        let builder = if self.options.http2 {
            builder
        } else {
            builder.http1_only()
        };
        let (builder, resolver) = match egress {
            Egress::Direct => (builder, self.resolver(None)),
            Egress::Proxy(proxy) => {
                if proxy.is_private_literal() && !self.options.private_proxies {
                    return None;
                }
                let route = Proxy::all(proxy.expose().expose()).ok()?;
                (builder.proxy(route), self.resolver(Some(proxy)))
            }
        };
        let http = builder.dns_resolver(resolver).build().ok()?;
        Some(EgressClient {
            http,
            proxied: matches!(egress, Egress::Proxy(_)),
        })
    }

    fn resolver(&self, proxy: Option<&ProxyUrl>) -> GuardedResolver {
        let only = proxy.filter(|proxy| proxy.resolves_target());
        GuardedResolver {
            only: only.map(|proxy| proxy.host().to_owned()),
            refuse_private: proxy.is_some() && !self.options.private_proxies,
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients")
            .field("options", &self.options)
            .field("kept", &self.len())
            .finish_non_exhaustive()
    }
}

impl Cache {
    fn touch(&mut self, build: &Build) -> Option<EgressClient> {
        self.uses += 1;
        let kept = self.kept.get_mut(build)?;
        kept.used = self.uses;
        Some(kept.client.clone())
    }

    fn insert(&mut self, build: Build, client: EgressClient, capacity: usize) {
        while self.kept.len() >= capacity.max(1) && !self.kept.contains_key(&build) {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.used);
            let Some(oldest) = oldest.map(|(build, _)| *build) else {
                break;
            };
            self.kept.remove(&oldest);
        }
        let used = self.uses;
        self.kept.insert(build, Kept { client, used });
    }
}

#[cfg(test)]
mod tests {
    use rt_manage_shared::vault::Secret;

    use super::*;

    const TIME: Duration = Duration::from_secs(10);

    fn egress(url: &str) -> Egress {
        Egress::parse(Some(&Secret::new(url))).unwrap()
    }

    #[test]
    fn the_least_recently_used_client_goes() {
        let clients = Clients::new(ClientOptions {
            capacity: 2,
            ..ClientOptions::default()
        });
        let (a, b, c) = (
            egress(""),
            egress("http://b.example"),
            egress("socks5h://u:p@c.example"),
        );
        for egress in [&a, &b, &a, &c] {
            clients.get(egress, TIME).unwrap();
        }
        let kept = |egress: &Egress| {
            let build = Build {
                proxy: egress.digest(),
                connect_timeout: TIME,
            };
            clients.cache().kept.contains_key(&build)
        };
        assert!(kept(&a) && !kept(&b) && kept(&c));
        assert_eq!(clients.len(), 2);
        // Another time to connect is another client.
        clients.get(&a, TIME * 2).unwrap();
        assert!(!kept(&a) || !kept(&c));
    }

    #[test]
    fn private_proxies_can_be_forbidden() {
        let clients = Clients::new(ClientOptions {
            private_proxies: false,
            ..ClientOptions::default()
        });
        let refused = clients
            .get(&egress("http://127.0.0.1:8080"), TIME)
            .unwrap_err();
        assert_eq!(refused, NotSentKind::Egress);
        assert!(clients.get(&egress("http://proxy.example"), TIME).is_ok());
    }
}
