//! Why a commit did not happen.

use sea_orm::sqlx::{self, error::ErrorKind};

#[derive(Debug)]
pub enum Refusal {
    /// It would have broken a rule: the epoch has passed, a job is not where the batch expects it, or a key is taken.
    Rule(sqlx::Error),
    Failed(sqlx::Error),
}

/// SQLSTATE of the division by which PostgreSQL refuses a wrong count.
const DIVISION_BY_ZERO: &str = "22012";

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        let of_rule = error.as_database_error().is_some_and(|error| {
            !matches!(error.kind(), ErrorKind::Other)
                || error.code().is_some_and(|code| code == DIVISION_BY_ZERO)
        });
        if of_rule {
            Self::Rule(error)
        } else {
            Self::Failed(error)
        }
    }
}
