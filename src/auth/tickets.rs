//! Tickets that open one stream each: for clients that can send no header, such as a page with a websocket. A ticket may
//! stand in a URL, since it is worth nothing once it was used or is half a minute old.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use callboard_orchestra::Timestamp;

use super::{
    principal::Principal,
    secret::{Secret, SecretHash, SecretKind},
};

/// Time to use a ticket.
pub const TICKET_TTL: Duration = Duration::from_secs(30);
/// Tickets that wait to be used.
const TICKETS_MAX: usize = 10_000;

/// Tickets that wait to be used, of callers of this process. A lock, for every HTTP thread may give one out or take one.
#[derive(Default)]
pub struct Tickets(RwLock<HashMap<SecretHash, Waiting>>);

struct Waiting {
    principal: Principal,
    expires_at: Timestamp,
}

impl Tickets {
    /// None when too many wait to be used.
    pub fn issue(&self, principal: &Principal, now: Timestamp) -> Option<Secret> {
        let secret = Secret::mint(SecretKind::Ticket);
        let mut waiting = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= TICKETS_MAX {
            waiting.retain(|_, ticket| ticket.expires_at > now);
        }
        if waiting.len() >= TICKETS_MAX {
            return None;
        }
        let ticket = Waiting {
            principal: principal.clone(),
            expires_at: now.plus(TICKET_TTL),
        };
        waiting.insert(secret.hash(), ticket);
        Some(secret)
    }

    /// Whose ticket it is. It is none from here on.
    pub fn redeem(&self, ticket: &str, now: Timestamp) -> Option<Principal> {
        let mut waiting = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let ticket = waiting.remove(&SecretHash::of(ticket))?;
        (ticket.expires_at > now).then_some(ticket.principal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

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
    fn tickets_are_refused_while_too_many_wait() {
        let tickets = Tickets::default();
        let issue = |now| tickets.issue(&Principal::anonymous(), now);
        for _ in 0..TICKETS_MAX {
            assert!(issue(NOW).is_some());
        }
        assert!(issue(NOW).is_none());
        assert!(issue(Timestamp::from_millis(30_000)).is_some());
    }
}
