//! Passwords: hashed with argon2id on threads of their own, a few at a time, because a hash takes tens of milliseconds and
//! 19 MiB by intention.

use std::sync::{Arc, LazyLock};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use super::secret::{Secret, SecretKind};

/// Hashes computed at one time.
const HASHES_AT_ONCE: usize = 2;
/// Requests that may wait for their turn.
const WAITING_MAX: usize = 64;
/// What a password that is to be set must have, in bytes.
pub const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 12..=1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

/// Of no password that anyone has: checked where there is no user, so that the answer takes as long. Made with the first
/// such attempt.
static DECOY: LazyLock<String> = LazyLock::new(|| hash(Secret::mint(SecretKind::Access).reveal()));

/// Hashes and checks passwords.
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }
}

impl Passwords {
    /// The hash to keep, in its text form.
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        self.off_the_loop(move || hash(&password)).await
    }

    /// Whether it is the password of `hash`. Without a hash it is none, which takes as long to find out.
    pub async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Busy> {
        let exists = hash.is_some();
        let right = self.off_the_loop(move || {
            let hash = hash.as_deref().unwrap_or_else(|| &DECOY);
            let hash = PasswordHash::new(hash);
            hash.is_ok_and(|hash| {
                let checked = Argon2::default().verify_password(password.as_bytes(), &hash);
                checked.is_ok()
            })
        });
        Ok(right.await? && exists)
    }

    async fn off_the_loop<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let _place = self.waiting.try_acquire().map_err(|_| Busy)?;
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        // The turn goes with the work: a request that is given up does not make room for another before it has ended.
        let worked = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        Ok(worked.await.expect("hashing does not panic"))
    }
}

/// Takes tens of milliseconds.
fn hash(password: &str) -> String {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed
        .expect("a password of any length has a hash")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_alone_is_right_and_no_hash_repeats() {
        let passwords = Passwords::default();
        let [one, two] = [(); 2].map(|()| passwords.hash("correct horse".to_owned()));
        let (one, two) = (one.await.unwrap(), two.await.unwrap());
        assert!(one.starts_with("$argon2id$"), "{one}");
        assert_ne!(one, two);
        let is_right = async |password: &str, hash: Option<String>| {
            let checked = passwords.is_right(password.to_owned(), hash).await;
            checked.unwrap()
        };
        assert!(is_right("correct horse", Some(one.clone())).await);
        assert!(!is_right("correct house", Some(one)).await);
        assert!(!is_right("nobody's", None).await);
    }
}
