//! What the URL table says of an operation: who may call it.

use crate::auth::Permission;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Public,
    /// Everyone who says who they are.
    Known,
    /// Whoever has the permission.
    Needs(Permission),
}

impl Access {
    pub const fn permission(self) -> Option<Permission> {
        match self {
            Self::Public | Self::Known => None,
            Self::Needs(permission) => Some(permission),
        }
    }
}

/// An operation that the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// In lower case.
    pub method: &'static str,
    /// Pattern of the path.
    pub path: &'static str,
    pub access: Access,
    /// Opens a stream: a ticket opens it as well.
    pub is_stream: bool,
}
