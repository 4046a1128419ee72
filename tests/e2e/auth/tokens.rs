//! Tokens of an issuer: what is taken and what is not, with each algorithm.

use std::{
    path::Path,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use callboard::config::{JwtAlgorithm, JwtConfig};
use callboard_orchestra::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    app::{Setup, TestApp},
    client::{Answer, Client},
    socket::{End, Watcher},
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "callboard";
const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
/// What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410).
const ED25519_SPKI: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];

/// A key that signs, and what an issuer makes known of it.
struct Signer {
    algorithm: Algorithm,
    taken: JwtAlgorithm,
    key: EncodingKey,
    kid: &'static str,
    /// What a key file holds.
    file: Vec<u8>,
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
    .into_bytes()
}

fn ed25519(kid: &'static str) -> Signer {
    let pair = Ed25519KeyPair::generate().unwrap();
    let private = pair.to_pkcs8v1().unwrap();
    let public = [&ED25519_SPKI, pair.public_key().as_ref()].concat();
    Signer {
        algorithm: Algorithm::EdDSA,
        taken: JwtAlgorithm::EdDSA,
        key: EncodingKey::from_ed_der(private.as_ref()),
        kid,
        file: pem("PUBLIC KEY", &public),
    }
}

fn rsa(kid: &'static str) -> Signer {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let private = pem("PRIVATE KEY", private.as_ref());
    Signer {
        algorithm: Algorithm::RS256,
        taken: JwtAlgorithm::RS256,
        key: EncodingKey::from_rsa_pem(&private).unwrap(),
        kid,
        file: pem("RSA PUBLIC KEY", pair.public_key().as_ref()),
    }
}

fn secret() -> Signer {
    Signer {
        algorithm: Algorithm::HS256,
        taken: JwtAlgorithm::HS256,
        key: EncodingKey::from_secret(SECRET),
        kid: "secret",
        file: SECRET.to_vec(),
    }
}

fn seconds(from_now: i64) -> i64 {
    Timestamp::now().millis() / 1_000 + from_now
}

fn claims() -> Value {
    json!({
        "sub": "kim", "iss": ISSUER, "aud": AUDIENCE, "exp": seconds(600), "org": "acme",
        "roles": ["engineers", "admin"],
    })
}

impl Signer {
    fn signed(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.kid.to_owned());
        encode(&header, claims, &self.key).unwrap()
    }

    fn jwk(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        jwk
    }
}

fn config(algorithms: &[JwtAlgorithm]) -> JwtConfig {
    JwtConfig {
        algorithms: algorithms.to_vec(),
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        leeway: std::time::Duration::ZERO,
        tenant_claim: "org".to_owned(),
        roles: vec!["engineers=user".to_owned()],
        ..JwtConfig::default()
    }
}

async fn server(jwt: JwtConfig) -> TestApp {
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    setup.config.auth.jwt = jwt;
    setup.config.outbound.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    TestApp::start_with(setup).await
}

async fn server_with_file(signer: &Signer, dir: &Path) -> TestApp {
    let key_file = dir.join("key");
    std::fs::write(&key_file, &signer.file).unwrap();
    server(JwtConfig {
        key_file,
        ..config(&[signer.taken])
    })
    .await
}

async fn me(app: &TestApp, token: &str) -> Answer {
    app.client().with_key(token).get("/v1/me").await
}

#[tokio::test]
async fn a_token_gives_the_tenant_and_the_roles_that_its_claims_name() {
    for signer in [ed25519("a"), rsa("b"), secret()] {
        let dir = TempDir::new().unwrap();
        let app = server_with_file(&signer, dir.path()).await;
        let seen = me(&app, &signer.signed(&claims())).await;
        let text = String::from_utf8_lossy(&seen.body).into_owned();
        assert_eq!(seen.status, 200, "{:?}: {text}", signer.algorithm);
        let seen: Value = seen.json();
        assert_eq!(seen["principal"], "jwt:kim");
        assert_eq!(
            (&seen["tenant"], &seen["role"]),
            (&json!("acme"), &json!("user"))
        );
        let kim = app.client().with_key(&signer.signed(&claims()));
        let job = kim.fanout(1).await;
        assert_eq!(kim.finished(&job.id).await.tenant, "acme");
        assert_eq!(kim.get("/v1/keys").await.problem(), "permission_denied");
    }
}

