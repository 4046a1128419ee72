//! `callboard keys bootstrap`. Whoever may write the data directory, or the database, may make a key: there is no default
//! password, and no way in through a running server.

use callboard::{
    auth::{KeyId, Secret, SecretKind, role},
    boot::open_store,
    store::{KeyRow, Store},
};
use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp};

use crate::cli::{failure::Failure, settings::Settings, terminal};

const NAME: &str = "bootstrap";

#[derive(clap::Args)]
pub struct Args {
    /// Make a key also when there is one of an admin: when that one is lost
    #[arg(long)]
    another: bool,
    #[command(flatten)]
    settings: Settings,
}

pub async fn bootstrap(args: Args) -> Result<(), Failure> {
    let config = args.settings.load([])?;
    let store = open_store(&config, config.store.data_dir.clone()).await?;
    let made = make(&store, args.another).await;
    let closed = store.close().await;
    let secret = made?;
    closed?;
    terminal::tell("the key of an admin; it is shown this once");
    terminal::print(secret.reveal())
}

async fn make(store: &Store, another: bool) -> Result<Secret, Failure> {
    let (auth, now) = (store.auth(), Timestamp::now());
    if !another && auth.has_admin_key(now).await? {
        let told = "there is a key of an admin already; make others with `callboard keys create`, or use --another";
        return Err(Failure::BadInput(told.to_owned()));
    }
    let row = KeyRow {
        id: KeyId::mint(),
        tenant: Tenant::default(),
        name: NAME.to_owned(),
        role: role::ADMIN.to_owned(),
        created_at: now,
        created_by: "system".to_owned(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        previous_expires_at: None,
    };
    let entry = AuditEntry {
        tenant: row.tenant.clone(),
        at: now,
        author: Author::system(),
        action: "key.created",
        subject: Some(row.id.to_string()),
        details: serde_json::Map::from_iter([("name".to_owned(), NAME.into())]),
    };
    let secret = Secret::mint(SecretKind::ApiKey);
    auth.add_key(&row, secret.hash(), entry).await?;
    Ok(secret)
}
