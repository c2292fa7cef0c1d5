//! [`Caller`]: where a request comes from, as far as we can tell.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

use rt_manage_shared::{
    model::audit::{Actor, ActorKind},
    peer,
};

use super::placeholder::has_forwarding_header;
use crate::error::Problem;

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The other end of the connection: the client, or a proxy in front of us.
    pub address: IpAddr,
    /// A proxy says that it speaks for somebody else.
    pub forwarded: bool,
    /// A proxy near us says that the client speaks HTTPS to it. We ourselves serve plain HTTP only.
    pub https: bool,
}

impl Caller {
    /// Reads a request's origin.
    pub fn new(address: IpAddr, headers: &HeaderMap) -> Self {
        let address = address.to_canonical();
        let proto = headers.get("x-forwarded-proto");
        let https = proto.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
        Self {
            address,
            forwarded: has_forwarding_header(headers),
            https: https && peer::is_private(address),
        }
    }

    /// Somebody with a session, who acts from here.
    pub fn actor(self, username: &str, request_id: &str) -> Actor {
        self.somebody(ActorKind::User, username, request_id)
    }

    /// A program with a key of this name, which acts from here.
    pub fn key_actor(self, name: &str, request_id: &str) -> Actor {
        self.somebody(ActorKind::Key, name, request_id)
    }

    fn somebody(self, kind: ActorKind, name: &str, request_id: &str) -> Actor {
        Actor {
            kind,
            name: name.to_owned(),
            address: Some(self.address.to_string()),
            request_id: Some(request_id.to_owned()),
        }
    }

    /// Whether secrets that everybody knows are good enough for this caller.
    pub fn is_near(self) -> bool {
        peer::is_private(self.address) && !self.forwarded
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
            tracing::error!("the server was started without connection information");
            return Err(Problem::internal());
        };
        Ok(Self::new(address.ip(), &parts.headers))
    }
}