#[tokio::test]
async fn a_token_with_anything_wrong_is_refused() {
    let (signer, other) = (ed25519("a"), ed25519("a"));
    let dir = TempDir::new().unwrap();
    let app = server_with_file(&signer, dir.path()).await;
    let changed = |key: &str, value: Value| {
        let mut claims = claims();
        claims[key] = value;
        signer.signed(&claims)
    };
    let without = |key: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(key);
        signer.signed(&claims)
    };
    let good = signer.signed(&claims());
    let [_, payload, signature] =
        <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    // The public key of the server, taken for a secret.
    let confused = Signer {
        algorithm: Algorithm::HS256,
        key: EncodingKey::from_secret(&signer.file),
        ..secret()
    };
    for (what, token) in [
        (
            "another issuer",
            changed("iss", json!("https://other.example")),
        ),
        ("another audience", changed("aud", json!("elsewhere"))),
        ("expired", changed("exp", json!(seconds(-5)))),
        ("not yet", changed("nbf", json!(seconds(600)))),
        ("no end", without("exp")),
        ("no issuer", without("iss")),
        ("no audience", without("aud")),
        ("no subject", without("sub")),
        ("no tenant", without("org")),
        ("another key", other.signed(&claims())),
        ("the public key as a secret", confused.signed(&claims())),
        ("no algorithm", format!("{none}.{payload}.")),
        (
            "no algorithm, a signature",
            format!("{none}.{payload}.{signature}"),
        ),
        ("no token", "a.b.c".to_owned()),
        ("too long", format!("{good}{}", "A".repeat(9_000))),
    ] {
        let refused = me(&app, &token).await;
        assert_eq!(refused.status, 401, "{what}");
        assert_eq!(refused.problem(), "unauthenticated", "{what}");
    }
    assert_eq!(me(&app, &good).await.status, 200);
}

#[tokio::test]
async fn a_stream_ends_with_the_token_it_was_opened_with() {
    let signer = ed25519("a");
    let dir = TempDir::new().unwrap();
    let app = server_with_file(&signer, dir.path()).await;
    let mut brief = claims();
    brief["exp"] = json!(seconds(2));
    let bearer = format!("Bearer {}", signer.signed(&brief));
    let headers = [("authorization", bearer.as_str())];
    let stream = Watcher::open_with(app.address, "/v1/stream", &headers).await;
    let mut stream = stream.unwrap_or_else(|status| panic!("{status}"));
    assert_eq!(stream.rest().await.1, End::Closed(4401));
}

/// An issuer that publishes keys, and how often they were fetched.
struct Publisher {
    url: String,
    keys: Arc<RwLock<Vec<Jwk>>>,
    fetches: Arc<AtomicUsize>,
}

impl Publisher {
    async fn start(keys: Vec<Jwk>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let publisher = Self {
            url: format!("http://{}/keys", listener.local_addr().unwrap()),
            keys: Arc::new(RwLock::new(keys)),
            fetches: Arc::default(),
        };
        let (keys, fetches) = (publisher.keys.clone(), publisher.fetches.clone());
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut request = [0; 4_096];
                let _ = connection.read(&mut request).await;
                fetches.fetch_add(1, Ordering::SeqCst);
                let body = json!({"keys": *keys.read().unwrap()}).to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let _ = connection.write_all((head + &body).as_bytes()).await;
            }
        });
        publisher
    }
}

#[tokio::test]
async fn published_keys_are_fetched_once_and_again_for_a_key_that_is_not_known() {
    let (old, new, unpublished) = (ed25519("old"), rsa("new"), ed25519("none"));
    let publisher = Publisher::start(vec![new.jwk()]).await;
    let app = server(JwtConfig {
        jwks_url: publisher.url.clone(),
        ..config(&[JwtAlgorithm::EdDSA, JwtAlgorithm::RS256])
    })
    .await;
    for who in ["kim", "lee", "pat"] {
        let mut claims = claims();
        claims["sub"] = json!(who);
        assert_eq!(me(&app, &new.signed(&claims)).await.status, 200);
    }
    assert_eq!(publisher.fetches.load(Ordering::SeqCst), 1);
    let refused = me(&app, &unpublished.signed(&claims())).await;
    let refused: Value = refused.json();
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("publishes no such key"),
        "{refused}"
    );

    publisher.keys.write().unwrap().push(old.jwk());
    crate::eventually::eventually("the rotated key is taken", || async {
        (me(&app, &old.signed(&claims())).await.status == 200).then_some(())
    })
    .await;
    assert!(publisher.fetches.load(Ordering::SeqCst) <= 3);
    let client: Client = app.client().with_key(&new.signed(&claims()));
    assert_eq!(client.get("/v1/me").await.status, 200);
}
