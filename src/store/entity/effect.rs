//! One attempt that acts outside.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "effects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub job_id: Uuid,
    pub tenant: String,
    pub task: i64,
    pub task_name: String,
    pub role: String,
    pub attempt: i64,
    pub class: String,
    pub key: String,
    pub state: String,
    pub intended_at: i64,
    pub ended_at: Option<i64>,
    pub resolved_by: Option<String>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
