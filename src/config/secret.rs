//! A value that nobody may see: itself, or where it is.

#![expect(
    clippy::disallowed_methods,
    reason = "the environment is a place of secrets"
)]

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is shown in place of a secret that stands in the configuration itself.
const HIDDEN: &str = "[hidden]";

/// `env:NAME`, `file:PATH`, `vault:PATH#KEY`, or the secret itself. Neither its Debug form nor its serialised one shows
/// more than the place.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<'a> {
    None,
    Here,
    Environment(&'a str),
    File(&'a str),
    Vault { path: &'a str, key: &'a str },
}

impl Secret {
    pub fn place(&self) -> Place<'_> {
        let text = self.0.expose_secret();
        let in_vault = || text.strip_prefix("vault:")?.split_once('#');
        if text.is_empty() {
            Place::None
        } else if let Some(name) = text.strip_prefix("env:") {
            Place::Environment(name)
        } else if let Some(path) = text.strip_prefix("file:") {
            Place::File(path)
        } else if let Some((path, key)) = in_vault() {
            Place::Vault { path, key }
        } else {
            Place::Here
        }
    }

    pub fn is_empty(&self) -> bool {
        self.place() == Place::None
    }

    /// The secret, when it stands in the configuration itself.
    pub fn itself(&self) -> Option<&SecretString> {
        (self.place() == Place::Here).then_some(&self.0)
    }

    /// Whether it begins like one of these, as far as that can be told without looking elsewhere.
    pub(super) fn may_begin_with(&self, starts: &[&str]) -> bool {
        let text = self.0.expose_secret();
        self.itself().is_none() || starts.iter().any(|start| text.starts_with(start))
    }
}

/// A variable of the environment; None when it is not set.
pub fn variable(name: &str) -> Option<SecretString> {
    std::env::var(name).ok().map(SecretString::from)
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place() {
            Place::Here => f.write_str(HIDDEN),
            place => write!(f, "{place:?}"),
        }
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.itself() {
            Some(_) => serializer.serialize_str(HIDDEN),
            None => serializer.serialize_str(self.0.expose_secret()),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_its_place_and_never_itself() {
        for (text, place) in [
            ("", Place::None),
            ("postgres://u:hunter2@h/d", Place::Here),
            ("env:STORE_URL", Place::Environment("STORE_URL")),
            ("file:/run/secrets/x", Place::File("/run/secrets/x")),
            (
                "vault:kv/board#url",
                Place::Vault {
                    path: "kv/board",
                    key: "url",
                },
            ),
            ("vault:hunter2", Place::Here),
        ] {
            let secret = Secret::from(text);
            assert_eq!(secret.place(), place);
            let shown = format!("{secret:?} {}", serde_json::to_string(&secret).unwrap());
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
