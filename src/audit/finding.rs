//! What a check of an audit log comes to.

use std::{fmt, ops::RangeInclusive};

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// None where it is about all tenants.
    pub tenant: Option<String>,
    pub seq: Option<u64>,
    /// Line of the export, where it is about one.
    pub line: Option<u64>,
    pub what: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The record was changed, or does not belong behind the one before it.
    Hash,
    /// The text of the record is not in canonical form.
    Form,
    /// Records are not there.
    Missing(RangeInclusive<u64>),
    /// Records are not there that a checkpoint says there were.
    Truncated {
        through: u64,
    },
    /// The record stands behind one that comes after it.
    Displaced {
        behind: u64,
    },
    Twice,
    /// What comes before the record is not there, and no checkpoint says that it was removed.
    Unanchored,
    /// What is kept beside the record to be searched says something else than the record.
    Column(&'static str),
    /// What stands here cannot be read.
    Unreadable(String),
    /// The record is not the one that the checkpoint has signed.
    CheckpointHash,
    /// The key that it names has not signed the checkpoint, or is not known.
    CheckpointSignature {
        key: String,
    },
    /// The checkpoint is of a key that the trusted one has not introduced.
    Untrusted {
        key: String,
    },
    /// The checkpoint stands behind the record it is about.
    LateCheckpoint,
    /// No checkpoint of the trusted key, or of one that descends from it, is there for the chain.
    Unsigned,
    /// The number of the record is below that of the first.
    Number,
    /// The statement that announces a key is not signed by the key it names, or is about another key.
    Key {
        key: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash => f.write_str(
                "its hash is not that of its content behind the record before it: it was changed",
            ),
            Self::Form => f.write_str("its text is not in canonical form: it was changed"),
            Self::Missing(seqs) if seqs.start() == seqs.end() => f.write_str("is missing"),
            Self::Missing(seqs) => write!(f, "and all up to {} are missing", seqs.end()),
            Self::Truncated { through } => write!(
                f,
                "and all up to {through} are missing: a signed checkpoint says that they were there"
            ),
            Self::Displaced { behind } => {
                write!(f, "stands behind record {behind}: the order was changed")
            }
            Self::Unanchored => f.write_str(
                "what comes before it is not there, and no checkpoint says that it was removed",
            ),
            Self::Twice => f.write_str("stands there twice"),
            Self::Column(column) => {
                write!(
                    f,
                    "column {column} of its row says something else than it does"
                )
            }
            Self::Unreadable(cause) => write!(f, "cannot be read: {cause}"),
            Self::CheckpointHash => f.write_str("is not the record that a checkpoint has signed"),
            Self::CheckpointSignature { key } => {
                write!(f, "the checkpoint here is not signed by key {key}")
            }
            Self::Untrusted { key } => write!(
                f,
                "the checkpoint here is signed by key {key}, which the trusted key has not introduced"
            ),
            Self::LateCheckpoint => {
                f.write_str("the checkpoint here stands behind the record it is about")
            }
            Self::Unsigned => f.write_str("no checkpoint of the trusted key has signed the chain"),
            Self::Number => f.write_str("is numbered below 1, where a chain begins"),
            Self::Key { key } => write!(
                f,
                "key {key} is not announced by the key that is said to have announced it"
            ),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(tenant) = &self.tenant {
            write!(f, "tenant {tenant}: ")?;
        }
        if let Some(seq) = self.seq {
            write!(f, "record {seq}: ")?;
        }
        self.what.fmt(f)
    }
}

/// What there was of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainSummary {
    pub tenant: String,
    pub records: u64,
    pub first: u64,
    pub last: u64,
    /// The last record that a checkpoint has signed; 0 when none has.
    pub signed: u64,
}

/// The whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub chains: Vec<ChainSummary>,
    pub findings: Vec<Finding>,
    /// Findings beyond those that are listed.
    pub more_findings: u64,
    /// What is not wrong, and worth knowing.
    pub notes: Vec<String>,
}

impl Verdict {
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}
