//! Why a request is not accepted, with the field at fault.

use std::fmt;

/// Stable reasons, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// No rows, or more than a data set can have.
    InvalidRows,
    UnknownLocale,
    /// A rate outside its range.
    InvalidRate,
    /// `to` before `from`, or a period that is too long or out of the calendar's reach.
    InvalidPeriod,
    /// No merchants, or too many.
    InvalidMerchants,
    /// A compression that the format does not take.
    InvalidCompression,
    /// Fields that do not go together, or none of those that one is needed of.
    InvalidInput,
    /// A sample that is no table, or is too small or too large.
    InvalidSample,
    /// A column that the sample has not, or that holds something else.
    InvalidColumn,
    /// A profile that contradicts itself.
    InvalidProfile,
}

impl RefusalCode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRows => "invalid_rows",
            Self::UnknownLocale => "unknown_locale",
            Self::InvalidRate => "invalid_rate",
            Self::InvalidPeriod => "invalid_period",
            Self::InvalidMerchants => "invalid_merchants",
            Self::InvalidCompression => "invalid_compression",
            Self::InvalidInput => "invalid_input",
            Self::InvalidSample => "invalid_sample",
            Self::InvalidColumn => "invalid_column",
            Self::InvalidProfile => "invalid_profile",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: RefusalCode,
    /// The field at fault.
    pub field: &'static str,
    /// One sentence that says what to do instead.
    pub message: String,
}

impl Refusal {
    pub fn new(code: RefusalCode, field: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            field,
            message: message.into(),
        }
    }
}
