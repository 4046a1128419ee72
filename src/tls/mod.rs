//! TLS: the cryptography of this process, and the certificate of the listener.

mod certificate;
mod provider;

pub use certificate::{TlsError, server};
pub use provider::install_provider;
