//! How much is asked, and of what.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// 100 requests a second
    Light,
    /// 500 requests a second
    Moderate,
    /// 1000 requests a second
    Heavy,
    /// 5000 requests a second: refusals with Retry-After are right answers, and latency has no limit
    Extreme,
}

/// What one request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A job by its id.
    Read,
    /// A job of four tasks and their sum, with the wait for its end.
    Submit,
    /// A page of jobs.
    List,
}

/// Of ten requests seven read, two submit and one lists, spread evenly.
const MIX: [Class; 10] = [
    Class::Read,
    Class::Submit,
    Class::Read,
    Class::Read,
    Class::List,
    Class::Read,
    Class::Submit,
    Class::Read,
    Class::Read,
    Class::Read,
];

impl Profile {
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Moderate => "moderate",
            Self::Heavy => "heavy",
            Self::Extreme => "extreme",
        }
    }

    /// Requests that are due in a second.
    pub fn rate_per_s(self) -> u32 {
        match self {
            Self::Light => 100,
            Self::Moderate => 500,
            Self::Heavy => 1_000,
            Self::Extreme => 5_000,
        }
    }
}

impl Class {
    pub const ALL: [Self; 3] = [Self::Read, Self::Submit, Self::List];

    /// Of the request with this number.
    pub fn of(number: u64) -> Self {
        MIX[(number % MIX.len() as u64) as usize]
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::List => "list",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ten_requests_seven_read_two_submit_and_one_lists() {
        let count = |class| (20..30).filter(|n| Class::of(*n) == class).count();
        assert_eq!(Class::ALL.map(count), [7, 2, 1]);
    }
}
