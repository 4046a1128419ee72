//! What to measure, how long and on what.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use reqwest::Url;

/// A limit of the machine gets this part of the time of a workload, within these bounds.
const LIMIT_SHARE: u32 = 10;
const LIMIT_TIME_MIN: Duration = Duration::from_millis(250);
const LIMIT_TIME_MAX: Duration = Duration::from_secs(5);

/// How every round is run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Time to measure in one phase of one round.
    pub time: Duration,
    pub connections: u32,
    /// Jobs that wait, for `waiting`.
    pub jobs: u32,
    /// Starts of one round, for `start`.
    pub starts: u32,
    /// Rows of a stream, for `generate`.
    pub rows: u64,
    pub store: Store,
    /// The server asks who calls, and every request has a key.
    pub with_auth: bool,
    /// Where data directories are made.
    pub dir: PathBuf,
}

impl Plan {
    pub fn limit_time(&self) -> Duration {
        (self.time / LIMIT_SHARE).clamp(LIMIT_TIME_MIN, LIMIT_TIME_MAX)
    }
}

/// What the measured server keeps its jobs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    /// Every server gets a database of its own there.
    Postgres(Url),
}

impl Store {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgresql",
        }
    }
}

impl fmt::Display for Store {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "sqlite" {
            return Ok(Self::Sqlite);
        }
        let url = Url::parse(text).ok();
        url.filter(|url| ["postgres", "postgresql"].contains(&url.scheme()))
            .map(Self::Postgres)
            .ok_or_else(|| "is neither `sqlite` nor a URL such as postgres://host/".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_sqlite_or_the_url_of_a_postgresql() {
        assert_eq!("sqlite".parse(), Ok(Store::Sqlite));
        let store: Store = "postgres://u:secret@h:5/d".parse().unwrap();
        assert_eq!(store.to_string(), "postgresql");
        for other in ["", "postgres", "mysql://h/d", "sqlite://x"] {
            assert!(other.parse::<Store>().is_err(), "{other}");
        }
    }
}
