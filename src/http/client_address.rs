//! Who a request comes from when it came by proxies: each adds the address it was asked from at the end of X-Forwarded-For.
//! What stands there is believed from the right, as far as it was written by networks that `server.trusted_proxies` names;
//! what a client has written itself stands to the left of that.

use std::net::{IpAddr, SocketAddr};

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, X_FORWARDED_FOR},
    web::Data,
};
use ipnet::IpNet;

use super::desk::Desk;

/// Proxies in a row that are followed.
const HOPS_MAX: usize = 16;

/// The address of whoever sent the request; None once its connection is gone.
pub fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let Some(desk) = request.app_data::<Data<Desk>>() else {
        return Some(peer);
    };
    Some(behind(
        peer,
        request.headers(),
        &desk.limits.trusted_proxies,
    ))
}

/// Whether `address` is a proxy's.
pub fn is_proxy(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// The nearest address that is not a proxy's; a proxy's own where it names nobody.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !is_proxy(peer, trusted) {
        return peer;
    }
    let lines: Vec<&str> = headers
        .get_all(X_FORWARDED_FOR)
        .map(|line| line.to_str().unwrap_or_default())
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut nearest = peer;
    for hop in hops.take(HOPS_MAX) {
        let Some(address) = address(hop.trim()) else {
            break;
        };
        nearest = address.to_canonical();
        if !is_proxy(nearest, trusted) {
            break;
        }
    }
    nearest
}

/// Of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_proxy_is_believed_and_nobody_else() {
        assert_eq!(asked("10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(asked("::ffff:10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(asked("198.51.100.1", &["192.0.2.7"]), "198.51.100.1");
        assert_eq!(asked("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_has_written_itself_is_left_alone() {
        assert_eq!(asked("10.0.0.1", &["203.0.113.9, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(
            asked("10.0.0.1", &["203.0.113.9", "192.0.2.7"]),
            "192.0.2.7"
        );
        assert_eq!(
            asked("10.0.0.1", &["10.0.0.9, 192.0.2.7, 10.0.0.2"]),
            "192.0.2.7"
        );
        assert_eq!(asked("10.0.0.1", &["192.0.2.7, nonsense"]), "10.0.0.1");
        assert_eq!(
            asked("10.0.0.1", &["192.0.2.7, nonsense, 10.0.0.2"]),
            "10.0.0.2"
        );
    }

    #[test]
    fn addresses_may_have_ports_and_brackets() {
        for (hop, address) in [
            ("192.0.2.7:4711", "192.0.2.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
        ] {
            assert_eq!(asked("fd00::1", &[hop]), address);
        }
    }

    #[test]
    fn no_more_proxies_are_followed_than_there_may_be() {
        let chain = vec!["10.0.0.2"; HOPS_MAX].join(",");
        assert_eq!(asked("10.0.0.1", &["192.0.2.7", &chain]), "10.0.0.2");
    }
}
