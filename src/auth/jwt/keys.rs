//! The keys that tokens are checked with: one of a file, or those that the issuer publishes, which are fetched when a token
//! names one that is not known, and again when they are old.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{DecodingKey, jwk::JwkSet};
use reqwest::Url;
use tokio::{sync::Semaphore, time::Instant};

use crate::{answer_body::body_within, outbound::Outbound};

/// Published keys are fetched again when they are older.
const FRESH_FOR: Duration = Duration::from_secs(60 * 60);
/// Tokens that name unknown keys cause no more than one fetch in this time.
const FETCH_EVERY_MIN: Duration = Duration::from_secs(5);
const FETCH_MAX: Duration = Duration::from_secs(5);
const JWKS_BYTES_MAX: usize = 256 * 1024;

pub enum Keys {
    File(DecodingKey),
    Published(Published),
}

/// The keys that an issuer publishes. A lock, for every HTTP thread reads them, and a fetch an hour writes them.
pub struct Published {
    url: Url,
    http: reqwest::Client,
    outbound: Outbound,
    held: RwLock<Held>,
    /// One fetch at a time; whoever waits finds its keys.
    turn: Semaphore,
}

#[derive(Default)]
struct Held {
    keys: JwkSet,
    /// When they were fetched, or it was tried; None before the first time.
    tried_at: Option<Instant>,
}

impl Held {
    fn is_older_than(&self, age: Duration) -> bool {
        self.tried_at.is_none_or(|at| at.elapsed() >= age)
    }
}

impl Keys {
    /// The key that a token names; an error says why there is none.
    pub async fn find(&self, kid: Option<&str>) -> Result<DecodingKey, String> {
        match self {
            Self::File(key) => Ok(key.clone()),
            Self::Published(published) => {
                let kid = kid.ok_or("it names no key (kid)")?;
                published.find(kid).await
            }
        }
    }
}

impl Published {
    pub fn at(url: Url, outbound: Outbound) -> Result<Self, reqwest::Error> {
        let http = outbound.client().timeout(FETCH_MAX).build()?;
        Ok(Self {
            url,
            http,
            outbound,
            held: RwLock::default(),
            turn: Semaphore::new(1),
        })
    }

    async fn find(&self, kid: &str) -> Result<DecodingKey, String> {
        let (mut found, is_old) = self.held(kid, FRESH_FOR);
        if found.is_none() || is_old {
            let turn = self.turn.acquire().await;
            let _turn = turn.expect("the semaphore is never closed");
            let (_, may_fetch) = self.held(kid, FETCH_EVERY_MIN);
            if may_fetch {
                self.fetch().await;
            }
            found = self.held(kid, FRESH_FOR).0.or(found);
        }
        found.unwrap_or_else(|| Err("its issuer publishes no such key (kid)".to_owned()))
    }

    fn held(&self, kid: &str, age: Duration) -> (Option<Result<DecodingKey, String>>, bool) {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let key = held.keys.find(kid).map(|key| {
            let read = DecodingKey::from_jwk(key);
            read.map_err(|error| format!("its key cannot be used: {error}"))
        });
        (key, held.is_older_than(age))
    }

    /// What could not be fetched leaves the keys that are held.
    async fn fetch(&self) {
        let fetched = self.read().await;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.tried_at = Some(Instant::now());
        match fetched {
            Ok(keys) => held.keys = keys,
            Err(error) => {
                tracing::warn!(error, "the keys of the issuer of tokens cannot be read");
            }
        }
    }

    async fn read(&self) -> Result<JwkSet, String> {
        let text = |error: reqwest::Error| error.without_url().to_string();
        let is_open = self.outbound.check(&self.url);
        is_open.map_err(|error| error.to_string())?;
        let response = self.http.get(self.url.clone());
        let response = response.send().await.map_err(text)?;
        let response = response.error_for_status().map_err(text)?;
        let body = body_within(response, JWKS_BYTES_MAX).await.map_err(text)?;
        let body = body.ok_or_else(|| format!("more than {JWKS_BYTES_MAX} bytes"))?;
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    }
}
