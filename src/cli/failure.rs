//! How a command ends without success: the line on stderr and the exit code.

use std::{error::Error, process::ExitCode};

use callboard::{config::ConfigErrors, store::StoreError};
use callboard_orchestra::{ControlError, SubmitError, journal::JournalError};

use super::terminal;

const FAILED: u8 = 1;
const BAD_INPUT: u8 = 2;
const INTERRUPTED: u8 = 130;

#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// It did not work out.
    Failed(String),
    /// What was asked for cannot be accepted; asking again is of no use.
    BadInput(String),
    /// Ended by a signal.
    Interrupted(String),
}

impl Failure {
    pub fn message(&self) -> &str {
        let (Self::Failed(message) | Self::BadInput(message) | Self::Interrupted(message)) = self;
        message
    }

    /// Tells the user and answers with the exit code.
    pub fn report(self) -> ExitCode {
        let (code, message) = match self {
            Self::Failed(message) => (FAILED, message),
            Self::BadInput(message) => (BAD_INPUT, message),
            Self::Interrupted(message) => (INTERRUPTED, message),
        };
        terminal::tell(&format!("error: {message}"));
        ExitCode::from(code)
    }
}

/// An error with its causes, on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    line
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<StoreError>() {
            Ok(error) => error.into(),
            Err(error) => Self::Failed(format!("{error:#}")),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Owned { .. }
            | StoreError::DatabaseOwned { .. }
            | StoreError::Address { .. }
            | StoreError::Moved { .. } => Self::BadInput(error.to_string()),
            error => Self::Failed(chain(&error)),
        }
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::UnknownKind { .. }
            | SubmitError::Invalid(_)
            | SubmitError::IdempotencyMismatch => Self::BadInput(error.to_string()),
            SubmitError::Overloaded | SubmitError::Command(_) | SubmitError::Journal(_) => {
                Self::Failed(chain(&error))
            }
        }
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        Self::Failed(chain(&error))
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::Failed(chain(&error))
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::BadInput(errors.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_in_use_is_bad_input_even_inside_another_error() {
        let owned = StoreError::Owned {
            data_dir: "d".into(),
            owner: "process 7".to_owned(),
        };
        assert_eq!(
            Failure::from(anyhow::Error::from(owned)),
            Failure::BadInput("data directory d is in use by process 7".to_owned())
        );
    }
}
