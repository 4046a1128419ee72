//! Takes the store, waiting for its owner to give it up where the caller has said for how long.

use std::time::{Duration, Instant};

use callboard::{
    boot::open_store,
    config::{self, Config},
    store::{Store, StoreError},
};
use tokio::time::sleep;

use super::{failure::Failure, terminal};

/// Time between two looks at a data directory: a try costs microseconds, and nobody answers meanwhile.
const DIRECTORY_LOOK_EVERY: Duration = Duration::from_millis(5);
/// The same for a database, where a try costs connections.
const DATABASE_LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a server says on stdout once it needs nothing but the store.
pub const WAITS: &str = "waits for the store";

/// Parses what `--wait-for-store` says.
pub fn patience(text: &str) -> Result<Duration, String> {
    config::parse_duration(text).ok_or_else(|| "expected a duration such as `30s`".to_owned())
}

/// The store of `config`. Errors when it cannot be opened, and when another process still owns it after `patience`.
pub async fn claim(config: &Config, patience: Duration) -> Result<Store, Failure> {
    let began = Instant::now();
    let mut told = false;
    loop {
        let error = match open_store(config, config.store.data_dir.clone()).await {
            Ok(store) => return Ok(store),
            Err(error) => error,
        };
        let pause = match error.downcast_ref::<StoreError>() {
            Some(StoreError::Owned { .. }) => DIRECTORY_LOOK_EVERY,
            Some(StoreError::DatabaseOwned { .. }) => DATABASE_LOOK_EVERY,
            _ => return Err(error.into()),
        };
        if began.elapsed() >= patience {
            return Err(error.into());
        }
        if !told {
            told = true;
            let version = env!("CARGO_PKG_VERSION");
            // A closed stdout is no reason not to wait.
            let _ = terminal::print(&format!("callboard {version} {WAITS}"));
        }
        sleep(pause).await;
    }
}
