//! A signed bundle of what is known of one job, which is checked without the server.
//!
//! The statement that is signed has a digest of each part, so that a check says which part is another than was signed.

use std::{collections::BTreeMap, fmt};

use callboard_orchestra::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    hash::{canonical, tagged},
    key::{KeyBody, PublishedKey, SigningKey},
    record::Body,
};

const STATEMENT_TAG: &str = "callboard.evidence.v1\n";
const PART_TAG: &str = "callboard.evidence.part.v1\n";
/// Part of audit records, each with its hash and the hash before it.
const AUDIT: &str = "audit";
const JOB: &str = "job";
const SUBMITTED: &str = "job.submitted";
const INPUT_SHA256: &str = "input_sha256";

/// What is signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub at: String,
    /// Digest of each part, by its name.
    pub digests: BTreeMap<String, String>,
    pub job: String,
    /// Id of the key that signs.
    pub key: String,
    /// Release of the server that made the bundle.
    pub release: String,
    pub tenant: String,
}

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    pub statement: Statement,
    pub signature: String,
    pub parts: BTreeMap<String, Value>,
    /// The history of keys up to the one that signs.
    pub keys: Vec<PublishedKey>,
}

/// An audit record in a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledRecord {
    pub hash: String,
    pub previous: String,
    pub record: Body,
}

/// One thing that is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The statement is not what the key has signed.
    Signature,
    /// The bundle names a key that it does not have, or that nobody has introduced.
    Key(String),
    Untrusted(String),
    /// The part is another than was signed.
    Part(String),
    PartMissing(String),
    /// The part is not of the signed statement.
    PartUnsigned(String),
    /// An audit record has another hash than its content gives.
    Record(u64),
    /// The job's input has another hash than the record of its submission says.
    Input,
    Unreadable(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => f.write_str("the statement is not what its key has signed"),
            Self::Key(key) => write!(
                f,
                "key {key} is not in the bundle, or nobody has introduced it"
            ),
            Self::Untrusted(key) => write!(
                f,
                "the bundle is signed by key {key}, which the trusted key has not introduced"
            ),
            Self::Part(name) => write!(f, "part {name} is another than was signed"),
            Self::PartMissing(name) => write!(f, "part {name} is missing"),
            Self::PartUnsigned(name) => write!(f, "part {name} was not signed"),
            Self::Record(seq) => write!(
                f,
                "audit record {seq} has another hash than its content gives"
            ),
            Self::Input => {
                f.write_str("the input has another hash than the record of the submission says")
            }
            Self::Unreadable(what) => write!(f, "{what} cannot be read"),
        }
    }
}

fn digest(name: &str, part: &Value) -> String {
    tagged(PART_TAG, &canonical(&(name, part)))
}

impl Bundle {
    /// Signs what is known of a job.
    pub fn sign(
        key: &SigningKey,
        keys: Vec<PublishedKey>,
        (tenant, job): (&str, &str),
        parts: BTreeMap<String, Value>,
        at: Timestamp,
    ) -> Self {
        let digests = parts.iter();
        let digests = digests.map(|(name, part)| (name.clone(), digest(name, part)));
        let statement = Statement {
            at: at.rfc3339(),
            digests: digests.collect(),
            job: job.to_owned(),
            key: key.id().to_owned(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            tenant: tenant.to_owned(),
        };
        let signature = key.sign(STATEMENT_TAG, &canonical(&statement));
        Self {
            statement,
            signature,
            parts,
            keys,
        }
    }

    /// What is wrong; nothing when the bundle is as it was signed. With a trusted key, the signing one must be it or
    /// descend from it.
    pub fn check(&self, trusted: Option<&str>) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut known: BTreeMap<&str, &KeyBody> = BTreeMap::new();
        let mut descends = Vec::new();
        for published in &self.keys {
            let key = &published.key;
            let by = match key.introduced_by == key.id {
                true => Some(key),
                false => known.get(key.introduced_by.as_str()).copied(),
            };
            if !key.is_itself() || !by.is_some_and(|by| published.is_announced_by(by)) {
                wrong.push(Wrong::Key(key.id.clone()));
                continue;
            }
            let is_heir = descends.contains(&key.introduced_by.as_str());
            if trusted == Some(key.id.as_str()) || is_heir {
                descends.push(&key.id);
            }
            known.insert(&key.id, key);
        }
        let signing = &self.statement.key;
        match known.get(signing.as_str()) {
            None => wrong.push(Wrong::Key(signing.clone())),
            Some(key) => {
                let text = canonical(&self.statement);
                if !key.signed(STATEMENT_TAG, &text, &self.signature) {
                    wrong.push(Wrong::Signature);
                }
                if trusted.is_some() && !descends.contains(&signing.as_str()) {
                    wrong.push(Wrong::Untrusted(signing.clone()));
                }
            }
        }
        for (name, signed) in &self.statement.digests {
            match self.parts.get(name) {
                None => wrong.push(Wrong::PartMissing(name.clone())),
                Some(part) if digest(name, part) != *signed => {
                    wrong.push(Wrong::Part(name.clone()))
                }
                Some(_) => {}
            }
        }
        for name in self.parts.keys() {
            if !self.statement.digests.contains_key(name) {
                wrong.push(Wrong::PartUnsigned(name.clone()));
            }
        }
        self.check_records(&mut wrong);
        wrong
    }

