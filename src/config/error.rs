//! What is wrong with a configuration, and where each wrong value came from.

use std::{fmt, path::PathBuf};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    /// The variable's name.
    Env(String),
    /// The flag's key.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "env {name}"),
            Self::Flag(key) => write!(f, "flag {key}"),
        }
    }
}

/// One thing to put right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigProblem {
    #[error("{}: unknown key{} ({origin})", key, suggestion(near.as_deref()))]
    UnknownKey {
        key: String,
        near: Option<String>,
        origin: Origin,
    },
    #[error("{key}: {message} ({origin})")]
    Value {
        key: String,
        message: String,
        origin: Origin,
    },
    #[error("{message} ({origin})")]
    Unreadable { message: String, origin: Origin },
}

fn suggestion(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean `{near}`?"))
        .unwrap_or_default()
}

/// Everything that is wrong, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigProblem>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration refused:")?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigErrors {}

/// A value that its section refuses, by key path.
pub(super) struct Finding {
    pub path: Vec<String>,
    pub message: String,
}

impl Finding {
    pub fn new<const N: usize>(path: [&str; N], message: impl Into<String>) -> Self {
        Self {
            path: path.map(str::to_owned).into(),
            message: message.into(),
        }
    }
}
