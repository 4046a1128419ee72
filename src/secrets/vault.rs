//! HashiCorp Vault, key-value engine version 2: one GET.

use std::time::Duration;

use reqwest::{StatusCode, Url, header::HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::outbound::{ForbiddenAddress, Outbound};

const ANSWER_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("vault.address is not the URL of a server")]
    Address,
    #[error("vault.token is empty, or no token")]
    Token,
    #[error("a path has an engine and a name, such as kv/callboard")]
    Path,
    #[error(transparent)]
    Forbidden(#[from] ForbiddenAddress),
    #[error("vault does not answer")]
    Unanswered(#[source] reqwest::Error),
    #[error("vault answered {0}")]
    Refused(StatusCode),
    #[error("there is no such key in it")]
    NoKey,
}

pub async fn get(
    address: &str,
    token: Option<SecretString>,
    path: &str,
    key: &str,
    outbound: &Outbound,
) -> Result<SecretString, VaultError> {
    let mut url = Url::parse(address).map_err(|_| VaultError::Address)?;
    let (engine, name) = path.split_once('/').ok_or(VaultError::Path)?;
    url.path_segments_mut()
        .map_err(|()| VaultError::Address)?
        .pop_if_empty()
        .extend(["v1", engine, "data"])
        .extend(name.split('/'));
    let token = token.ok_or(VaultError::Token)?;
    let mut token = HeaderValue::from_str(token.expose_secret()).map_err(|_| VaultError::Token)?;
    token.set_sensitive(true);
    outbound.check(&url)?;
    let unanswered = |error: reqwest::Error| VaultError::Unanswered(error.without_url());
    let client = outbound
        .client()
        .timeout(ANSWER_MAX)
        .build()
        .map_err(unanswered)?;
    let request = client.get(url).header("X-Vault-Token", token);
    let response = request.send().await.map_err(unanswered)?;
    if !response.status().is_success() {
        return Err(VaultError::Refused(response.status()));
    }
    let answer: Value = response.json().await.map_err(unanswered)?;
    let found = answer["data"]["data"][key].as_str();
    found.map(SecretString::from).ok_or(VaultError::NoKey)
}
