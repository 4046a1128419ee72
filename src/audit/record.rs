//! One record of the chain: the form in which it is kept, and the form in which it is hashed.
//!
//! Each field is hashed with a random salt of its own, and the record is hashed over those digests: value and salt of a
//! field can be taken away, and the chain still verifies. All that does not depend on the place in the chain is made
//! before the place is known, so that sealing costs one hash.

use std::{collections::BTreeMap, fmt::Write};

use callboard_orchestra::{AuditEntry, Tenant, Timestamp, uuid_id};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::hash::{canonical, tagged};

uuid_id!(
    /// Identifies a record: `aud_` and a UUIDv7 in 32 hex digits, whose last 62 bits are its place in the chain.
    RecordId,
    "aud_",
    "the id of an audit record such as aud_0198c0de..."
);

/// What the first record of a chain follows.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The id of a record has 62 bits for its place.
const SEQ_MAX: u64 = (1 << 62) - 1;

const RECORD_TAG: &str = "callboard.audit.record.v1\n";
const FIELD_TAG: &str = "callboard.audit.field.v1\n";
const SALT_BYTES: usize = 16;

pub const PRINCIPAL: &str = "author.principal";
pub const ADDRESS: &str = "author.address";
pub const REQUEST_ID: &str = "author.request_id";
/// Prefix of the fields that are details of an entry.
pub const DETAILS: &str = "details.";

/// A field of a record: as it was written, or what is left of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Field {
    Open(OpenField),
    Redacted(RedactedField),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenField {
    /// Random, in hex.
    pub salt: String,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactedField {
    pub digest: String,
}

impl Field {
    /// What the record is hashed over in place of the field.
    pub fn digest(&self, name: &str) -> String {
        match self {
            Self::Open(OpenField { salt, value }) => field_digest(name, salt, value),
            Self::Redacted(RedactedField { digest }) => digest.clone(),
        }
    }
}

fn field_digest(name: &str, salt: &str, value: &Value) -> String {
    tagged(FIELD_TAG, &canonical(&(name, salt, value)))
}

/// A record as it is kept and exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub action: String,
    /// RFC 3339, in UTC with milliseconds.
    pub at: String,
    pub fields: BTreeMap<String, Field>,
    pub id: String,
    /// Place in the chain of the tenant, from 1.
    pub seq: u64,
    pub subject: Option<String>,
    pub tenant: String,
}

impl Body {
    /// Hash of the record that follows one with the hash `previous`.
    pub fn hash(&self, previous: &str) -> String {
        let digests: BTreeMap<&str, String> = self
            .fields
            .iter()
            .map(|(name, field)| (name.as_str(), field.digest(name)))
            .collect();
        let hashed = json!({
            "action": self.action, "at": self.at, "fields": digests, "id": self.id, "previous": previous,
            "seq": self.seq, "subject": self.subject, "tenant": self.tenant,
        });
        tagged(RECORD_TAG, &canonical(&hashed))
    }

    /// Takes value and salt of a field away. False when there is no such field with a value.
    pub fn redact(&mut self, name: &str) -> bool {
        let Some(field) = self.fields.get_mut(name) else {
            return false;
        };
        let digest = field.digest(name);
        let was_open = matches!(field, Field::Open(_));
        *field = Field::Redacted(RedactedField { digest });
        was_open
    }

    /// Value of a field that is there and is not redacted.
    pub fn value(&self, name: &str) -> Option<&Value> {
        match self.fields.get(name)? {
            Field::Open(open) => Some(&open.value),
            Field::Redacted(_) => None,
        }
    }

    /// Text of such a field.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }
}

/// A record whose place in the chain is open.
#[derive(Debug, Clone)]
pub struct Draft {
    pub tenant: Tenant,
    pub at: Timestamp,
    pub principal: String,
    pub action: &'static str,
    pub subject: Option<String>,
    /// What the id is drawn from.
    random: [u8; 2],
    /// The kept form up to the id.
    kept_head: String,
    /// The hashed form up to the id.
    hashed_head: String,
    /// Both forms after the seq.
    tail: String,
}

/// A record in its place.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub tenant: Tenant,
    pub seq: u64,
    pub id: Uuid,
    pub at: Timestamp,
    pub principal: String,
    pub action: &'static str,
    pub subject: Option<String>,
    /// `Body` as canonical JSON.
    pub body: String,
    pub hash: String,
}

