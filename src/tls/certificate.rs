//! The certificate of the listener, which is read again when its files change. A certificate that cannot be read
//! leaves the one before in use, and says so in the log.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use callboard_runtime::{Home, Universe};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::sync::watch;

use super::install_provider;
use crate::config::TlsConfig;

const LOOK_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: pem::Error },
    #[error("{path} has no certificate")]
    Empty { path: PathBuf },
    #[error("{path} does not fit its private key, or is of a sort that is not known")]
    Unfit {
        path: PathBuf,
        source: rustls::Error,
    },
}

#[derive(Debug)]
struct Current(watch::Receiver<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.borrow().clone())
    }
}

/// What the listener speaks TLS with, from now on and after each change of the files.
pub fn server(config: &TlsConfig, universe: &Universe) -> Result<ServerConfig, TlsError> {
    install_provider();
    let (tell, current) = watch::channel(Arc::new(read(config)?));
    let config = config.clone();
    let mut seen = stamps(&config);
    universe.spawn(Home::Core, async move {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = stamps(&config);
            if now == seen {
                continue;
            }
            seen = now;
            match read(&config) {
                Ok(key) => {
                    tell.send_replace(Arc::new(key));
                    tracing::info!("the certificate was read again");
                }
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(error = %error, cause, "the certificate before stays in use");
                }
            }
        }
    });
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Current(current)));
    Ok(server)
}

/// When the files were written, and their lengths.
fn stamps(config: &TlsConfig) -> [Option<(SystemTime, u64)>; 2] {
    let stamp = |path: &Path| {
        let file = fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len()))
    };
    [stamp(&config.certificate), stamp(&config.private_key)]
}

fn read(config: &TlsConfig) -> Result<CertifiedKey, TlsError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Read { path, source }
    };
    let chain: Result<Vec<CertificateDer<'static>>, pem::Error> =
        CertificateDer::pem_file_iter(&config.certificate).and_then(Iterator::collect);
    let chain = chain.map_err(unreadable(&config.certificate))?;
    if chain.is_empty() {
        let path = config.certificate.clone();
        return Err(TlsError::Empty { path });
    }
    let key = PrivateKeyDer::from_pem_file(&config.private_key)
        .map_err(unreadable(&config.private_key))?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map_err(|source| TlsError::Unfit {
        path: config.certificate.clone(),
        source,
    })
}
