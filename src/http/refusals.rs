//! What the errors of other parts of the server are to a client.

use callboard_orchestra::{
    ControlError, DecideError, InvalidInput, ResolveError, SubmitError, artifact::ArtifactError,
    coordinator::RETRY_AFTER, journal::JournalError, shard::CommandError,
};

use super::{
    approvals::view::ApprovalView,
    effects::view::EffectView,
    error::{Kind, Problem},
};
use crate::{
    auth::{Busy, NoLogin, Unknown},
    ws::OpenError,
};

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::UnknownKind { .. } => {
                Self::new(Kind::Invalid, "unknown_kind", error.to_string()).field("kind")
            }
            SubmitError::Invalid(InvalidInput {
                code,
                field,
                message,
            }) => {
                let problem = Self::new(Kind::Invalid, code, message);
                match field {
                    Some(field) => problem.field(field),
                    None => problem,
                }
            }
            SubmitError::IdempotencyMismatch => {
                Self::new(Kind::Invalid, "idempotency_mismatch", error.to_string())
                    .field("Idempotency-Key")
            }
            SubmitError::Overloaded => {
                Self::new(Kind::RateLimited, "overloaded", error.to_string())
                    .retry_after(RETRY_AFTER)
            }
            SubmitError::Command(error) => error.into(),
            SubmitError::Journal(error) => error.into(),
        }
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Command(error) => error.into(),
            ControlError::Journal(error) => error.into(),
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::NotFound => Self::no_such_job(),
            CommandError::Ended => Self::new(Kind::Conflict, "job_ended", error.to_string()),
            CommandError::Refused(refused) => {
                Self::new(Kind::Conflict, refused.code(), error.to_string())
            }
            CommandError::Draining => Self::draining(),
            CommandError::Unavailable => {
                Self::new(Kind::Unavailable, "unavailable", error.to_string())
                    .retry_after(RETRY_AFTER)
            }
        }
    }
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        let detail = error.to_string();
        match error {
            DecideError::NotFound => Self::no_such_approval(),
            DecideError::AlreadyDecided(row) => {
                Self::overtaken("already_decided", detail, &ApprovalView::of(&row))
            }
            DecideError::Control(error) => error.into(),
        }
    }
}

impl From<ResolveError> for Problem {
    fn from(error: ResolveError) -> Self {
        let detail = error.to_string();
        match error {
            ResolveError::NotFound => Self::no_such_effect(),
            ResolveError::NotUnknown(row) => {
                Self::overtaken("not_unknown", detail, &EffectView::of(&row))
            }
            ResolveError::Control(error) => error.into(),
        }
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        let internal = Self::internal(&error);
        match error {
            // The cause lies outside, and may be over soon.
            JournalError::Store { .. } => {
                let detail = "the store cannot be reached at the moment";
                Self::new(Kind::Unavailable, "store_unavailable", detail).retry_after(RETRY_AFTER)
            }
            _ => internal,
        }
    }
}

impl From<ArtifactError> for Problem {
    fn from(error: ArtifactError) -> Self {
        Self::internal(&error)
    }
}

impl From<Busy> for Problem {
    fn from(error: Busy) -> Self {
        Self::new(Kind::Unavailable, "busy", error.to_string()).retry_after(RETRY_AFTER)
    }
}

impl From<NoLogin> for Problem {
    fn from(error: NoLogin) -> Self {
        match error {
            NoLogin::Wrong => Self::wrong_password(error.to_string()),
            NoLogin::Delayed(delay) => {
                Self::new(Kind::RateLimited, "login_delayed", error.to_string()).retry_after(delay)
            }
            NoLogin::Busy(busy) => busy.into(),
            NoLogin::Over => Self::unauthenticated(&Unknown::Session),
            NoLogin::Store(error) => error.into(),
        }
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        let (kind, code) = match &error {
            OpenError::Full => {
                return Self::new(Kind::Unavailable, "too_many_streams", error.to_string())
                    .retry_after(RETRY_AFTER);
            }
            OpenError::OwnFull => {
                return Self::new(Kind::RateLimited, "too_many_streams", error.to_string())
                    .retry_after(RETRY_AFTER);
            }
            OpenError::ForeignOrigin => (Kind::Forbidden, "foreign_origin"),
            OpenError::NotAcceptable => (Kind::NotAcceptable, "not_acceptable"),
            OpenError::Handshake(_) => (Kind::Malformed, "bad_handshake"),
        };
        Self::new(kind, code, error.to_string())
    }
}
