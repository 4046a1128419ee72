//! Who calls, and what they may do: API keys, sessions, tokens of others, roles and permissions. Knows neither HTTP nor
//! SQL.

mod authority;
mod delays;
mod id;
mod jwt;
mod login;
mod password;
mod permission;
mod principal;
pub mod role;
mod secret;
mod standing;
mod tickets;
mod verified;

pub use authority::Authority;
pub use id::{BadId, KeyId, SessionId, UserId};
pub use jwt::OpenIssuer;
pub use login::{Login, NoLogin};
pub use password::{Busy, PASSWORD_BYTES};
pub use permission::{Permission, Permissions};
pub use principal::{Credential, Principal, Roles, Unknown};
pub use secret::{Secret, SecretHash, SecretKind, csrf_token};
pub use standing::Standing;
pub use tickets::{NoTicket, TICKET_TTL};
