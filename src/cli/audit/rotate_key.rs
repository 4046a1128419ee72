//! `callboard audit rotate-key`
//!
//! The new key is written beside the old one, introduced by it in the store, and put in its place last: whatever is cut
//! short, the file holds a key that the store knows or that the old one may still introduce.

use callboard::{
    audit::{KeyError, SigningKey},
    boot::store_spec,
    store::Store,
};

use crate::cli::{
    failure::{Failure, chain},
    settings::Settings,
    terminal,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
}

pub async fn rotate_key(args: Args) -> Result<(), Failure> {
    let config = args.settings.load([])?;
    let path = config.store.data_dir.join(&config.audit.key_file);
    let failed = |error: KeyError| Failure::Failed(chain(&error));
    let store = Store::open(store_spec(&config).await?).await?;
    let rotated = async {
        let old = SigningKey::read(&path).map_err(failed)?;
        let new = SigningKey::generate().map_err(failed)?;
        store.audit().rotate(&old, &new).await?;
        new.write(&path).map_err(failed)?;
        terminal::print(&format!("{} follows {}", new.id(), old.id()))
    };
    let rotated = rotated.await;
    store.close().await?;
    rotated
}
