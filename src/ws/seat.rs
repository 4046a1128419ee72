//! A stream's seat, shown in the metrics while it is held.

use super::Transport;
use crate::{
    auth::Principal,
    limits::{self, NoSeat, Seats},
};

/// Held by an open stream.
pub struct Seat {
    transport: Transport,
    _held: limits::Seat,
}

impl Seat {
    pub fn take(
        seats: &Seats,
        principal: &Principal,
        transport: Transport,
    ) -> Result<Self, NoSeat> {
        let held = seats.take(principal)?;
        metrics::gauge!("callboard_ws_clients", "transport" => transport.name()).increment(1);
        Ok(Self {
            transport,
            _held: held,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        metrics::gauge!("callboard_ws_clients", "transport" => self.transport.name()).decrement(1);
    }
}
