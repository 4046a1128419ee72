//! Who a token is of: its signature, issuer, audience and time are checked, and its claims read as tenant and roles.

use std::{io, path::PathBuf};

use callboard_orchestra::{Tenant, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::keys::{Keys, Published};
use crate::{
    auth::role,
    config::{JwtAlgorithm, JwtConfig},
    outbound::Outbound,
};

/// A shorter secret of HS256 can be guessed (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;
const TOKEN_BYTES_MAX: usize = 8 * 1024;
const SUBJECT_BYTES_MAX: usize = 200;

/// Why tokens cannot be taken as the configuration says.
#[derive(Debug, thiserror::Error)]
pub enum OpenIssuer {
    #[error("cannot read the key of tokens in {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the key of tokens in {} is no public key in PEM of its algorithm", path.display())]
    Key {
        path: PathBuf,
        source: jsonwebtoken::errors::Error,
    },
    #[error("the secret of tokens in {} has fewer than {SECRET_BYTES_MIN} bytes", path.display())]
    Short { path: PathBuf },
    #[error("auth.jwt.jwks_url is no URL")]
    Url(#[source] <reqwest::Url as std::str::FromStr>::Err),
    #[error("cannot fetch keys of tokens")]
    Client(#[from] reqwest::Error),
}

/// What a good token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub subject: String,
    pub tenant: Tenant,
    /// Names of roles.
    pub roles: Vec<String>,
    pub until: Timestamp,
}

/// Checks the tokens of one issuer.
pub struct Issuer {
    config: JwtConfig,
    algorithms: Vec<Algorithm>,
    keys: Keys,
}

impl Issuer {
    /// None where the configuration takes no tokens.
    pub fn open(config: &JwtConfig, outbound: Outbound) -> Result<Option<Self>, OpenIssuer> {
        let Some(first) = config.algorithms.first() else {
            return Ok(None);
        };
        let keys = if config.jwks_url.is_empty() {
            Keys::File(key_of(config, *first)?)
        } else {
            let url = config.jwks_url.parse().map_err(OpenIssuer::Url)?;
            Keys::Published(Published::at(url, outbound)?)
        };
        let algorithms = config.algorithms.iter().map(|algorithm| match algorithm {
            JwtAlgorithm::EdDSA => Algorithm::EdDSA,
            JwtAlgorithm::RS256 => Algorithm::RS256,
            JwtAlgorithm::HS256 => Algorithm::HS256,
        });
        Ok(Some(Self {
            algorithms: algorithms.collect(),
            config: config.clone(),
            keys,
        }))
    }

    /// What a token says; an error says in a few words what is wrong with it.
    pub async fn read(&self, token: &str) -> Result<Token, String> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(format!("it has more than {TOKEN_BYTES_MAX} bytes"));
        }
        let header = decode_header(token).map_err(|error| error.to_string())?;
        if !self.algorithms.contains(&header.alg) {
            return Err("it is signed by an algorithm that is not taken".to_owned());
        }
        let key = self.keys.find(header.kid.as_deref()).await?;
        let mut rules = Validation::new(header.alg);
        rules.leeway = self.config.leeway.as_secs();
        rules.validate_nbf = true;
        rules.set_issuer(&[&self.config.issuer]);
        rules.set_audience(&[&self.config.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let read = decode::<Map<String, Value>>(token, &key, &rules);
        let claims = read.map_err(|error| error.to_string())?.claims;
        self.token(&claims)
    }

    fn token(&self, claims: &Map<String, Value>) -> Result<Token, String> {
        let config = &self.config;
        let subject = claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !(1..=SUBJECT_BYTES_MAX).contains(&subject.len()) {
            return Err(format!(
                "its subject has not 1 to {SUBJECT_BYTES_MAX} bytes"
            ));
        }
        let tenant = if config.tenant_claim.is_empty() {
            Tenant::default()
        } else {
            let name = at(claims, &config.tenant_claim).and_then(Value::as_str);
            let name = name.filter(|name| role::is_name(name));
            Tenant::new(name.ok_or("its claim of a tenant is missing or is no name")?)
        };
        let values = match at(claims, &config.roles_claim) {
            Some(Value::String(value)) => vec![value.as_str()],
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let given = config.roles().filter(|(value, _)| values.contains(value));
        let expires_s = claims
            .get("exp")
            .and_then(Value::as_f64)
            .unwrap_or_default();
        Ok(Token {
            subject: subject.to_owned(),
            tenant,
            roles: given.map(|(_, role)| role.to_owned()).collect(),
            until: Timestamp::from_millis((expires_s * 1_000.0) as i64).plus(config.leeway),
        })
    }
}

fn key_of(config: &JwtConfig, algorithm: JwtAlgorithm) -> Result<DecodingKey, OpenIssuer> {
    let path = || config.key_file.clone();
    let bytes = std::fs::read(&config.key_file).map_err(|source| OpenIssuer::File {
        path: path(),
        source,
    })?;
    let key = match algorithm {
        JwtAlgorithm::EdDSA => DecodingKey::from_ed_pem(&bytes),
        JwtAlgorithm::RS256 => DecodingKey::from_rsa_pem(&bytes),
        JwtAlgorithm::HS256 if bytes.trim_ascii().len() < SECRET_BYTES_MIN => {
            return Err(OpenIssuer::Short { path: path() });
        }
        JwtAlgorithm::HS256 => Ok(DecodingKey::from_secret(bytes.trim_ascii())),
    };
    key.map_err(|source| OpenIssuer::Key {
        path: path(),
        source,
    })
}

/// The claim at a path such as `realm_access.roles`; a claim whose name has dots is found by its whole name.
fn at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(whole) = claims.get(path) {
        return Some(whole);
    }
    let (first, rest) = path.split_once('.')?;
    at(claims.get(first)?.as_object()?, rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn issuer(config: JwtConfig) -> Issuer {
        Issuer {
            config,
            algorithms: vec![Algorithm::HS256],
            keys: Keys::File(DecodingKey::from_secret(b"s")),
        }
    }

    fn read(issuer: &Issuer, claims: Value) -> Result<Token, String> {
        issuer.token(claims.as_object().unwrap())
    }

    #[test]
    fn only_values_that_are_named_give_a_role() {
        let issuer = issuer(JwtConfig {
            roles_claim: "realm.groups".to_owned(),
            roles: vec!["engineers=user".to_owned(), "a=b=viewer".to_owned()],
            ..JwtConfig::default()
        });
        let roles = |groups: Value| {
            let claims = json!({"sub": "kim", "exp": 10, "realm": {"groups": groups}});
            read(&issuer, claims).unwrap().roles
        };
        assert_eq!(
            roles(json!(["engineers", "admin", "a=b"])),
            ["user", "viewer"]
        );
        assert_eq!(roles(json!("engineers")), ["user"]);
        assert_eq!(roles(json!({"engineers": true})), Vec::<String>::new());
        let claims = json!({"sub": "kim", "exp": 10, "realm.groups": "engineers"});
        assert_eq!(read(&issuer, claims).unwrap().roles, ["user"]);
    }

    #[test]
    fn a_token_has_a_subject_and_the_tenant_it_must_name() {
        let issuer = issuer(JwtConfig {
            tenant_claim: "org".to_owned(),
            ..JwtConfig::default()
        });
        let token = read(&issuer, json!({"sub": "kim", "exp": 10, "org": "acme"})).unwrap();
        assert_eq!(token.tenant, Tenant::new("acme"));
        assert_eq!(token.until, Timestamp::from_millis(70_000));
        for claims in [
            json!({"sub": "kim", "exp": 10}),
            json!({"sub": "kim", "exp": 10, "org": "../x"}),
            json!({"sub": "", "exp": 10, "org": "acme"}),
        ] {
            assert!(read(&issuer, claims.clone()).is_err(), "{claims}");
        }
    }
}
