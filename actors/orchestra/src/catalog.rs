//! Everything the packs bring, checked once at start.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    pack::{Kind, Pack, RoleSpec},
    role::RoleProfile,
};

/// How alike two names must be for one to be suggested for the other (Jaro-Winkler, 0 to 1).
const NEAR_MIN: f64 = 0.75;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CatalogError {
    #[error("two packs bring the {what} `{name}`")]
    Duplicate {
        what: &'static str,
        name: &'static str,
    },
    #[error("kind `{kind}` is planned by the role `{role}`, which no pack brings")]
    NoPlanner {
        kind: &'static str,
        role: &'static str,
    },
}

/// The kinds and roles of all packs, by name.
#[derive(Clone)]
pub struct Catalog {
    kinds: Arc<BTreeMap<&'static str, Kind>>,
    roles: Arc<BTreeMap<&'static str, RoleSpec>>,
}

impl Catalog {
    pub fn of(packs: &[Arc<dyn Pack>]) -> Result<Self, CatalogError> {
        let (mut kinds, mut roles) = (BTreeMap::new(), BTreeMap::new());
        for pack in packs {
            for role in pack.roles() {
                let name = role.name();
                if roles.insert(name, role).is_some() {
                    return Err(CatalogError::Duplicate { what: "role", name });
                }
            }
            for kind in pack.kinds() {
                let name = kind.name;
                if kinds.insert(name, kind).is_some() {
                    return Err(CatalogError::Duplicate { what: "kind", name });
                }
            }
        }
        if let Some(kind) = kinds
            .values()
            .find(|kind| !roles.contains_key(kind.planner))
        {
            return Err(CatalogError::NoPlanner {
                kind: kind.name,
                role: kind.planner,
            });
        }
        Ok(Self {
            kinds: Arc::new(kinds),
            roles: Arc::new(roles),
        })
    }

    /// Changes how a role is staffed. Answers false when no pack brings it.
    pub fn tune(&mut self, role: &str, change: impl FnOnce(&mut RoleProfile)) -> bool {
        match Arc::make_mut(&mut self.roles).get_mut(role) {
            Some(spec) => {
                change(spec.profile_mut());
                true
            }
            None => false,
        }
    }

    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }

    pub fn roles(&self) -> impl Iterator<Item = &RoleSpec> {
        self.roles.values()
    }

    pub fn profile(&self, role: &str) -> Option<&RoleProfile> {
        self.roles.get(role).map(RoleSpec::profile)
    }

    /// The known kind that `name` most resembles.
    pub fn near_kind(&self, name: &str) -> Option<&'static str> {
        near(name, self.kinds.keys().copied())
    }

    pub fn near_role(&self, name: &str) -> Option<&'static str> {
        near(name, self.roles.keys().copied())
    }
}

fn near(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= NEAR_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
