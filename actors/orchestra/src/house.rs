//! Builds the orchestra's part of the supervision tree: a crew per role, the journal's writer, the shards.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, atomic::AtomicBool},
};

use callboard_runtime::{ChildSpec, CrewSpec, Home, Strategy, SupervisorSpec, Universe};
use tokio::sync::watch;

use crate::{
    admission::{Admission, AdmissionLimits},
    artifact::Artifacts,
    catalog::Catalog,
    coordinator::{Coordinator, Inner},
    crew::{Instance, RoleCrew},
    hub::EventHub,
    id::Tenant,
    journal::Journal,
    pack::RoleSpec,
    recovery::RecoveryGauge,
    shard::{Shard, ShardPorts},
    tally::Tally,
    time::Clock,
    trace::TellEnded,
    turns::Turns,
    writer::{JournalGauge, Writer, WriterPorts},
};

/// Sizes of the house.
#[derive(Debug, Clone)]
pub struct HouseSpec {
    pub shards: NonZeroU32,
    /// Ready tasks of one job that a crew may hold at once.
    pub window: usize,
    pub admission: AdmissionLimits,
    /// Callers that may wait for the end of jobs.
    pub waiters_max: usize,
    /// Tasks queued in one crew.
    pub crew_queue_max: usize,
    /// Of those, tasks of one tenant.
    pub crew_share_max: usize,
    /// Tasks of a tenant that a crew takes in its turn, where it is not one.
    pub weights: HashMap<Tenant, NonZeroU32>,
}

impl Default for HouseSpec {
    fn default() -> Self {
        Self {
            shards: NonZeroU32::MIN,
            window: 64,
            admission: AdmissionLimits {
                live_jobs_max: 100_000,
                tasks_max: 1_000_000,
            },
            waiters_max: 10_000,
            crew_queue_max: 10_000,
            crew_share_max: 10_000,
            weights: HashMap::new(),
        }
    }
}

/// What the house is built on.
#[derive(Clone)]
pub struct Ports {
    pub journal: Arc<dyn Journal>,
    pub artifacts: Arc<dyn Artifacts>,
    /// Called when another process has taken the store: this one must end.
    pub fenced: Arc<dyn Fn() + Send + Sync>,
    /// Told of what ends of jobs that are traced; must not block.
    pub ended: Option<TellEnded>,
}

/// The coordinator and the crews it works with.
#[derive(Clone)]
pub struct House {
    pub coordinator: Coordinator,
    pub crews: Arc<HashMap<Arc<str>, RoleCrew>>,
    /// What it has measured since it started.
    pub tally: Tally,
}

impl House {
    /// Starts crews, writer and shards in `universe`. Jobs of an earlier process are recovered at once.
    pub fn start(universe: &Universe, catalog: Catalog, ports: Ports, spec: &HouseSpec) -> Self {
        let roles = universe.supervisor(SupervisorSpec {
            strategy: Strategy::OneForOne,
            ..SupervisorSpec::new("roles")
        });
        let crews: HashMap<Arc<str>, RoleCrew> = catalog
            .roles()
            .map(|role| {
                let (built, artifacts) = (role.clone(), ports.artifacts.clone());
                let factory = move || Instance {
                    agent: built.build(),
                    artifacts: artifacts.clone(),
                };
                (
                    Arc::from(role.name()),
                    roles.crew(crew_spec(role, spec), factory),
                )
            })
            .collect();
        let crews = Arc::new(crews);

        let hub = EventHub::new(spec.waiters_max);
        let core = universe.supervisor(SupervisorSpec {
            strategy: Strategy::OneForOne,
            ..SupervisorSpec::new("core")
        });
        let journal_gauge = JournalGauge::default();
        let tally = Tally::of(&catalog);
        let writer_ports = WriterPorts {
            gauge: journal_gauge.clone(),
            tally: tally.clone(),
            journal: ports.journal.clone(),
            hub: hub.clone(),
            fenced: ports.fenced,
            turn: Arc::default(),
        };
        let writer = core.resident(child("journal-writer"), move || {
            Writer::new(writer_ports.clone())
        });

        let (admission, clock) = (Admission::new(spec.admission), Clock::start());
        let draining = Arc::new(AtomicBool::new(false));
        let weights = Arc::new(spec.weights.clone());
        let (mut shards, mut recovered) = (Vec::new(), Vec::new());
        let recovery = RecoveryGauge::new(spec.shards.get());
        for index in 0..spec.shards.get() {
            let (tell, told) = watch::channel(false);
            let ports = ShardPorts {
                index,
                shards: spec.shards.get(),
                catalog: catalog.clone(),
                crews: crews.clone(),
                journal: ports.journal.clone(),
                writer: writer.clone(),
                hub: hub.clone(),
                admission: admission.clone(),
                clock,
                ended: ports.ended.clone(),
                window: spec.window,
                weights: weights.clone(),
                recovered: tell,
                recovery: recovery.clone(),
                tally: tally.clone(),
                draining: draining.clone(),
            };
            shards.push(core.resident(child(&format!("shard-{index}")), move || {
                Shard::new(ports.clone())
            }));
            recovered.push(told);
        }
        let coordinator = Coordinator::new(Inner {
            journal_gauge,
            catalog,
            journal: ports.journal,
            hub,
            admission,
            clock,
            shards,
            recovered,
            recovery,
            draining,
            turns: Turns::default(),
            crews: crews.clone(),
            tally: tally.clone(),
        });
        Self {
            coordinator,
            crews,
            tally,
        }
    }
}

fn child(name: &str) -> ChildSpec {
    ChildSpec {
        home: Home::Core,
        ..ChildSpec::new(name)
    }
}

fn crew_spec(role: &RoleSpec, house: &HouseSpec) -> CrewSpec {
    let profile = role.profile();
    CrewSpec {
        workers: profile.workers,
        concurrency: profile.concurrency,
        heartbeat: profile.heartbeat,
        on_open: profile.on_open,
        abort_inflight: profile.abort_inflight,
        queue_max: house.crew_queue_max,
        share_max: house.crew_share_max,
        ..CrewSpec::new(role.name())
    }
}
