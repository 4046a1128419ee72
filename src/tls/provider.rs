//! Which cryptography TLS uses in this process: that of `ring`.

/// Chooses it, unless the process has chosen already. An HTTP client cannot be built before, even for plain HTTP.
pub fn install_provider() {
    // Err means that one is installed, which is what is asked for.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
