//! How long attempts of each role take, for estimates.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{
    Shard,
    message::{Look, RolePace},
};
use crate::{id::JobId, why::Owner};

/// Weight of the latest attempt in the mean.
const LATEST_WEIGHT: f64 = 0.1;

/// Mean time of an attempt by role, in milliseconds.
#[derive(Default)]
pub(super) struct Paces(HashMap<Arc<str>, f64>);

impl Paces {
    pub(super) fn note(&mut self, role: &Arc<str>, elapsed: Duration) {
        let latest = elapsed.as_secs_f64() * 1_000.0;
        match self.0.get_mut(role) {
            Some(mean) => *mean += LATEST_WEIGHT * (latest - *mean),
            None => drop(self.0.insert(role.clone(), latest)),
        }
    }
}

impl Shard {
    pub(super) fn look(&self, id: JobId, owner: Owner) -> Look {
        let owner = Some(owner);
        let Some(live) = self.jobs.get(&id) else {
            return Look {
                owner,
                ..Look::default()
            };
        };
        let open = live.job.tasks.iter().filter(|task| !task.state.is_final());
        let roles: HashSet<&Arc<str>> = open.map(|task| &task.entry.role).collect();
        let pace = |role: &Arc<str>| {
            let profile = self.ports.catalog.profile(role)?;
            let pace = RolePace {
                mean_ms: *self.paces.0.get(role)?,
                slots: profile.workers * profile.concurrency,
            };
            Some((role.to_string(), pace))
        };
        Look {
            held: live.held(),
            paces: roles.into_iter().filter_map(pace).collect(),
            owner,
        }
    }
}
