use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Once;

/// By which a proxy says whom it was called by.
pub const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address a request comes from: that of the peer, or, behind one of our own proxies, what they say of theirs.
pub fn source(request: &HttpRequest, proxies: &[IpNet]) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
    let (peer, headers) = (peer.to_canonical(), request.headers());
    if headers.contains_key(FORWARDED_FOR) && !is_in(proxies, peer) {
        // Once: anybody can send the header.
        static TOLD: Once = Once::new();
        TOLD.call_once(|| {
            tracing::warn!(
                %peer,
                "a request brings X-Forwarded-For, but its peer is not in http.proxies: if that is a proxy of yours, everybody \
                 behind it counts as one source"
            );
        });
    }
    behind(peer, headers, proxies)
}

pub fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Proxies append to `X-Forwarded-For` whom they were called by. Read from its end, the first that is not a proxy of ours is
/// the caller; what stands before it, anybody may have written.
fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    if !is_in(proxies, peer) {
        return peer;
    }
    let mut nearest = peer;
    let lines = headers
        .get_all(FORWARDED_FOR)
        .filter_map(|line| line.to_str().ok());
    let lines: Vec<&str> = lines.collect();
    for address in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Ok(address) = address.trim().parse::<IpAddr>() else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !is_in(proxies, nearest) {
            return nearest;
        }
    }
    nearest
}

/// One household has a /64 of IPv6 addresses; they count as one source.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[test]
    fn only_our_own_proxies_are_believed() {
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        for (peer, lines, expected) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.7"], "198.51.100.7"),
            (
                "10.0.0.1",
                &["203.0.113.5", "198.51.100.7, 10.0.0.2"],
                "198.51.100.7",
            ),
            ("10.0.0.1", &["10.0.0.3,10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.7, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(
                    HeaderName::from_static(FORWARDED_FOR),
                    HeaderValue::from_static(line),
                );
            }
            let found = behind(peer.parse().unwrap(), &headers, &proxies);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
        }
    }
}
