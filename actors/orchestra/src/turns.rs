//! One submission at a time per idempotency key.
#![expect(
    clippy::disallowed_types,
    reason = "HTTP threads share the turns of idempotency keys"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::OwnedMutexGuard;

use crate::id::Tenant;

type Name = (Tenant, String);
type Locks = HashMap<Name, Arc<tokio::sync::Mutex<()>>>;

/// Who submits under which key at the moment. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<Locks>>);

/// The right to submit under one key; dropping it hands it on.
pub(crate) struct Turn {
    turns: Turns,
    name: Name,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    pub(crate) async fn take(&self, tenant: &Tenant, key: &str) -> Turn {
        let name = (tenant.clone(), key.to_owned());
        let lock = self.locks().entry(name.clone()).or_default().clone();
        let mut turn = Turn {
            turns: self.clone(),
            name,
            held: None,
        };
        turn.held = Some(lock.lock_owned().await);
        turn
    }

    fn locks(&self) -> MutexGuard<'_, Locks> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        let mut locks = self.turns.locks();
        // One reference is the map's own: nobody else waits or submits.
        if locks
            .get(&self.name)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            locks.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_leaves_nothing_behind_also_when_its_taker_gave_up() {
        let (turns, tenant) = (Turns::default(), Tenant::default());
        let first = turns.take(&tenant, "key").await;
        {
            let second = turns.take(&tenant, "key");
            tokio::pin!(second);
            assert!(futures_util::poll!(&mut second).is_pending());
        }
        assert_eq!(turns.locks().len(), 1);
        drop(first);
        assert!(turns.locks().is_empty());
    }
}
