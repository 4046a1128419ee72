//! Clients with keys of their own.

use serde_json::{Value, json};

use crate::client::Client;

/// A client with a key of its own, as `admin` makes it: the client and the id of its key.
pub async fn made(admin: &Client, key: Value) -> (Client, String) {
    let answer = admin.post("/v1/keys", &key).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 201, "{text}");
    let made: Value = answer.json();
    let id = made["key"]["id"].as_str().unwrap().to_owned();
    let client = Client::new(admin.address).with_key(made["secret"].as_str().unwrap());
    (client, id)
}

/// A client whose key has a role.
pub async fn with_role(admin: &Client, role: &str) -> Client {
    made(admin, json!({"name": role, "role": role})).await.0
}

/// An admin of a tenant of its own.
pub async fn admin_of(admin: &Client, tenant: &str) -> Client {
    let key = json!({"name": "first", "role": "admin", "tenant": tenant});
    made(admin, key).await.0
}
