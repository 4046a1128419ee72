//! Keys of a server.

use callboard::auth::KeyId;
use serde::Deserialize;
use serde_json::json;

use crate::cli::{client::ServerArgs, failure::Failure, listing, terminal};

#[derive(clap::Args)]
pub struct CreateArgs {
    /// What it is for
    name: String,
    /// What it permits: admin, user, viewer, service, or a role of the tenant
    #[arg(long, value_name = "ROLE")]
    role: String,
    /// Another tenant than that of the key in use
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Seconds until it ends; without it the key does not end by itself
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u64>,
    #[command(flatten)]
    shared: Shared,
}

#[derive(clap::Args)]
pub struct ListArgs {
    /// Keys to list
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    #[command(flatten)]
    shared: Shared,
}

#[derive(clap::Args)]
pub struct RotateArgs {
    /// Id of the key
    key: KeyId,
    /// Seconds for which the old secret stays good
    #[arg(long, value_name = "SECONDS", default_value = "3600")]
    overlap: u64,
    #[command(flatten)]
    shared: Shared,
}

#[derive(clap::Args)]
pub struct RevokeArgs {
    /// Id of the key
    key: KeyId,
    #[command(flatten)]
    shared: Shared,
}

#[derive(clap::Args)]
struct Shared {
    /// Print what the server answers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Deserialize)]
struct NewSecret {
    secret: String,
    key: Key,
}

#[derive(Deserialize)]
struct Key {
    id: String,
    name: String,
    role: String,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

pub async fn create(args: CreateArgs) -> Result<(), Failure> {
    let client = args.shared.server.client()?;
    let new = json!({
        "name": args.name, "role": args.role, "tenant": args.tenant, "expires_in_s": args.expires_in,
    });
    let text = client.text(client.post(&["v1", "keys"]).json(&new)).await?;
    show(&args.shared, &text, client.read(&text)?)
}

pub async fn list(args: ListArgs) -> Result<(), Failure> {
    let client = args.shared.server.client()?;
    let listed = listing::read(&client, &["v1", "keys"], &[], args.limit).await?;
    if args.shared.json {
        return listing::print_json(&listed);
    }
    let rows = listed
        .iter()
        .map(|key| client.read::<Key>(key.get()).map(row))
        .collect::<Result<_, _>>()?;
    let header = ["key", "name", "role", "created", "last used", "ends"];
    listing::print_table("keys", &header, rows)
}

pub async fn rotate(args: RotateArgs) -> Result<(), Failure> {
    let client = args.shared.server.client()?;
    let request = client.post(&["v1", "keys", &args.key.to_string(), "rotate"]);
    let text = client
        .text(request.json(&json!({"overlap_s": args.overlap})))
        .await?;
    show(&args.shared, &text, client.read(&text)?)
}

pub async fn revoke(args: RevokeArgs) -> Result<(), Failure> {
    let client = args.shared.server.client()?;
    let request = client.post(&["v1", "keys", &args.key.to_string(), "revoke"]);
    let text = client.text(request).await?;
    if args.shared.json {
        return terminal::print(&text);
    }
    terminal::print(&format!("{} revoked", args.key))
}

/// The secret alone on stdout, so that it can be kept with `> FILE`.
fn show(shared: &Shared, text: &str, new: NewSecret) -> Result<(), Failure> {
    if shared.json {
        return terminal::print(text);
    }
    let Key { id, name, role, .. } = new.key;
    terminal::tell(&format!(
        "{id} ({name}, {role}); the key is shown this once"
    ));
    terminal::print(&new.secret)
}

fn row(key: Key) -> Vec<String> {
    let revoked = key.revoked_at.map(|at| format!("revoked {at}"));
    vec![
        key.id,
        key.name,
        key.role,
        key.created_at,
        key.last_used_at.unwrap_or_default(),
        revoked.or(key.expires_at).unwrap_or_default(),
    ]
}
