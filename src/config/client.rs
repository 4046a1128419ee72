//! What a command that talks to a server takes from the environment.

#![expect(
    clippy::disallowed_methods,
    reason = "a key given as an argument could be read by every process of the machine"
)]

/// The variable that bears the API key of the command line. It configures no server.
pub(super) const KEY_VARIABLE: &str = "CALLBOARD_KEY";

/// The API key that commands send.
pub fn client_key() -> Option<String> {
    let key = std::env::var(KEY_VARIABLE).ok()?;
    let key = key.trim();
    (!key.is_empty()).then(|| key.to_owned())
}
