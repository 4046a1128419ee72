//! What a pack brings: kinds of jobs and the roles that do them.

use std::{rc::Rc, sync::Arc};

use serde_json::Value;

use crate::{
    crew::{Agent, Seat},
    payload::Payload,
    role::{Role, RoleProfile},
};

/// A domain: its job kinds and its roles. One line in the server's list of packs makes it available.
pub trait Pack: Send + Sync + 'static {
    fn name(&self) -> &'static str;
    fn kinds(&self) -> Vec<Kind>;
    fn roles(&self) -> Vec<RoleSpec>;
}

/// Why an input was not admitted; nothing has been journaled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidInput {
    /// Stable, for programs: `unknown_ticker`.
    pub code: &'static str,
    /// The key at fault, as a path such as `tickers[2]`.
    pub field: Option<String>,
    /// One sentence that helps.
    pub message: String,
}

/// Parses, validates and normalises an input before anything is journaled. What it returns is what the planner gets.
pub type Admit = Arc<dyn Fn(&Payload) -> Result<Payload, InvalidInput> + Send + Sync>;

/// A kind of job that can be submitted.
#[derive(Clone)]
pub struct Kind {
    /// Unique over all packs: `market.compare`.
    pub name: &'static str,
    pub summary: &'static str,
    /// The role that plans such jobs; its product is a `Plan`.
    pub planner: &'static str,
    /// JSON schema of the input.
    pub schema: Value,
    pub examples: Vec<Value>,
    pub admit: Admit,
}

/// A role as a pack hands it over: profile and factory, with its types erased.
#[derive(Clone)]
pub struct RoleSpec {
    name: &'static str,
    profile: RoleProfile,
    factory: Arc<dyn Fn() -> Rc<dyn Agent> + Send + Sync>,
}

impl RoleSpec {
    /// `factory` builds a fresh instance for each worker and after each panic.
    pub fn new<R: Role>(factory: impl Fn() -> R + Send + Sync + 'static) -> Self {
        Self {
            name: R::NAME,
            profile: R::profile(),
            factory: Arc::new(move || Rc::new(Seat::new(factory()))),
        }
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub const fn profile(&self) -> &RoleProfile {
        &self.profile
    }

    pub(crate) const fn profile_mut(&mut self) -> &mut RoleProfile {
        &mut self.profile
    }

    /// The same role with every instance wrapped.
    #[cfg(feature = "test-util")]
    pub(crate) fn wrapped(
        self,
        wrap: impl Fn(Rc<dyn Agent>) -> Rc<dyn Agent> + Send + Sync + 'static,
    ) -> Self {
        let factory = self.factory;
        Self {
            factory: Arc::new(move || wrap(factory())),
            ..self
        }
    }

    pub(crate) fn build(&self) -> Rc<dyn Agent> {
        (self.factory)()
    }
}
