//! How often one caller may ask, and how much one tenant may have.
//!
//! The generic cell rate algorithm (GCRA), in this process or, shared by nodes, in Redis. Redis that is slow or gone
//! leaves each node with limits of its own, and the health report, the log and a metric say so.

mod address;
mod quotas;
mod rates;
mod redis_limits;
mod seats;
mod shares;
mod storage;
mod verdict;

pub use address::counted_as;
pub use quotas::{Bounds, Holdings, QuotaExceeded, Quotas};
pub use rates::{RateKey, Rates, Tier};
pub use redis_limits::SharedLimits;
pub use seats::{NoSeat, Seat, SeatLimits, Seats};
pub use shares::Shares;
pub use verdict::Verdict;
