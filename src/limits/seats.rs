//! How many of something may be open at one time: in all, of one tenant, and of one principal.

#![expect(
    clippy::disallowed_types,
    reason = "seats of all threads are counted together; held for a few map operations only"
)]

use std::sync::{Arc, Mutex, MutexGuard};

use callboard_orchestra::Tenant;

use super::Shares;
use crate::auth::{Credential, Principal};

/// Bounds on what is open.
#[derive(Debug, Clone, Copy)]
pub struct SeatLimits {
    pub all_max: usize,
    pub of_tenant_max: usize,
    /// Of one principal. Where nobody is asked who they are `all_max` alone holds.
    pub of_principal_max: usize,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSeat {
    All,
    /// The principal or its tenant has its share.
    Own,
}

/// Counts what is open. Clones share the counts.
#[derive(Clone)]
pub struct Seats {
    taken: Arc<Mutex<Taken>>,
    all_max: usize,
}

struct Taken {
    all: usize,
    shares: Shares,
}

/// Held by what is open, and given back when it is dropped.
pub struct Seat {
    seats: Seats,
    /// Whose share it is of; None where nobody is asked who they are.
    holder: Option<(Tenant, Arc<str>)>,
}

impl Seats {
    pub fn new(limits: SeatLimits) -> Self {
        let shares = Shares::new(limits.of_tenant_max, limits.of_principal_max);
        Self {
            taken: Arc::new(Mutex::new(Taken { all: 0, shares })),
            all_max: limits.all_max,
        }
    }

    pub fn take(&self, principal: &Principal) -> Result<Seat, NoSeat> {
        let is_known = principal.credential != Credential::None;
        let holder = is_known.then(|| (principal.tenant.clone(), principal.name.clone()));
        let mut taken = self.lock();
        if taken.all >= self.all_max {
            return Err(NoSeat::All);
        }
        if let Some((tenant, name)) = &holder
            && !taken.shares.take(tenant, name)
        {
            return Err(NoSeat::Own);
        }
        taken.all += 1;
        Ok(Seat {
            seats: self.clone(),
            holder,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().expect("no holder of this lock can panic")
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.all -= 1;
        if let Some((tenant, name)) = &self.holder {
            taken.shares.release(tenant, name);
        }
    }
}
