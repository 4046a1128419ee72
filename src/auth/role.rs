//! Roles: named sets of permissions. Four are the same for every tenant; a tenant may define others.

use callboard_orchestra::Tenant;

use super::permission::{Permission, Permissions};

/// May do everything.
pub const ADMIN: &str = "admin";
pub const SERVICE: &str = "service";

/// The roles that every tenant has, with what they permit.
pub const BUILT_IN: [(&str, Permissions); 4] = [
    (ADMIN, Permissions::of(Permission::ALL)),
    (
        "user",
        Permissions::of(&[
            Permission::JobsCreate,
            Permission::JobsRead,
            Permission::JobsUpdate,
            Permission::JobsDelete,
            Permission::JobsCancel,
            Permission::ResultsRead,
            Permission::LogsRead,
            Permission::MetricsRead,
            Permission::ApprovalsDecide,
        ]),
    ),
    (
        "viewer",
        Permissions::of(&[Permission::JobsRead, Permission::MetricsRead]),
    ),
    (
        SERVICE,
        Permissions::of(&[
            Permission::JobsCreate,
            Permission::JobsRead,
            Permission::JobsUpdate,
            Permission::JobsCancel,
            Permission::ResultsRead,
            Permission::LogsRead,
        ]),
    ),
];

/// What concerns the server as a whole. It belongs to tenant `default`: nobody of another tenant has it, whatever their
/// role says.
const OF_THE_SERVER: Permissions =
    Permissions::of(&[Permission::MetricsRead, Permission::SupervisionOperate]);

const NAME_BYTES_MAX: usize = 63;

/// What a role that every tenant has permits.
pub fn built_in(name: &str) -> Option<Permissions> {
    let found = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
    found.map(|(_, permissions)| *permissions)
}

/// What of `permissions` a tenant can have.
pub fn within(tenant: &Tenant, permissions: Permissions) -> Permissions {
    if *tenant == Tenant::default() {
        permissions
    } else {
        permissions.without(OF_THE_SERVER)
    }
}

/// Whether a tenant, a role or a user may be called so: lower-case letters, digits, `-`, `_` and `.`, the first a letter or
/// a digit.
pub fn is_name(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let first = text.bytes().next().is_some_and(inside);
    let rest = text
        .bytes()
        .all(|byte| inside(byte) || matches!(byte, b'-' | b'_' | b'.'));
    first && rest && text.len() <= NAME_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_tenant_has_power_over_the_server() {
        let admin = built_in(ADMIN).unwrap();
        assert_eq!(within(&Tenant::default(), admin), admin);
        let other = within(&Tenant::new("acme"), admin);
        assert!(other.has(Permission::KeysManage) && other.has(Permission::SettingsManage));
        assert!(!other.has(Permission::SupervisionOperate) && !other.has(Permission::MetricsRead));
    }

    #[test]
    fn a_viewer_sees_states_and_no_content() {
        let viewer = built_in("viewer").unwrap();
        assert!(viewer.has(Permission::JobsRead));
        assert!(!viewer.has(Permission::ResultsRead) && !viewer.has(Permission::JobsCreate));
    }

    #[test]
    fn names_are_short_and_plain() {
        for name in ["a", "acme-1", "kim.lee", "0"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "-a", "A", "a b", "a/b", "ä", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
