//! Turns Nagle's algorithm off on connections to a server.
//!
//! sqlx 0.9.0 leaves it on (its issue 4335; mended behind that release). A statement of more than one TLS record, such as a group
//! commit, then waits 40 ms for an acknowledgement that the server holds back. sqlx does not hand out its sockets, so they are
//! found among the descriptors of this process by the port that they lead to. Remove this with the release that mends it.

use std::{fs, os::fd::RawFd};

use nix::sys::socket::{
    SockaddrIn, SockaddrIn6, SockaddrStorage, getpeername, setsockopt, sockopt::TcpNoDelay,
};

/// The descriptors of this process, on all systems with such a folder.
const DESCRIPTORS: &str = "/dev/fd";

/// Has everything sent at once on the TCP connections of this process to servers at `port`. What cannot be looked at stays as it
/// is: it is slower, and no less right.
pub(super) fn set(port: u16) {
    let Ok(entries) = fs::read_dir(DESCRIPTORS) else {
        return;
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    for descriptor in numbers {
        if leads_to(descriptor, port) {
            // One that was closed a moment ago takes nothing, and needs nothing.
            let _ = setsockopt(descriptor, TcpNoDelay, &true);
        }
    }
}

fn leads_to(descriptor: RawFd, port: u16) -> bool {
    let Ok(peer) = getpeername::<SockaddrStorage>(descriptor) else {
        return false;
    };
    let v4 = peer.as_sockaddr_in().map(SockaddrIn::port);
    let v6 = peer.as_sockaddr_in6().map(SockaddrIn6::port);
    v4.or(v6) == Some(port)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn only_connections_to_the_port_are_changed() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let (Ok(server), Ok(other)) = (TcpListener::bind(host), TcpListener::bind(host)) else {
                // A machine without IPv6.
                assert_eq!(host, "[::1]:0");
                continue;
            };
            let connect = |to: &TcpListener| TcpStream::connect(to.local_addr().unwrap()).unwrap();
            let (ours, theirs) = (connect(&server), connect(&other));
            assert!(!ours.nodelay().unwrap() && !theirs.nodelay().unwrap());
            set(server.local_addr().unwrap().port());
            assert!(ours.nodelay().unwrap() && !theirs.nodelay().unwrap());
        }
    }
}
