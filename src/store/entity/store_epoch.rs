//! Who owns the store, and the last position it gave out.

use sea_orm::entity::prelude::*;

/// `id` of the table's single row.
pub const ONLY_ROW: i32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "store_epoch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub epoch: i64,
    pub last_pos: i64,
    pub owner: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
