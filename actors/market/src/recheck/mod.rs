//! Recomputes claimed figures by other paths than `measure` takes: one pass against two, logarithms against powers, a
//! scan from the end against one from the start, ranks against a sort.

mod asset;
mod key;
mod moments;
mod pair;
mod tail;
mod tolerance;
mod wealth;

pub use asset::AssetAudit;
pub use key::Key;
pub use pair::recheck_correlation;

/// How a claim fared: the method that confirms it, or why it is wrong.
pub type Verdict = Result<&'static str, String>;