impl Draft {
    pub fn of(entry: &AuditEntry) -> Self {
        let author = &entry.author;
        let mut fields: BTreeMap<String, Value> = entry
            .details
            .iter()
            .map(|(name, value)| (format!("{DETAILS}{name}"), value.clone()))
            .collect();
        let principal = plain(&author.principal);
        let subject = entry.subject.as_deref().map(plain);
        fields.insert(PRINCIPAL.to_owned(), principal.as_str().into());
        if let Some(request) = &author.request_id {
            fields.insert(REQUEST_ID.to_owned(), request.as_ref().into());
        }
        if let Some(address) = author.address {
            fields.insert(ADDRESS.to_owned(), address.to_string().into());
        }
        let (action, at) = (canonical(&entry.action), canonical(&entry.at.rfc3339()));
        let start = format!("{{\"action\":{action},\"at\":{at},\"fields\":{{");
        let (mut kept_head, mut hashed_head) = (start.clone(), start);
        // Names of fields are ASCII, so the order of their bytes is that of RFC 8785.
        for (index, (name, value)) in fields.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (name, value) = (canonical(name), canonical(value));
            let salt = hex::encode(rand::random::<[u8; SALT_BYTES]>());
            let digest = tagged(FIELD_TAG, &format!("[{name},\"{salt}\",{value}]"));
            let kept = format_args!("{comma}{name}:{{\"salt\":\"{salt}\",\"value\":{value}}}");
            kept_head.write_fmt(kept).expect("text takes text");
            let hashed = format_args!("{comma}{name}:\"{digest}\"");
            hashed_head.write_fmt(hashed).expect("text takes text");
        }
        for head in [&mut kept_head, &mut hashed_head] {
            head.push_str("},\"id\":\"");
        }
        let (about, tenant) = (canonical(&subject), canonical(&entry.tenant.as_str()));
        Self {
            tenant: entry.tenant.clone(),
            at: entry.at,
            principal,
            action: entry.action,
            subject,
            random: rand::random(),
            kept_head,
            hashed_head,
            tail: format!(",\"subject\":{about},\"tenant\":{tenant}}}"),
        }
    }

    /// Puts the record in its place after the one with the hash `previous`.
    pub fn seal(&self, seq: u64, previous: &str) -> Sealed {
        let id = id_of(self.at, self.random, seq);
        let shown = RecordId::from_uuid(id);
        let (kept, hashed, tail) = (&self.kept_head, &self.hashed_head, &self.tail);
        let hashed = format!("{hashed}{shown}\",\"previous\":\"{previous}\",\"seq\":{seq}{tail}");
        Sealed {
            tenant: self.tenant.clone(),
            seq,
            id,
            at: self.at,
            principal: self.principal.clone(),
            action: self.action,
            subject: self.subject.clone(),
            body: format!("{kept}{shown}\",\"seq\":{seq}{tail}"),
            hash: tagged(RECORD_TAG, &hashed),
        }
    }
}

/// Without the character zero, which a column of PostgreSQL does not hold.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A UUIDv7 whose last 62 bits are the place of the record, so that a record is found by its id without an index.
fn id_of(at: Timestamp, random: [u8; 2], seq: u64) -> Uuid {
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&random);
    bytes[2..].copy_from_slice(&(seq & SEQ_MAX).to_be_bytes());
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

impl RecordId {
    /// Place of the record in its chain.
    pub fn seq(self) -> u64 {
        let (_, low) = self.uuid().as_u64_pair();
        low & SEQ_MAX
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::Author;

    use super::*;

    fn entry() -> AuditEntry {
        let details = json!({"reason": "naïve \"q\" \u{1}\u{2028}\\", "count": 3, "list": [1.5, null, {"b": 1, "a": -0.0}]});
        let Value::Object(details) = details else {
            unreachable!("it is an object");
        };
        AuditEntry {
            tenant: Tenant::new("tänant"),
            at: Timestamp::from_millis(1_800_000_000_123),
            author: Author {
                request_id: Some("r".into()),
                address: Some([192, 0, 2, 1].into()),
                ..Author::of("user:ada")
            },
            action: "job.cancelled",
            subject: Some("job_1".to_owned()),
            details,
        }
    }

    #[test]
    fn a_sealed_record_is_canonical_and_hashes_as_its_parts_do() {
        for entry in [
            entry(),
            AuditEntry {
                subject: None,
                details: serde_json::Map::new(),
                author: Author::system(),
                ..entry()
            },
        ] {
            let sealed = Draft::of(&entry).seal(41, GENESIS);
            let body: Body = serde_json::from_str(&sealed.body).unwrap();
            assert_eq!(canonical(&body), sealed.body);
            assert_eq!(body.hash(GENESIS), sealed.hash);
            assert_ne!(body.hash(&sealed.hash), sealed.hash);
            assert_eq!((body.seq, RecordId::from_uuid(sealed.id).seq()), (41, 41));
            assert_eq!(body.id, RecordId::from_uuid(sealed.id).to_string());
            assert_eq!(body.text(PRINCIPAL), Some(&*entry.author.principal));
        }
    }

    #[test]
    fn a_redacted_field_leaves_the_hash_as_it_was() {
        let sealed = Draft::of(&entry()).seal(1, GENESIS);
        let mut body: Body = serde_json::from_str(&sealed.body).unwrap();
        assert!(body.redact(ADDRESS) && body.redact("details.reason"));
        assert!(!body.redact(ADDRESS) && !body.redact("details.nothing"));
        let text = canonical(&body);
        assert!(
            !text.contains("192.0.2.1") && !text.contains("naïve"),
            "{text}"
        );
        let read: Body = serde_json::from_str(&text).unwrap();
        assert_eq!(read.hash(GENESIS), sealed.hash);
        assert_eq!(read.value(ADDRESS), None);
    }

    #[test]
    fn every_changed_part_changes_the_hash() {
        let sealed = Draft::of(&entry()).seal(1, GENESIS);
        for (from, to) in [
            ("job.cancelled", "job.cancelle_"),
            ("192.0.2.1", "192.0.2.2"),
            ("job_1", "job_2"),
            ("tänant", "tenant"),
            ("\"seq\":1", "\"seq\":2"),
            ("2027-", "2028-"),
            ("aud_", "auf_"),
            ("details.count", "details.counT"),
        ] {
            let text = sealed.body.replace(from, to);
            assert_ne!(text, sealed.body, "{from}");
            let body: Body = serde_json::from_str(&text).unwrap();
            assert_ne!(body.hash(GENESIS), sealed.hash, "{from}");
        }
    }

    #[test]
    fn equal_values_have_different_digests() {
        let [one, other] = [(); 2].map(|()| Draft::of(&entry()));
        assert_ne!(one.hashed_head, other.hashed_head);
    }
}
