//! From a place to the secret. Errors name the place, never the secret.

use std::{io, path::PathBuf};

use secrecy::SecretString;

use super::vault::{self, VaultError};
use crate::{
    config::{Config, Place, Secret, variable},
    outbound::Outbound,
};

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the environment has no variable {name}")]
    NoVariable { name: String },
    #[error("cannot read the secret in {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("cannot get {path}#{key} from vault")]
    Vault {
        path: String,
        key: String,
        source: Box<VaultError>,
    },
}

/// The secret; None where there is none. Of a file without the line break at its end.
pub async fn reveal(secret: &Secret, config: &Config) -> Result<Option<SecretString>, SecretError> {
    if let Place::Vault { path, key } = secret.place() {
        let failed = |source: VaultError| SecretError::Vault {
            path: path.to_owned(),
            key: key.to_owned(),
            source: Box::new(source),
        };
        let token = local(&config.vault.token)?;
        let outbound = Outbound::of(&config.outbound);
        let found = vault::get(&config.vault.address, token, path, key, &outbound).await;
        return found.map(Some).map_err(failed);
    }
    local(secret)
}

/// Of any place but Vault.
fn local(secret: &Secret) -> Result<Option<SecretString>, SecretError> {
    match secret.place() {
        Place::None | Place::Vault { .. } => Ok(None),
        Place::Here => Ok(secret.itself().cloned()),
        Place::Environment(name) => match variable(name) {
            Some(found) => Ok(Some(found)),
            None => Err(SecretError::NoVariable {
                name: name.to_owned(),
            }),
        },
        Place::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned().into())),
            Err(source) => Err(SecretError::File {
                path: path.into(),
                source,
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    async fn revealed(text: &str, config: &Config) -> Result<Option<String>, String> {
        let found = reveal(&Secret::from(text), config).await;
        let found = found.map(|found| found.map(|secret| secret.expose_secret().to_owned()));
        found.map_err(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn secrets_are_found_here_in_files_and_in_the_environment() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        std::fs::write(&file, "hunter2\n").unwrap();
        let config = Config::default();
        let found = revealed(&format!("file:{}", file.display()), &config).await;
        assert_eq!(found, Ok(Some("hunter2".to_owned())));
        assert_eq!(
            revealed("itself", &config).await,
            Ok(Some("itself".to_owned()))
        );
        assert_eq!(revealed("", &config).await, Ok(None));
        let found = revealed("env:PATH", &config).await.unwrap();
        assert!(found.is_some_and(|path| !path.is_empty()));
        let error = revealed("env:CALLBOARD_NO_SUCH_VARIABLE", &config)
            .await
            .unwrap_err();
        assert!(error.contains("CALLBOARD_NO_SUCH_VARIABLE"), "{error}");
        assert!(revealed("file:/nowhere", &config).await.is_err());
    }

    #[tokio::test]
    async fn a_secret_in_vault_is_got_with_the_token_and_never_told_in_an_error() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::default();
        config.outbound.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        config.vault.address = format!("http://{}", listener.local_addr().unwrap());
        config.vault.token = Secret::from("s.hunter2");
        let serve = async |status: &str, body: &str| {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4_096];
            let read = stream.read(&mut head).await.unwrap();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&head[..read]).to_lowercase()
        };
        let body = r#"{"data": {"data": {"url": "redis://:hunter3@h"}, "metadata": {}}}"#;
        let (found, head) = tokio::join!(
            revealed("vault:kv/board/redis#url", &config),
            serve("200 OK", body)
        );
        assert_eq!(found, Ok(Some("redis://:hunter3@h".to_owned())));
        assert!(
            head.starts_with("get /v1/kv/data/board/redis http"),
            "{head}"
        );
        assert!(head.contains("x-vault-token: s.hunter2"), "{head}");

        let (missing, _) = tokio::join!(
            revealed("vault:kv/board/redis#nope", &config),
            serve("200 OK", body)
        );
        let (refused, _) = tokio::join!(
            revealed("vault:kv/board/redis#url", &config),
            serve("403 Forbidden", "{}")
        );
        for error in [missing.unwrap_err(), refused.unwrap_err()] {
            assert!(
                error.contains("kv/board/redis") && !error.contains("hunter"),
                "{error}"
            );
        }
    }
}
