//! What the house has measured since it started: attempts by role, jobs by kind, commits of the journal. Shards, the
//! coordinator and the writer change a few atomics each time; whoever reads it asks none of them. It is memory of the
//! process and begins anew with it.

mod kinds;
mod roles;
mod spread;

use std::{collections::HashMap, sync::Arc};

use crate::{catalog::Catalog, time::Timestamp};

pub(crate) use roles::{Attempt, End};

pub use kinds::{KindFigures, KindTally};
pub use roles::{RoleFigures, RoleTally};
pub use spread::{Spread, SpreadFigures};

/// Counts of everything. Clones share it.
#[derive(Clone)]
pub struct Tally(Arc<Counts>);

/// Of the kinds and roles that packs bring, and of no others: a plan of another release cannot make it grow.
struct Counts {
    since: Timestamp,
    roles: HashMap<Arc<str>, RoleTally>,
    kinds: HashMap<Arc<str>, KindTally>,
    commits: Spread,
}

impl Tally {
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let roles = catalog.roles().map(|role| role.name());
        let kinds = catalog.kinds().map(|kind| kind.name);
        Self(Arc::new(Counts {
            since: Timestamp::now(),
            roles: roles.map(|name| (name.into(), <_>::default())).collect(),
            kinds: kinds.map(|name| (name.into(), <_>::default())).collect(),
            commits: Spread::default(),
        }))
    }

    /// When it began to count.
    pub fn since(&self) -> Timestamp {
        self.0.since
    }

    pub fn role(&self, name: &str) -> Option<&RoleTally> {
        self.0.roles.get(name)
    }

    pub fn kind(&self, name: &str) -> Option<&KindTally> {
        self.0.kinds.get(name)
    }

    /// In no order.
    pub fn roles(&self) -> impl Iterator<Item = (&Arc<str>, &RoleTally)> {
        self.0.roles.iter()
    }

    /// In no order.
    pub fn kinds(&self) -> impl Iterator<Item = (&Arc<str>, &KindTally)> {
        self.0.kinds.iter()
    }

    /// Times of commits of the journal.
    pub fn commits(&self) -> &Spread {
        &self.0.commits
    }
}
