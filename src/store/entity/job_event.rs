//! One record of the journal: all events of one command.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub pos: i64,
    pub job_id: Uuid,
    /// Seq of the record's last event.
    pub seq: i64,
    pub first_seq: i64,
    pub tenant: String,
    pub at: i64,
    pub epoch: i64,
    pub payload: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
