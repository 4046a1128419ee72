//! Signatures of Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use rand::RngExt;

const PREFIX: &str = "whsec_";
const KEY_BYTES: usize = 32;

/// What both sides sign with, as `whsec_` and base64.
#[derive(Clone)]
pub struct SecretKey(String);

impl SecretKey {
    pub fn mint() -> Self {
        let key: [u8; KEY_BYTES] = rand::rng().random();
        Self(format!("{PREFIX}{}", STANDARD.encode(key)))
    }

    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// For the one who is to verify, and for the store.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The header `webhook-signature`.
pub fn sign(secret: &SecretKey, id: &str, timestamp_s: i64, body: &str) -> String {
    let text = secret.0.strip_prefix(PREFIX).unwrap_or(&secret.0);
    // A secret that is not base64 was not made here; its text is the key then.
    let key = STANDARD
        .decode(text)
        .unwrap_or_else(|_| text.as_bytes().to_vec());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = hmac::sign(&key, format!("{id}.{timestamp_s}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_has_its_signature() {
        let secret = SecretKey::from_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let body = r#"{"test": 2432232314}"#;
        assert_eq!(
            sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn no_two_secrets_are_alike() {
        assert_ne!(SecretKey::mint().reveal(), SecretKey::mint().reveal());
    }
}