    fn check_records(&self, wrong: &mut Vec<Wrong>) {
        let Some(part) = self.parts.get(AUDIT) else {
            return;
        };
        let Ok(records) = serde_json::from_value::<Vec<BundledRecord>>(part.clone()) else {
            return wrong.push(Wrong::Unreadable(format!("part {AUDIT}")));
        };
        let input = self.parts.get(JOB).and_then(|job| job.get(INPUT_SHA256));
        for BundledRecord {
            hash,
            previous,
            record,
        } in &records
        {
            if record.hash(previous) != *hash || record.tenant != self.statement.tenant {
                wrong.push(Wrong::Record(record.seq));
            }
            let said = record.value("details.input_sha256");
            if record.action == SUBMITTED && said.is_some() && said != input {
                wrong.push(Wrong::Input);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::{AuditEntry, Author, Tenant};
    use serde_json::json;

    use super::*;
    use crate::audit::{Draft, GENESIS};

    const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn bundle() -> Bundle {
        let key = SigningKey::generate().unwrap();
        let details = json!({"input_sha256": "5e"});
        let entry = AuditEntry {
            tenant: Tenant::default(),
            at: AT,
            author: Author::of("user:ada"),
            action: SUBMITTED,
            subject: Some("job_1".to_owned()),
            details: details.as_object().unwrap().clone(),
        };
        let sealed = Draft::of(&entry).seal(1, GENESIS);
        let record: Value = serde_json::from_str(&sealed.body).unwrap();
        let audit = json!([{"hash": sealed.hash, "previous": GENESIS, "record": record}]);
        let parts = [
            ("audit", audit),
            ("job", json!({"input_sha256": "5e", "kind": "k"})),
            ("facts", json!([{"value": 0.1}])),
        ];
        let parts = parts.map(|(name, part)| (name.to_owned(), part)).into();
        let keys = vec![key.announced(&key, AT)];
        Bundle::sign(&key, keys, ("default", "job_1"), parts, AT)
    }

    #[test]
    fn a_bundle_is_as_it_was_signed_also_after_it_was_written_and_read() {
        let bundle = bundle();
        assert_eq!(bundle.check(None), []);
        assert_eq!(bundle.check(Some(&bundle.statement.key)), []);
        let text = serde_json::to_string_pretty(&bundle).unwrap();
        let read: Bundle = serde_json::from_str(&text).unwrap();
        assert_eq!(read.check(None), []);
        let other = Wrong::Untrusted(bundle.statement.key.clone());
        assert_eq!(bundle.check(Some("another")), [other]);
    }

    #[test]
    fn what_was_changed_is_named() {
        let whole = bundle();
        let changed = |change: &dyn Fn(&mut Bundle)| {
            let mut bundle = whole.clone();
            change(&mut bundle);
            bundle.check(None)
        };
        let part = |name: &str| Wrong::Part(name.to_owned());
        let wrong = changed(&|b| b.parts.get_mut("facts").unwrap()[0]["value"] = json!(0.2));
        assert_eq!(wrong, [part("facts")]);
        let wrong = changed(&|b| b.parts.get_mut("job").unwrap()["input_sha256"] = json!("5f"));
        assert_eq!(wrong, [part("job"), Wrong::Input]);
        let wrong = changed(&|b| {
            b.parts.get_mut("audit").unwrap()[0]["record"]["subject"] = json!("job_2");
        });
        assert_eq!(wrong, [part("audit"), Wrong::Record(1)]);
        let wrong = changed(&|b| b.statement.job = "job_2".to_owned());
        assert_eq!(wrong, [Wrong::Signature]);
        let wrong = changed(&|b| drop(b.parts.remove("facts")));
        assert_eq!(wrong, [Wrong::PartMissing("facts".to_owned())]);
        let wrong = changed(&|b| drop(b.parts.insert("more".to_owned(), json!(1))));
        assert_eq!(wrong, [Wrong::PartUnsigned("more".to_owned())]);
        let key = whole.statement.key.clone();
        assert_eq!(changed(&|b| b.keys.clear()), [Wrong::Key(key)]);
    }
}
