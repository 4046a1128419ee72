//! SHA-256 over canonical JSON (RFC 8785), with a tag that says what is hashed.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// A value as canonical JSON.
pub fn canonical<T: Serialize>(value: &T) -> String {
    serde_json_canonicalizer::to_string(value)
        .expect("plain data with text keys and finite numbers has a canonical form")
}

/// SHA-256 of a tag and a text, in hex.
pub fn tagged(tag: &str, text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(tag);
    hasher.update(text);
    hex::encode(hasher.finalize())
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
