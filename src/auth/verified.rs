//! Credentials that were found good, by the hash of what was sent, so that a request need not ask the store. Emptied
//! whenever it changes who may do what.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use callboard_orchestra::Timestamp;

use super::{
    id::{KeyId, SessionId},
    principal::{Credential, Principal},
    secret::SecretHash,
};

/// Credentials kept. Above it all are dropped and the next request of each asks the store.
const CREDENTIALS_MAX: usize = 10_000;
const NEVER: i64 = i64::MIN;

/// A credential that is good, and when it was last used.
pub struct Verified {
    pub principal: Principal,
    used_at: AtomicI64,
}

#[derive(Default)]
struct Known {
    /// Changes so far, of which those who are about to add something must have seen the last.
    generation: u64,
    by_hash: HashMap<SecretHash, Arc<Verified>>,
    /// Use of keys that is to be written and whose entry is gone.
    used: HashMap<KeyId, i64>,
}

/// A lock, for it is read by every request on every HTTP thread and written a few times an hour.
#[derive(Default)]
pub struct Credentials(RwLock<Known>);

impl Credentials {
    /// The credential, if it is known and its time is not over. Counts as a use.
    pub fn find(&self, hash: &SecretHash, now: Timestamp) -> Option<Arc<Verified>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let verified = known.by_hash.get(hash)?;
        if !verified.principal.is_within_time(now) {
            return None;
        }
        verified.used_at.store(now.millis(), Ordering::Relaxed);
        Some(verified.clone())
    }

    /// Which change was the last. To be read before the store is asked.
    pub fn generation(&self) -> u64 {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.generation
    }

    /// Keeps a credential, unless something has changed since `generation`: what was read may be stale then.
    pub fn keep(
        &self,
        hash: SecretHash,
        principal: Principal,
        generation: u64,
        now: Timestamp,
    ) -> Arc<Verified> {
        let verified = Arc::new(Verified {
            principal,
            used_at: AtomicI64::new(now.millis()),
        });
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.by_hash.len() >= CREDENTIALS_MAX {
            known.empty();
        }
        if known.generation == generation {
            known.by_hash.insert(hash, verified.clone());
        } else {
            known.note(&verified);
        }
        verified
    }

    /// Forgets everything, and what is being read at this moment.
    pub fn forget(&self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.generation += 1;
        known.empty();
    }

    /// Forgets a session that has other tokens, and what is being read at this moment.
    pub fn forget_session(&self, session: SessionId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.generation += 1;
        let of_session = Credential::Session(session);
        known
            .by_hash
            .retain(|_, verified| verified.principal.credential != of_session);
    }

    /// Keys that were used since this was last asked.
    pub fn take_used(&self) -> Vec<(KeyId, Timestamp)> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let kept: Vec<_> = known.by_hash.values().cloned().collect();
        for verified in kept {
            known.note(&verified);
        }
        let used = std::mem::take(&mut known.used);
        used.into_iter()
            .map(|(key, at)| (key, Timestamp::from_millis(at)))
            .collect()
    }
}

impl Known {
    fn empty(&mut self) {
        for verified in std::mem::take(&mut self.by_hash).into_values() {
            self.note(&verified);
        }
    }

    fn note(&mut self, verified: &Verified) {
        let Credential::Key(key, _) = verified.principal.credential else {
            return;
        };
        let at = verified.used_at.swap(NEVER, Ordering::Relaxed);
        if at != NEVER {
            let last = self.used.entry(key).or_insert(at);
            *last = at.max(*last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Secret, SecretKind};

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn hash() -> SecretHash {
        Secret::mint(SecretKind::ApiKey).hash()
    }

    fn principal(until: Option<Timestamp>, hash: SecretHash) -> Principal {
        Principal {
            until,
            credential: Credential::Key(KeyId::mint(), hash),
            ..Principal::anonymous()
        }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let (known, hash) = (Credentials::default(), hash());
        let before = known.generation();
        known.forget();
        known.keep(hash, principal(None, hash), before, NOW);
        assert!(known.find(&hash, NOW).is_none());
        known.keep(hash, principal(None, hash), known.generation(), NOW);
        assert!(known.find(&hash, NOW).is_some());
        known.forget();
        assert!(known.find(&hash, NOW).is_none());
    }

    #[test]
    fn a_session_that_is_refreshed_is_forgotten_alone() {
        let (known, [key, login, other]) = (Credentials::default(), [(); 3].map(|()| hash()));
        let sessions = [(); 2].map(|()| SessionId::mint());
        let keep = |hash, credential, generation| {
            let principal = Principal {
                credential,
                ..principal(None, hash)
            };
            known.keep(hash, principal, generation, NOW);
        };
        keep(key, Credential::Key(KeyId::mint(), key), 0);
        keep(login, Credential::Session(sessions[0]), 0);
        keep(other, Credential::Session(sessions[1]), 0);
        known.forget_session(sessions[0]);
        let found = |hash| known.find(hash, NOW).is_some();
        assert_eq!([&key, &login, &other].map(found), [true, false, true]);
        keep(login, Credential::Session(sessions[0]), 0);
        assert!(
            !found(&login),
            "it was read before the session was refreshed"
        );
    }

    #[test]
    fn a_credential_is_not_found_once_its_time_is_over() {
        let (known, hash) = (Credentials::default(), hash());
        let end = Timestamp::from_millis(2_000);
        known.keep(hash, principal(Some(end), hash), 0, NOW);
        assert!(known.find(&hash, Timestamp::from_millis(1_999)).is_some());
        assert!(known.find(&hash, end).is_none());
    }

    #[test]
    fn each_use_is_told_once_also_when_the_entry_is_gone() {
        let (known, hash) = (Credentials::default(), hash());
        known.keep(hash, principal(None, hash), 0, NOW);
        assert_eq!(known.take_used().len(), 1);
        assert_eq!(known.take_used(), []);
        let later = Timestamp::from_millis(5_000);
        known.find(&hash, later);
        known.forget();
        assert_eq!(known.take_used()[0].1, later);
    }

    #[test]
    fn no_more_are_kept_than_the_bound() {
        let known = Credentials::default();
        let hashes: Vec<_> = (0..CREDENTIALS_MAX + 1).map(|_| hash()).collect();
        for hash in &hashes {
            known.keep(*hash, principal(None, *hash), 0, NOW);
        }
        assert!(known.find(&hashes[0], NOW).is_none());
        assert!(known.find(&hashes[CREDENTIALS_MAX], NOW).is_some());
    }
}
