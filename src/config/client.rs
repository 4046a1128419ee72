//! What a command that talks to a server, or draws on a terminal, takes from the environment.

#![expect(
    clippy::disallowed_methods,
    reason = "a key given as an argument could be read by every process of the machine; colours are a wish for all programs"
)]

/// The variable that bears the API key of the command line. It configures no server.
pub(super) const KEY_VARIABLE: &str = "CALLBOARD_KEY";

/// The variable that asks programs for a screen without colours (no-color.org).
const NO_COLOUR_VARIABLE: &str = "NO_COLOR";

/// Whether a screen may have colours: nobody has asked for one without.
pub fn wants_colour() -> bool {
    std::env::var_os(NO_COLOUR_VARIABLE).is_none_or(|value| value.is_empty())
}

/// The API key that commands send.
pub fn client_key() -> Option<String> {
    let key = std::env::var(KEY_VARIABLE).ok()?;
    let key = key.trim();
    (!key.is_empty()).then(|| key.to_owned())
}
