//! How many connections one address has open.

#![expect(
    clippy::disallowed_types,
    reason = "connections of all threads are counted together; held for a map operation only"
)]

use std::{
    any::Any,
    collections::HashMap,
    net::{IpAddr, Shutdown},
    os::fd::AsFd,
    sync::{Arc, Mutex, MutexGuard},
};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{dev::Extensions, rt::net::TcpStream};
use ipnet::IpNet;

use super::{
    client_address::is_proxy,
    departure::{Departure, InHand},
    desk::HttpLimits,
};
use crate::limits::counted_as;

/// Counts, and refuses what is too much. Clones share the counts.
#[derive(Clone)]
pub struct Connections {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_address_max: usize,
    /// Whose connections are other people's.
    trusted_proxies: Arc<[IpNet]>,
    departure: Departure,
}

/// Held by a connection while it is open.
struct Seat {
    connections: Connections,
    address: IpAddr,
    _open: InHand,
}

/// The socket of a connection, be it plain or under TLS.
pub fn stream_of(connection: &dyn Any) -> Option<&TcpStream> {
    let tls = || connection.downcast_ref::<TlsStream<TcpStream>>();
    connection
        .downcast_ref::<TcpStream>()
        .or_else(|| tls().map(|tls| tls.get_ref().0))
}

impl Connections {
    pub fn new(limits: &HttpLimits, departure: Departure) -> Self {
        Self {
            open: Arc::default(),
            per_address_max: limits.connections_per_address_max,
            trusted_proxies: limits.trusted_proxies.as_slice().into(),
            departure,
        }
    }

    /// Counts a new connection, or closes it. For `HttpServer::on_connect`.
    pub fn admit(&self, connection: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream_of(connection) else {
            return;
        };
        // A connection without a peer has ended already.
        let Ok(peer) = stream.peer_addr() else {
            return;
        };
        match self.seat(peer.ip()) {
            Some(seat) => {
                data.insert(seat);
            }
            None => {
                metrics::counter!("callboard_connections_refused_total").increment(1);
                if let Ok(descriptor) = stream.as_fd().try_clone_to_owned() {
                    // Err means that it has ended already.
                    let _ = std::net::TcpStream::from(descriptor).shutdown(Shutdown::Both);
                }
            }
        }
    }

    fn seat(&self, address: IpAddr) -> Option<Seat> {
        let is_bound = !is_proxy(address, &self.trusted_proxies);
        let address = counted_as(address);
        let mut open = self.lock();
        let count = open.entry(address).or_default();
        if is_bound && *count >= self.per_address_max {
            return None;
        }
        *count += 1;
        Some(Seat {
            connections: self.clone(),
            address,
            _open: self.departure.connection(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().expect("no holder of this lock can panic")
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_gets_room_when_one_ends() {
        let limits = HttpLimits {
            connections_per_address_max: 2,
            trusted_proxies: vec!["10.0.0.1/32".parse().unwrap()],
            ..HttpLimits::default()
        };
        let connections = Connections::new(&limits, Departure::default());
        let seat = |text: &str| connections.seat(text.parse().unwrap());
        let (first, _second) = (seat("192.0.2.1"), seat("::ffff:192.0.2.1"));
        assert!(seat("192.0.2.1").is_none());
        assert!(seat("192.0.2.2").is_some());
        drop(first);
        assert!(seat("192.0.2.1").is_some());
        let _network = (seat("2001:db8::1").unwrap(), seat("2001:db8::2").unwrap());
        assert!(seat("2001:db8::3").is_none());
        assert!(seat("2001:db8:0:1::3").is_some());
        let _others = [(); 3].map(|()| seat("10.0.0.1").unwrap());
    }
}
