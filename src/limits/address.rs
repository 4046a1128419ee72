//! Whom an address stands for.

use std::net::{IpAddr, Ipv6Addr};

/// Whom an address is counted as: whoever has one address of IPv6 has the 2^64 of its network.
pub fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address => address,
    }
}
