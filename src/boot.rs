//! The one constructor: configuration in, a running instance out.

use std::{num::NonZeroU32, path::PathBuf, sync::Arc};

use anyhow::Context;
use callboard_orchestra::{
    House, HouseSpec, Pack, Ports, admission::AdmissionLimits, catalog::Catalog,
};
use callboard_runtime::Universe;
use tokio::sync::watch;

use crate::{
    checkpoints,
    config::{Config, RoleConfig},
    denials::Denials,
    retention,
    store::{Store, StoreError, StoreSpec},
    supervision,
};

/// A running instance: store, supervision tree, coordinator. It serves nobody until a listener is put before it.
pub struct Instance {
    pub universe: Universe,
    pub house: House,
    pub store: Store,
    pub denials: Denials,
    /// Turns true when another process has taken the store: this one must end.
    pub fenced: watch::Receiver<bool>,
}

impl Instance {
    /// Opens the store in `data_dir` and starts the tree. Jobs left by an earlier process are being recovered when
    /// this returns; `house.coordinator.recovered()` resolves when they all are.
    pub async fn boot(
        config: &Config,
        data_dir: PathBuf,
        packs: &[Arc<dyn Pack>],
    ) -> anyhow::Result<Self> {
        Self::start(config, open_store(config, data_dir).await?, packs)
    }

    /// The same, on a store that is open.
    pub fn start(config: &Config, store: Store, packs: &[Arc<dyn Pack>]) -> anyhow::Result<Self> {
        let catalog = tuned_catalog(config, packs)?;
        callboard_runtime::install_panic_hook();
        let universe = Universe::threads(config.runtime.role_arbiters);
        supervision::record(&universe, store.journal());
        if config.audit.enabled {
            let every = config.audit.checkpoint_every;
            checkpoints::run(&universe, store.audit(), every);
        }
        let denials = Denials::record(&universe, store.audit());
        retention::run(
            &universe,
            store.pruner(retention::policy(&config.retention)),
        );

        let fence = store.lost();
        let fenced = fence.subscribe();
        let ports = Ports {
            journal: store.journal(),
            artifacts: store.artifacts(),
            fenced: Arc::new(move || {
                fence.send_replace(true);
            }),
        };
        let house = House::start(&universe, catalog, ports, &house_spec(config));
        Ok(Self {
            universe,
            house,
            store,
            denials,
            fenced,
        })
    }

    /// Drains, stops the tree and closes the store.
    pub async fn stop(self, grace: std::time::Duration) -> anyhow::Result<()> {
        self.house.coordinator.drain(grace).await;
        self.universe.shutdown().await;
        if let Err(error) = checkpoints::sign(&self.store.audit()).await {
            tracing::warn!(error = %error, "the audit log was not signed at the end");
        }
        self.store.close().await.context("close the store")
    }
}

/// The store of `data_dir`, for `Instance::start`.
pub async fn open_store(config: &Config, data_dir: PathBuf) -> Result<Store, StoreError> {
    let store = Store::open(StoreSpec {
        data_dir: data_dir.clone(),
        url: config.store.url(),
        synchronous: config.store.synchronous,
        readers: config.store.readers,
    })
    .await?;
    let set_up = checkpoints::set_up(&store.audit(), &config.audit, &data_dir).await;
    set_up.map_err(|error| StoreError::Audit(Box::new(error)))?;
    Ok(store)
}

fn tuned_catalog(config: &Config, packs: &[Arc<dyn Pack>]) -> anyhow::Result<Catalog> {
    let mut catalog = Catalog::of(packs)?;
    for (
        role,
        RoleConfig {
            workers,
            concurrency,
            timeout,
        },
    ) in &config.roles
    {
        let known = catalog.tune(role, |profile| {
            profile.workers = workers.map_or(profile.workers, NonZeroU32::get);
            profile.concurrency = concurrency.map_or(profile.concurrency, NonZeroU32::get);
            profile.timeout = timeout.unwrap_or(profile.timeout);
        });
        anyhow::ensure!(known, "roles.{role}: no pack brings this role");
    }
    Ok(catalog)
}

fn house_spec(config: &Config) -> HouseSpec {
    HouseSpec {
        shards: config.coordinator.shards,
        window: config.coordinator.window.get() as usize,
        admission: AdmissionLimits {
            live_jobs_max: config.coordinator.live_jobs_max.get(),
            tasks_max: config.coordinator.tasks_max.get(),
        },
        waiters_max: config.server.waiters_max,
        crew_queue_max: config.runtime.crew_queue_max.get(),
        crew_share_max: config.runtime.crew_share_max.get(),
    }
}
