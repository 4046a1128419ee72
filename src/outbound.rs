//! Where requests of the server may go. Every HTTP client of the server is made here.
//!
//! Addresses are checked as they are resolved for a connection, so that a name cannot lead elsewhere after it was looked
//! at, and again at each redirect. Proxies of the environment are not used: they would resolve names by themselves.

use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::{
    Client, ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::{Attempt, Policy},
};

use crate::{config::OutboundConfig, tls};

/// Networks of IPv4 that are not the public internet (IANA special-purpose registry), 169.254.169.254 among them.
const CLOSED_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// What is open of IPv6: global unicast.
const OPEN_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// What is closed within it: protocol assignments with Teredo, documentation, and 6to4, which leads to IPv4.
const CLOSED_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

const ANY: [IpNet; 2] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
];

/// The rules. Clones share them.
#[derive(Debug, Clone)]
pub struct Outbound {
    allowed: Arc<[IpNet]>,
}

/// A request would go to an address that is closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a public address, and outbound.allowed_networks does not have it")]
pub struct ForbiddenAddress(String);

impl ForbiddenAddress {
    /// Whether this is why a request failed.
    pub fn caused(error: &(dyn Error + 'static)) -> bool {
        let mut causes = std::iter::successors(Some(error), |&error| error.source());
        causes.any(|cause| cause.is::<Self>())
    }
}

impl Outbound {
    pub fn of(config: &OutboundConfig) -> Self {
        Self {
            allowed: config.allowed_networks.clone().into(),
        }
    }

    /// For addresses that only the operator names.
    pub fn anywhere() -> Self {
        Self {
            allowed: ANY.into(),
        }
    }

    /// A client whose connections are checked, which follows no redirects unless it is told to. Whoever sends a request
    /// calls `check` first: an address that needs no resolving is not resolved.
    pub fn client(&self) -> ClientBuilder {
        tls::install_provider();
        Client::builder()
            .no_proxy()
            .dns_resolver(Arc::new(self.clone()))
            .redirect(Policy::none())
            .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
    }

    /// Follows a few redirects, none from HTTPS to HTTP and none to a closed address.
    pub fn redirects(&self, redirects_max: usize) -> Policy {
        let outbound = self.clone();
        Policy::custom(move |attempt: Attempt<'_>| {
            let before = attempt.previous();
            if before.len() > redirects_max {
                return attempt.error("too many redirects");
            }
            let was_secure = before.last().is_some_and(|url| url.scheme() == "https");
            if was_secure && attempt.url().scheme() != "https" {
                return attempt.error("a redirect from https to http");
            }
            match outbound.check(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(error) => attempt.error(error),
            }
        })
    }

    /// Refuses a URL whose host is a closed address. A name passes: it is checked when it is resolved.
    pub fn check(&self, url: &Url) -> Result<(), ForbiddenAddress> {
        let Some(host) = url.host_str() else {
            return Err(ForbiddenAddress("a URL without a host".to_owned()));
        };
        // The parser of URLs has written every form of an address in its plain one.
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        let Ok(address) = plain.parse::<IpAddr>() else {
            return Ok(());
        };
        self.is_open(address)
            .then_some(())
            .ok_or_else(|| ForbiddenAddress(address.to_string()))
    }

    /// Whether requests may go to the address.
    pub fn is_open(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed
            .iter()
            .any(|network| network.contains(&address))
            || is_public(address)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let is_in = |(network, bits): &(Ipv4Addr, u8)| {
                Ipv4Net::new_assert(*network, *bits).contains(&address)
            };
            !CLOSED_V4.iter().any(is_in)
        }
        IpAddr::V6(address) => {
            let is_in = |(network, bits): &(Ipv6Addr, u8)| {
                Ipv6Net::new_assert(*network, *bits).contains(&address)
            };
            is_in(&OPEN_V6) && !CLOSED_V6.iter().any(is_in)
        }
    }
}

impl Resolve for Outbound {
    fn resolve(&self, name: Name) -> Resolving {
        let outbound = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let (open, closed): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|address| outbound.is_open(address.ip()));
            match (open.is_empty(), closed.first()) {
                (true, Some(address)) => {
                    let named = Shown(&host, address.ip()).to_string();
                    Err(Box::new(ForbiddenAddress(named)) as Box<dyn Error + Send + Sync>)
                }
                _ => Ok(Box::new(open.into_iter()) as Addrs),
            }
        })
    }
}

struct Shown<'a>(&'a str, IpAddr);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbound(allowed: &[&str]) -> Outbound {
        Outbound::of(&OutboundConfig {
            allowed_networks: allowed.iter().map(|net| net.parse().unwrap()).collect(),
        })
    }

    #[test]
    fn addresses_that_are_not_public_are_closed_in_every_spelling() {
        let closed = outbound(&[]);
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:10.0.0.1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[ff02::1]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
            "[2001::1]",
            "[2001:db8::1]",
            "2130706433",
            "0x7f.1",
            "017700000001",
            "127.1",
            "127.0.0.1.",
        ] {
            let url = Url::parse(&format!("http://{address}:8080/x")).unwrap();
            assert!(closed.check(&url).is_err(), "{address} is {:?}", url.host());
        }
        for address in [
            "8.8.8.8",
            "172.32.0.1",
            "[2606:4700::1111]",
            "board.example",
        ] {
            let url = Url::parse(&format!("https://{address}/")).unwrap();
            assert_eq!(closed.check(&url), Ok(()), "{address}");
        }
        let url = Url::parse("http://10.1.2.3/").unwrap();
        assert_eq!(outbound(&["10.1.0.0/16"]).check(&url), Ok(()));
        assert!(outbound(&["10.2.0.0/16"]).check(&url).is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_closed_address_is_refused_when_it_is_resolved() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "http://localhost:{}/",
            listener.local_addr().unwrap().port()
        );
        let client = outbound(&[]).client().build().unwrap();
        let error = client.get(&url).send().await.unwrap_err();
        assert!(ForbiddenAddress::caused(&error), "{error:?}");
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "a connection was made");
    }

    #[tokio::test]
    async fn a_redirect_to_a_closed_address_is_not_followed() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://127.0.0.1:{}/",
            listener.local_addr().unwrap().port()
        );
        let open = outbound(&["127.0.0.0/8"]);
        let client = open.client().redirect(open.redirects(3)).build().unwrap();
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1_024]).await.unwrap();
            let answer = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let (answered, ()) = tokio::join!(client.get(&url).send(), serving);
        let error = answered.unwrap_err();
        assert!(ForbiddenAddress::caused(&error), "{error:?}");
    }
}
