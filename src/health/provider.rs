//! Servers that this one asks: the price provider, Vault, and whoever issues tokens. Any answer but that of a broken server
//! counts: what is asked is whether they are there, nothing that costs or needs a key.

use std::sync::Arc;

use reqwest::{Client, Method, Url};

use super::Finding;
use crate::{config::Config, outbound::Outbound, prices::UrlTemplate};

/// What Vault answers about itself: 503 when it is sealed. Standbys count as well.
const VAULT_HEALTH: &str = "v1/sys/health?standbyok=true&perfstandbyok=true";

/// One server.
#[derive(Debug, Clone)]
pub struct Provider {
    pub name: &'static str,
    url: Url,
    method: Method,
}

/// Every server that is configured. Clones share it.
#[derive(Clone)]
pub struct Providers {
    all: Arc<[Provider]>,
    client: Client,
    outbound: Outbound,
}

impl Providers {
    /// Errors when no HTTP client can be made.
    pub fn of(config: &Config) -> Result<Self, reqwest::Error> {
        let outbound = Outbound::of(&config.outbound);
        let vault = Url::parse(&config.vault.address).ok();
        let prices = UrlTemplate::parse(&config.market.price_url).ok();
        let issuer = Url::parse(&config.auth.jwt.jwks_url).ok();
        let all = [
            ("prices", Method::HEAD, prices.map(|url| url.origin())),
            (
                "vault",
                Method::GET,
                vault.and_then(|url| url.join(VAULT_HEALTH).ok()),
            ),
            ("jwks", Method::HEAD, issuer),
        ];
        let all = all.into_iter().filter_map(|(name, method, url)| {
            Some(Provider {
                name,
                url: url?,
                method,
            })
        });
        Ok(Self {
            all: all.collect(),
            client: outbound
                .client()
                .timeout(config.health.check_timeout)
                .build()?,
            outbound,
        })
    }

    pub fn all(&self) -> &[Provider] {
        &self.all
    }

    /// Asks one of them.
    pub async fn ask(&self, provider: &Provider) -> Finding {
        if let Err(error) = self.outbound.check(&provider.url) {
            return Finding::unhealthy(error.to_string());
        }
        let request = self
            .client
            .request(provider.method.clone(), provider.url.clone());
        match request.send().await {
            Ok(answer) if answer.status().is_server_error() => {
                Finding::unhealthy(format!("answers {}", answer.status()))
            }
            Ok(answer) => Finding::well(format!("answers {}", answer.status())),
            // The URL may bear a key.
            Err(error) => Finding::unhealthy(format!("does not answer: {}", error.without_url())),
        }
    }
}
