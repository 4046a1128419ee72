//! One idempotency key over the jobs of a batch.
//!
//! Each job is remembered under a name of its own, so that a batch that was cut short resumes where it was. The first
//! that is accepted is remembered under the name of the batch, together with its place: whoever finds it knows whether
//! the body is the same and which job holds the key.

use callboard_orchestra::submission::IdempotencyKey;

use crate::http::{
    error::{Kind, Problem},
    idempotency::sha256,
};

/// Parts the fields of a name. No header can carry it, so that no client's own key is ever such a name.
const SEPARATOR: char = '\u{1f}';

pub struct BatchKey {
    name: String,
    body_sha256: String,
}

impl BatchKey {
    /// `key` as the client sent it with `body`.
    pub fn new(key: &str, body: &[u8]) -> Self {
        Self {
            name: format!("batch{SEPARATOR}{}", sha256(key.as_bytes())),
            body_sha256: sha256(body),
        }
    }

    /// Under which the job that holds the key is remembered.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn of(&self, index: usize) -> IdempotencyKey {
        IdempotencyKey {
            key: format!("{}{SEPARATOR}{index}", self.name),
            body_sha256: self.body_sha256.clone(),
        }
    }

    /// Of the job at `index` when it is to hold the key.
    pub fn of_first(&self, index: usize) -> IdempotencyKey {
        IdempotencyKey {
            key: self.name.clone(),
            body_sha256: format!("{index}{SEPARATOR}{}", self.body_sha256),
        }
    }

    /// The place of the job that holds the key, from what is remembered of it. Errors when it came with another body.
    pub fn holder(&self, remembered: &str) -> Result<usize, Problem> {
        let (index, body_sha256) = remembered.split_once(SEPARATOR).unwrap_or_default();
        match index.parse() {
            Ok(index) if body_sha256 == self.body_sha256 => Ok(index),
            Ok(_) | Err(_) => {
                let detail = "the idempotency key was used with another body";
                Err(Problem::new(Kind::Invalid, "idempotency_mismatch", detail)
                    .field("Idempotency-Key"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn the_holder_is_known_by_what_is_remembered_of_it_under_the_same_body_alone() {
        let key = BatchKey::new("order-7", b"one");
        assert_eq!(key.holder(&key.of_first(41).body_sha256), Ok(41));
        let other = BatchKey::new("order-7", b"two").of_first(41);
        assert_eq!(other.key, key.name());
        assert!(key.holder(&other.body_sha256).is_err());
        assert!(key.holder("").is_err());
    }

    #[test]
    fn no_client_can_send_the_name_of_a_batch_or_of_its_jobs() {
        let key = BatchKey::new(&"k".repeat(255), b"");
        for name in [key.of(999).key, key.of_first(0).key] {
            assert!(
                HeaderValue::from_bytes(name.as_bytes()).is_err(),
                "{name:?}"
            );
        }
    }
}
