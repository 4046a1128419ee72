//! Ed25519 keys that sign checkpoints: the file that holds the private half, and the history of the public halves.
//!
//! Each key is announced by a statement that the key before it has signed; the first signs its own.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use callboard_orchestra::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    file::replace,
    hash::{canonical, sha256_hex},
};

const KEY_TAG: &str = "callboard.audit.key.v1\n";
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
const PEM_LINE_CHARS: usize = 64;
const FILE_BYTES_MAX: u64 = 4_096;
/// Hex digits of the hash of a public key that name it.
const ID_CHARS: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot use the key file {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the key file {} holds no Ed25519 key in PEM", path.display())]
    Form { path: PathBuf },
    #[error("others than its owner may read the key file {}; set its mode to 600", path.display())]
    Open { path: PathBuf },
    #[error("no key can be made")]
    Make,
}

/// A private key.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    id: String,
}

/// The statement that announces a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    pub created_at: String,
    pub id: String,
    /// The key that signs this statement; the key itself for the first of a history.
    pub introduced_by: String,
    /// 32 bytes, in base64.
    pub public_key: String,
}

/// A statement with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedKey {
    pub key: KeyBody,
    pub signature: String,
}

impl SigningKey {
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self::of(
            Ed25519KeyPair::generate().map_err(|_| KeyError::Make)?,
        ))
    }

    fn of(pair: Ed25519KeyPair) -> Self {
        let id = id_of(pair.public_key().as_ref());
        Self { pair, id }
    }

    /// The key in the file; a file that is not there is made. Errors when others may read it.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        match Self::read(path) {
            Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let key = Self::generate()?;
                key.write(path)?;
                Ok(key)
            }
            read => read,
        }
    }

    /// The key in the file.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        let form = || KeyError::Form {
            path: path.to_owned(),
        };
        let metadata = fs::metadata(path).map_err(failed)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::Open {
                path: path.to_owned(),
            });
        }
        if metadata.len() > FILE_BYTES_MAX {
            return Err(form());
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let inner = text.trim().strip_prefix(PEM_BEGIN);
        let inner = inner.and_then(|rest| rest.strip_suffix(PEM_END));
        let joined: String = inner.ok_or_else(form)?.split_whitespace().collect();
        let der = STANDARD.decode(joined).map_err(|_| form())?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| form())?;
        Ok(Self::of(pair))
    }

    /// Writes the key to the file, in place of what is there, or not at all.
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        // The first version of PKCS#8 is what openssl reads.
        let der = self.pair.to_pkcs8v1().map_err(|_| KeyError::Make)?;
        let encoded = STANDARD.encode(der.as_ref());
        let mut text = format!("{PEM_BEGIN}\n");
        for line in encoded.as_bytes().chunks(PEM_LINE_CHARS) {
            text.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
            text.push('\n');
        }
        text.push_str(PEM_END);
        text.push('\n');
        replace(path, &text).map_err(failed)
    }

    /// The first 32 hex digits of the SHA-256 of the public key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Signature of a tag and a text, in base64.
    pub fn sign(&self, tag: &str, text: &str) -> String {
        let signature = self.pair.sign(format!("{tag}{text}").as_bytes());
        STANDARD.encode(signature.as_ref())
    }

    /// Announces this key in the name of `by`, which is the key itself for the first of a history.
    pub fn announced(&self, by: &Self, at: Timestamp) -> PublishedKey {
        let key = KeyBody {
            created_at: at.rfc3339(),
            id: self.id.clone(),
            introduced_by: by.id.clone(),
            public_key: STANDARD.encode(self.pair.public_key().as_ref()),
        };
        let signature = by.sign(KEY_TAG, &canonical(&key));
        PublishedKey { key, signature }
    }
}

fn id_of(public_key: &[u8]) -> String {
    let mut id = sha256_hex(public_key);
    id.truncate(ID_CHARS);
    id
}

impl KeyBody {
    /// Whether the id is that of the public key.
    pub fn is_itself(&self) -> bool {
        let bytes = STANDARD.decode(&self.public_key);
        bytes.is_ok_and(|bytes| id_of(&bytes) == self.id)
    }

    /// Whether this key made the signature of a tag and a text.
    pub fn signed(&self, tag: &str, text: &str, signature: &str) -> bool {
        let (Ok(key), Ok(signature)) = (
            STANDARD.decode(&self.public_key),
            STANDARD.decode(signature),
        ) else {
            return false;
        };
        let key = UnparsedPublicKey::new(&ED25519, key);
        key.verify(format!("{tag}{text}").as_bytes(), &signature)
            .is_ok()
    }
}

impl PublishedKey {
    /// Whether `by` has signed the statement.
    pub fn is_announced_by(&self, by: &KeyBody) -> bool {
        self.key.introduced_by == by.id
            && by.signed(KEY_TAG, &canonical(&self.key), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::file::FILE_MODE;

    const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("below/audit.pem");
        let made = SigningKey::open(&path).unwrap();
        assert_eq!(SigningKey::open(&path).unwrap().id(), made.id());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, FILE_MODE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            SigningKey::open(&path),
            Err(KeyError::Open { .. })
        ));
    }

    #[test]
    fn a_file_that_holds_something_else_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.pem");
        SigningKey::open(&path).unwrap();
        fs::write(&path, "something else").unwrap();
        assert!(matches!(
            SigningKey::open(&path),
            Err(KeyError::Form { .. })
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "something else");
    }

    #[test]
    fn a_key_is_announced_by_itself_or_by_the_one_before() {
        let (old, new) = (
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
        );
        let first = old.announced(&old, AT);
        let second = new.announced(&old, AT);
        assert!(first.is_announced_by(&first.key) && second.is_announced_by(&first.key));
        assert!(!second.is_announced_by(&second.key));
        assert!(first.key.is_itself() && second.key.is_itself());
        let mut later = second.clone();
        later.key.created_at = Timestamp::from_millis(7).rfc3339();
        assert!(!later.is_announced_by(&first.key));
        let mut other = second;
        other.key.public_key = first.key.public_key.clone();
        assert!(!other.key.is_itself());
    }
}
