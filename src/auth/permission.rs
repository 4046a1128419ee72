//! What may be permitted, and sets of it.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! permissions {
    ($($(#[$doc:meta])* $permission:ident = $name:literal),+ $(,)?) => {
        /// One thing that a caller may be permitted to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Permission {
            $($(#[$doc])* $permission),+
        }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$permission),+];

            /// As roles and the description of the interface name it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$permission => $name),+
                }
            }
        }
    };
}

permissions! {
    /// Submit jobs.
    JobsCreate = "jobs:create",
    /// See jobs, their tasks, approvals, effects and events, without what goes in and comes out.
    JobsRead = "jobs:read",
    /// Pause, resume and retry jobs, send signals, settle effects.
    JobsUpdate = "jobs:update",
    /// Remove jobs that have ended.
    JobsDelete = "jobs:delete",
    /// Cancel jobs.
    JobsCancel = "jobs:cancel",
    /// See inputs, results, facts and artifacts.
    ResultsRead = "results:read",
    /// See the texts of errors.
    LogsRead = "logs:read",
    /// See metrics, health and the supervision tree.
    MetricsRead = "metrics:read",
    /// Approve and reject.
    ApprovalsDecide = "approvals:decide",
    /// Make users and set passwords.
    UsersManage = "users:manage",
    /// Define roles.
    RolesManage = "roles:manage",
    /// Change settings of the server, and give access to other tenants.
    SettingsManage = "settings:manage",
    /// Make, rotate and revoke API keys.
    KeysManage = "keys:manage",
    /// Read the audit log.
    AuditRead = "audit:read",
    /// Step in at crews.
    SupervisionOperate = "supervision:operate",
}

impl Permission {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    pub const fn of(permissions: &[Permission]) -> Self {
        let (mut bits, mut next) = (0, 0);
        while next < permissions.len() {
            bits |= permissions[next].bit();
            next += 1;
        }
        Self(bits)
    }

    pub const fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether everything of `other` is in here.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// What is in here and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        let all = Permission::ALL.iter().copied();
        all.filter(move |one| self.has(*one))
    }

    /// From names with a space between two; a name that is not known permits nothing.
    pub fn read(text: &str) -> Self {
        let known: Vec<_> = text
            .split_whitespace()
            .filter_map(Permission::named)
            .collect();
        Self::of(&known)
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Permission::name).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Permission::name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_fifteen_permissions_and_each_is_found_by_its_name() {
        assert_eq!(Permission::ALL.len(), 15);
        for one in Permission::ALL {
            assert_eq!(Permission::named(one.name()), Some(*one));
        }
    }

    #[test]
    fn a_set_reads_back_from_its_text_and_drops_what_nobody_knows() {
        let set = Permissions::of(&[Permission::JobsRead, Permission::AuditRead]);
        assert_eq!(Permissions::read(&set.to_string()), set);
        assert_eq!(Permissions::read("audit:read jobs:dream jobs:read"), set);
    }

    #[test]
    fn a_set_covers_its_parts_and_no_more() {
        let whole = Permissions::of(Permission::ALL);
        let part = Permissions::of(&[Permission::JobsRead]);
        assert!(whole.covers(part) && !part.covers(whole) && part.covers(part));
        assert!(!whole.without(part).has(Permission::JobsRead));
    }
}
