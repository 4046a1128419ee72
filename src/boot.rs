//! The one constructor: configuration in, a running instance out.

use std::{num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use callboard_orchestra::{
    House, HouseSpec, Pack, Ports, admission::AdmissionLimits, catalog::Catalog, journal::Journal,
};
use callboard_runtime::{Home, Universe};
use secrecy::ExposeSecret;
use tokio::sync::{Notify, watch};

use crate::{
    auth::Authority,
    checkpoints,
    config::{Config, RoleConfig},
    denials::Denials,
    health::{Machine, Providers},
    http::Generation,
    limits::{Quotas, Rates, SharedLimits},
    outbound::Outbound,
    redis_link::RedisLink,
    retention,
    secrets::reveal,
    spans::Tracer,
    store::{Store, StoreSpec},
    supervision,
    webhooks::{self, Origins},
};

/// How often callers who are at rest are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// A running instance: store, supervision tree, coordinator. It serves nobody until a listener is put before it.
pub struct Instance {
    pub universe: Universe,
    pub house: House,
    pub store: Store,
    /// Says who calls.
    pub authority: Authority,
    pub denials: Denials,
    pub tracer: Tracer,
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
        let tracer = Tracer::start(&config.telemetry)?;
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

        let authority = Authority::new(
            store.auth(),
            denials.clone(),
            Outbound::of(&config.outbound),
            &config.auth,
        )?;
        authority.keep_up(&universe);

        let fence = store.lost();
        let fenced = fence.subscribe();
        let ports = Ports {
            journal: store.journal(),
            artifacts: store.artifacts(),
            fenced: Arc::new(move || {
                fence.send_replace(true);
            }),
            ended: tracer.jobs(),
        };
        let house = House::start(&universe, catalog, ports, &house_spec(config));
        Ok(Self {
            universe,
            house,
            store,
            authority,
            denials,
            tracer,
            fenced,
        })
    }

    /// Drains, stops the tree and closes the store.
    pub async fn stop(self, grace: std::time::Duration) -> anyhow::Result<()> {
        self.house.coordinator.drain(grace).await;
        self.denials.flush().await;
        self.universe.shutdown().await;
        if let Err(error) = checkpoints::sign(&self.store.audit()).await {
            tracing::warn!(error = %error, "the audit log was not signed at the end");
        }
        let closed = self.store.close().await.context("close the store");
        // Another process may have the store meanwhile.
        self.tracer.flush().await;
        closed
    }
}

/// Starts sending webhooks; what it answers begins a round. Errors when no HTTP client can be made.
pub fn webhooks(config: &Config, instance: &Instance) -> anyhow::Result<Arc<Notify>> {
    let wake = Arc::<Notify>::default();
    let is_traced = config.telemetry.is_on();
    let journal = is_traced.then(|| -> Arc<dyn Journal> { instance.store.journal() });
    webhooks::run(
        &instance.universe,
        instance.store.webhooks(),
        &config.webhooks,
        Outbound::of(&config.outbound),
        Origins::new(journal),
        wake.clone(),
    )
    .context("make an HTTP client for webhooks")?;
    Ok(wake)
}

/// How often callers may ask and what tenants may have. Errors when the address of Redis is none.
pub async fn limits(config: &Config, instance: &Instance) -> anyhow::Result<(Rates, Quotas)> {
    let url = reveal(&config.redis.url, config)
        .await
        .context("read redis.url")?;
    let shared = match url {
        None => None,
        // The error would show the address.
        Some(url) => match RedisLink::new(url.expose_secret()) {
            Ok(link) => Some(SharedLimits::new(link)),
            Err(_) => anyhow::bail!("redis.url is no address of a Redis"),
        },
    };
    let rates = Rates::of(&config.rate_limits, shared.clone());
    let quotas = Quotas::of(&config.quota, instance.store.listing(), shared);
    let (kept, tenants) = (rates.clone(), quotas.clone());
    instance.universe.spawn(Home::Core, async move {
        loop {
            tokio::time::sleep(FORGET_EVERY).await;
            kept.forget();
            tenants.forget();
        }
    });
    Ok((rates, quotas))
}

/// What health looks at beside the parts of the instance. Errors when no HTTP client can be made.
pub fn surroundings(config: &Config, data_dir: PathBuf) -> anyhow::Result<(Machine, Providers)> {
    let machine = Machine {
        data_dir,
        config: config.health.clone(),
    };
    let providers = Providers::of(config).context("make an HTTP client for health")?;
    Ok((machine, providers))
}

/// What generated answers share; other nodes find them where limits are shared.
pub fn generation(config: &Config, rates: &Rates) -> Generation {
    let shared = rates.shared().map(|shared| shared.link().clone());
    Generation::of(&config.synth, &config.cache, shared)
}

/// The store of `data_dir`, for `Instance::start`.
pub async fn open_store(config: &Config, data_dir: PathBuf) -> anyhow::Result<Store> {
    let spec = store_spec(config).await?;
    let store = Store::open(StoreSpec {
        data_dir: data_dir.clone(),
        ..spec
    })
    .await?;
    let set_up = checkpoints::set_up(&store.audit(), &config.audit, &data_dir).await;
    set_up.context("set the audit log up")?;
    Ok(store)
}

/// The store that the configuration names. Errors when its address is a secret that cannot be got.
pub async fn store_spec(config: &Config) -> anyhow::Result<StoreSpec> {
    let url = reveal(&config.store.url, config)
        .await
        .context("read store.url")?;
    Ok(StoreSpec {
        data_dir: config.store.data_dir.clone(),
        url: url.map(|url| url.expose_secret().to_owned()),
        synchronous: config.store.synchronous,
        readers: config.store.readers,
    })
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
        weights: config.quota.weights(),
    }
}
