//! The threads actors live on.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::{Arbiter, ArbiterHandle};

use crate::universe::Home;

pub(crate) struct Arbiters {
    core: ArbiterHandle,
    roles: Vec<ArbiterHandle>,
    next_role: AtomicUsize,
    /// Those this universe started and therefore stops.
    owned: bool,
}

impl Arbiters {
    /// Everything on the arbiter of the calling System.
    pub(crate) fn current() -> Self {
        Self {
            core: Arbiter::current(),
            roles: vec![Arbiter::current()],
            next_role: AtomicUsize::new(0),
            owned: false,
        }
    }

    /// One for the core and `roles` more. The calling thread must belong to an actix System.
    pub(crate) fn started(roles: NonZeroUsize) -> Self {
        Self {
            core: Arbiter::new().handle(),
            roles: (0..roles.get()).map(|_| Arbiter::new().handle()).collect(),
            next_role: AtomicUsize::new(0),
            owned: true,
        }
    }

    pub(crate) fn at(&self, home: Home) -> &ArbiterHandle {
        match home {
            Home::Core => &self.core,
            Home::Roles => {
                let next = self.next_role.fetch_add(1, Ordering::Relaxed);
                &self.roles[next % self.roles.len()]
            }
        }
    }

    /// All of them by name: `core`, `roles.0`, `roles.1` and so on.
    pub(crate) fn named(&self) -> Vec<(String, ArbiterHandle)> {
        let roles = self.roles.iter().enumerate();
        std::iter::once(("core".to_owned(), self.core.clone()))
            .chain(roles.map(|(index, role)| (format!("roles.{index}"), role.clone())))
            .collect()
    }

    pub(crate) fn stop(&self) {
        if self.owned {
            for (_, arbiter) in self.named() {
                arbiter.stop();
            }
        }
    }
}
