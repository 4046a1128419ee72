//! The rules of the house as tests: layout, dependencies, wording, and what the documents and the configuration promise.
//!
//! Each failure names file and line. The files are read as text and the packages as `cargo metadata` shows them.

#![cfg(test)]

#[path = "tidy/dependencies.rs"]
mod dependencies;
#[path = "tidy/layout.rs"]
mod layout;
#[path = "tidy/licence.rs"]
mod licence;
#[path = "tidy/promises.rs"]
mod promises;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/wording.rs"]
mod wording;
#[path = "tidy/workspace.rs"]
mod workspace;

/// Fails with every finding on a line of its own.
#[track_caller]
fn none(findings: Vec<String>) {
    assert!(
        findings.is_empty(),
        "{} found:\n  {}",
        findings.len(),
        findings.join("\n  ")
    );
}
