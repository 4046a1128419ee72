//! Secrets that callers present: 32 random bytes behind a prefix that says what they are. Only their SHA-256 is kept,
//! which is enough, since there is nothing to guess.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Random bytes of a secret.
const RANDOM_BYTES: usize = 32;
/// Characters that they become in base64url.
const RANDOM_CHARS: usize = 43;

/// What a secret is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    ApiKey,
    Access,
    Refresh,
    Ticket,
}

impl SecretKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "cb_",
            Self::Access => "cba_",
            Self::Refresh => "cbr_",
            Self::Ticket => "cbt_",
        }
    }

    /// Whether `text` has the form of such a secret.
    pub fn fits(self, text: &str) -> bool {
        let random = text.strip_prefix(self.prefix());
        random.is_some_and(|random| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            random.len() == RANDOM_CHARS && random.bytes().all(plain)
        })
    }
}

/// A secret on its way to whoever it is for. Neither printed nor kept.
pub struct Secret(String);

impl Secret {
    pub fn mint(kind: SecretKind) -> Self {
        let mut random = [0; RANDOM_BYTES];
        aws_lc_rs::rand::fill(&mut random).expect("the system has random numbers");
        Self(format!(
            "{}{}",
            kind.prefix(),
            URL_SAFE_NO_PAD.encode(random)
        ))
    }

    /// The secret itself, for the answer that shows it once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// SHA-256 of a secret, or of a token, as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

/// What a page must send back with a request that changes something: it follows from the access token, which pages cannot
/// read.
pub fn csrf_token(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("csrf:{access_token}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_prefix_and_43_characters_and_no_two_are_alike() {
        let (one, two) = (
            Secret::mint(SecretKind::ApiKey),
            Secret::mint(SecretKind::ApiKey),
        );
        assert_eq!(one.reveal().len(), 46);
        assert!(SecretKind::ApiKey.fits(one.reveal()));
        assert_ne!(one.reveal(), two.reveal());
        assert_ne!(one.hash(), two.hash());
    }

    #[test]
    fn a_secret_of_one_kind_is_none_of_another() {
        let ticket = Secret::mint(SecretKind::Ticket);
        assert!(!SecretKind::ApiKey.fits(ticket.reveal()));
        assert!(!SecretKind::ApiKey.fits("cb_short"));
        assert!(!SecretKind::ApiKey.fits(&format!("cb_{}", "ä".repeat(43))));
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::mint(SecretKind::ApiKey);
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
