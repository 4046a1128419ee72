//! The header `Idempotency-Key`.

use actix_web::{HttpRequest, http::header::HeaderName};
use callboard_orchestra::submission::IDEMPOTENCY_KEY_BYTES_MAX;
use sha2::{Digest, Sha256};

use super::error::{Kind, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an earlier request made what is answered.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The key of a request, if it has one.
pub fn key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    if keys.next().is_some() {
        return Err(invalid("a request has at most one idempotency key"));
    }
    let unreadable = |_| invalid("an idempotency key consists of visible ASCII characters");
    let key = key.to_str().map_err(unreadable)?;
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX {
        let detail = format!("an idempotency key has 1 to {IDEMPOTENCY_KEY_BYTES_MAX} bytes");
        return Err(invalid(&detail));
    }
    Ok(Some(key.to_owned()))
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Kind::Invalid, "invalid_idempotency_key", detail).field("Idempotency-Key")
}
