//! Tickets that open one stream each: for clients that can send no header, such as a page with a websocket. A ticket may
//! stand in a URL, since it is worth nothing once it was used or is half a minute old.

#![expect(
    clippy::disallowed_types,
    reason = "every thread may give a ticket out or take one; held for a few map operations only"
)]

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use callboard_orchestra::Timestamp;

use super::{
    principal::Principal,
    secret::{Secret, SecretHash, SecretKind},
};
use crate::limits::Shares;

/// Time to use a ticket.
pub const TICKET_TTL: Duration = Duration::from_secs(30);
/// Tickets that wait to be used.
const TICKETS_MAX: usize = 10_000;
/// Those of one tenant among them, and those of one principal.
const TICKETS_OF_TENANT_MAX: usize = 2_000;
const TICKETS_OF_PRINCIPAL_MAX: usize = 200;

/// Why there is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoTicket {
    #[error("too many tickets wait to be used")]
    All,
    #[error("too many tickets of this caller or its tenant wait to be used")]
    Own,
}

/// Tickets that wait to be used, of callers of this process.
pub struct Tickets(Mutex<Waiting>);

struct Waiting {
    tickets: HashMap<SecretHash, Ticket>,
    /// The same by when they end.
    by_end: BTreeSet<(Timestamp, SecretHash)>,
    shares: Shares,
}

struct Ticket {
    principal: Principal,
    expires_at: Timestamp,
}

impl Default for Tickets {
    fn default() -> Self {
        Self(Mutex::new(Waiting {
            tickets: HashMap::new(),
            by_end: BTreeSet::new(),
            shares: Shares::new(TICKETS_OF_TENANT_MAX, TICKETS_OF_PRINCIPAL_MAX),
        }))
    }
}

impl Tickets {
    pub fn issue(&self, principal: &Principal, now: Timestamp) -> Result<Secret, NoTicket> {
        let secret = Secret::mint(SecretKind::Ticket);
        let mut waiting = self.lock();
        waiting.forget(now);
        if waiting.tickets.len() >= TICKETS_MAX {
            return Err(NoTicket::All);
        }
        if !waiting.shares.take(&principal.tenant, &principal.name) {
            return Err(NoTicket::Own);
        }
        let ticket = Ticket {
            principal: principal.clone(),
            expires_at: now.plus(TICKET_TTL),
        };
        waiting.by_end.insert((ticket.expires_at, secret.hash()));
        waiting.tickets.insert(secret.hash(), ticket);
        Ok(secret)
    }

    /// Whose ticket it is. It is none from here on.
    pub fn redeem(&self, ticket: &str, now: Timestamp) -> Option<Principal> {
        let ticket = self.lock().remove(&SecretHash::of(ticket))?;
        (ticket.expires_at > now).then_some(ticket.principal)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

impl Waiting {
    fn remove(&mut self, hash: &SecretHash) -> Option<Ticket> {
        let ticket = self.tickets.remove(hash)?;
        self.by_end.remove(&(ticket.expires_at, *hash));
        let principal = &ticket.principal;
        self.shares.release(&principal.tenant, &principal.name);
        Some(ticket)
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((end, hash)) = self.by_end.first().copied()
            && end <= now
        {
            self.remove(&hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::Tenant;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn principal(tenant: usize, name: usize) -> Principal {
        Principal {
            tenant: Tenant::new(tenant.to_string()),
            name: name.to_string().into(),
            ..Principal::anonymous()
        }
    }

    #[test]
    fn a_ticket_is_good_once_and_for_half_a_minute() {
        let tickets = Tickets::default();
        let issue = || tickets.issue(&Principal::anonymous(), NOW).unwrap();
        let (one, other) = (issue(), issue());
        let last = Timestamp::from_millis(29_999);
        assert!(tickets.redeem(one.reveal(), last).is_some());
        assert!(tickets.redeem(one.reveal(), last).is_none());
        let late = Timestamp::from_millis(30_000);
        assert!(tickets.redeem(other.reveal(), late).is_none());
    }

    #[test]
    fn a_caller_and_a_tenant_have_their_share_and_the_others_theirs() {
        let tickets = Tickets::default();
        let issue = |tenant, name| tickets.issue(&principal(tenant, name), NOW);
        let issued = (0..TICKETS_OF_PRINCIPAL_MAX).map(|_| issue(0, 0).unwrap());
        let mut issued: Vec<Secret> = issued.collect();
        let last = issued.pop().unwrap();
        assert_eq!(issue(0, 0).err(), Some(NoTicket::Own));
        for nth in TICKETS_OF_PRINCIPAL_MAX..TICKETS_OF_TENANT_MAX {
            assert!(issue(0, 1 + nth % 100).is_ok());
        }
        assert_eq!(issue(0, 1_000).err(), Some(NoTicket::Own));
        assert!(issue(1, 0).is_ok());
        assert!(tickets.redeem(last.reveal(), NOW).is_some());
        assert!(issue(0, 0).is_ok());
        assert_eq!(issue(0, 0).err(), Some(NoTicket::Own));
    }

    #[test]
    fn tickets_are_refused_while_too_many_wait() {
        let tickets = Tickets::default();
        for nth in 0..TICKETS_MAX {
            assert!(tickets.issue(&principal(nth % 100, nth % 100), NOW).is_ok());
        }
        let issue = |now| tickets.issue(&principal(1_000, 0), now);
        assert_eq!(issue(NOW).err(), Some(NoTicket::All));
        assert!(issue(Timestamp::from_millis(30_000)).is_ok());
        let waiting = tickets.lock();
        assert_eq!((waiting.by_end.len(), waiting.tickets.len()), (1, 1));
    }
}
