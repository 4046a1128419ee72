//! Why a part of the picture has no answer.

use std::{error::Error, fmt, io};

use super::plain::plain;
use crate::cli::failure::Failure;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody answered.
    NoAnswer(String),
    /// The server answered that it may not, or cannot; `for_good` where asking again is of no use.
    Refused { why: String, for_good: bool },
}

impl Trouble {
    /// What kept a request from its answer, in a few words.
    pub fn lost(error: &reqwest::Error) -> Self {
        let cause = match error.is_timeout() {
            true => "it takes too long".to_owned(),
            false => innermost(error),
        };
        Self::NoAnswer(plain(&cause))
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Refused {
            why: plain(failure.message()),
            for_good: matches!(failure, Failure::BadInput(_)),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NoAnswer(why) | Self::Refused { why, .. }) = self;
        f.write_str(why)
    }
}

/// The cause that the system names, or else the last one there is.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let (mut told, mut next) = (error.to_string(), Some(error));
    while let Some(error) = next {
        told = error.to_string();
        if let Some(system) = error.downcast_ref::<io::Error>()
            && system.raw_os_error().is_some()
        {
            return system.kind().to_string();
        }
        next = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("send the request")]
    struct Sending(#[source] io::Error);

    #[test]
    fn the_cause_is_the_one_that_the_system_names() {
        let refused = io::Error::from(rustix::io::Errno::CONNREFUSED);
        assert_eq!(innermost(&Sending(refused)), "connection refused");
        let other = io::Error::other("the name is not known");
        assert_eq!(innermost(&Sending(other)), "the name is not known");
    }

    #[test]
    fn a_refusal_keeps_whether_asking_again_is_of_use() {
        let refusal = |failure| match Trouble::from(failure) {
            Trouble::Refused { for_good, .. } => for_good,
            Trouble::NoAnswer(_) => panic!("the server answered"),
        };
        assert!(refusal(Failure::BadInput("no such key".to_owned())));
        assert!(!refusal(Failure::Failed("shutting down".to_owned())));
    }
}
