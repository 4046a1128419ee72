//! The row of a job.

use std::{fmt, str::FromStr};

use callboard_orchestra::job::JobState;
use sea_orm::entity::prelude::*;

/// `JobState` by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct State(pub JobState);

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no state of a job")]
pub struct UnknownState(String);

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        let found = JobState::ALL.into_iter().find(|state| state.name() == name);
        found.map(Self).ok_or_else(|| UnknownState(name.to_owned()))
    }
}

#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub seq: i64,
    pub tenant: String,
    pub kind: String,
    pub state: State,
    pub waiting_for: Option<String>,
    pub done: i64,
    pub total: i64,
    pub priority: i16,
    pub deadline: Option<i64>,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub failed_task: Option<i64>,
    pub failure: Option<String>,
    pub labels: String,
    pub input: String,
    pub result: Option<String>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
