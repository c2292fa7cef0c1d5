//! Names to addresses, with the addresses left out that nothing here may ever talk to.

use std::{error::Error, net::SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rt_manage_shared::openai::{is_forbidden_address, is_private_address};

/// The system's resolver behind the address rules of one egress.
#[derive(Debug, Clone)]
pub(super) struct GuardedResolver {
    /// The only name that may be resolved: the proxy's, where the proxy resolves the target. Should the HTTP
    /// layer ever overlook the proxy, the way past it ends here.
    pub(super) only: Option<String>,
    /// Whether private addresses are left out too.
    pub(super) refuse_private: bool,
}

#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Refusal {
    #[error("this egress does not resolve other names than its proxy's")]
    OtherName,
    #[error("the name leads to an address that must not be used")]
    ForbiddenAddress,
}

impl GuardedResolver {
    fn admits(&self, address: SocketAddr) -> bool {
        let ip = address.ip();
        let refused = self.refuse_private && is_private_address(ip);
        !refused && !is_forbidden_address(ip)
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let name = name.as_str();
            if guard.only.as_deref().is_some_and(|only| only != name) {
                return Err(Refusal::OtherName.into());
            }
            let found = tokio::net::lookup_host((name, 0)).await?;
            let admitted: Vec<_> = found.filter(|address| guard.admits(*address)).collect();
            if admitted.is_empty() {
                return Err(Refusal::ForbiddenAddress.into());
            }
            let addresses: Addrs = Box::new(admitted.into_iter());
            Ok::<_, Box<dyn Error + Send + Sync>>(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(only: Option<&str>, refuse_private: bool, name: &str) -> bool {
        let resolver = GuardedResolver {
            only: only.map(str::to_owned),
            refuse_private,
        };
        resolver.resolve(name.parse().unwrap()).await.is_ok()
    }

    #[tokio::test]
    async fn only_admitted_names_and_addresses() {
        assert!(resolve(None, false, "localhost").await);
        assert!(resolve(Some("localhost"), false, "localhost").await);
        assert!(!resolve(Some("proxy.example"), false, "localhost").await);
        assert!(!resolve(None, true, "localhost").await);
        assert!(!resolve(None, false, "169.254.169.254").await);
    }
}
