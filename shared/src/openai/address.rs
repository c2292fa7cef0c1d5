//! Which addresses a proxy may have. A proxy's URL comes from whoever may edit credentials; it must not
//! become a way to talk to the machine's own metadata service.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The metadata service of AWS on IPv6 (source: its documentation; on IPv4 all large clouds use 169.254.169.254).
const AWS_METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
/// The metadata service of Alibaba Cloud, the large exception (source: its documentation).
const ALIBABA_METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// Whether an address is never a proxy: link-local (RFC 3927, RFC 4291) or a metadata service, also when it
/// is written as an IPv6 address that wraps it.
pub fn is_forbidden_address(address: IpAddr) -> bool {
    match unwrapped(address) {
        IpAddr::V4(v4) => v4.is_link_local() || v4 == ALIBABA_METADATA,
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6 == AWS_METADATA_V6,
    }
}

/// Whether an address is private: loopback, RFC 1918, RFC 6598, unique local (RFC 4193) or unspecified.
/// Such proxies are normal; an installation may forbid them.
pub fn is_private_address(address: IpAddr) -> bool {
    match unwrapped(address) {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            v4.is_loopback() || v4.is_private() || a == 0 || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local(),
    }
}

/// The IPv4 address inside an IPv4-mapped (`::ffff:0:0/96`), IPv4-compatible (`::/96`), NAT64
/// (`64:ff9b::/96`) or 6to4 (`2002::/16`) address.
fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => address,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            v4(high, low)
        }
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_and_link_local_are_never_proxies() {
        for text in [
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_forbidden_address(text.parse().unwrap()), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.0.0.1",
            "8.8.8.8",
            "::1",
            "2001:db8::1",
            "fd00::1",
        ] {
            assert!(!is_forbidden_address(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn private_addresses_are_known() {
        for text in [
            "127.0.0.1",
            "::1",
            "::",
            "0.0.0.0",
            "192.168.1.1",
            "100.64.0.1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private_address(text.parse().unwrap()), "{text}");
        }
        for text in ["8.8.8.8", "100.128.0.1", "2001:4860::1"] {
            assert!(!is_private_address(text.parse().unwrap()), "{text}");
        }
    }
}
