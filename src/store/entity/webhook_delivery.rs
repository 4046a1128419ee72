//! One event on its way to one endpoint.

use std::{fmt, str::FromStr};

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub enum DeliveryState {
    /// It is, or will be, tried.
    Pending,
    Delivered,
    /// It was tried for as long as deliveries are.
    Failed,
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no state of a delivery")]
pub struct UnknownState(String);

impl DeliveryState {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub const fn has_ended(self) -> bool {
        match self {
            Self::Pending => false,
            Self::Delivered | Self::Failed => true,
        }
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        let found = Self::ALL.into_iter().find(|state| state.name() == name);
        found.ok_or_else(|| UnknownState(name.to_owned()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub endpoint_id: Uuid,
    pub event_type: String,
    pub state: DeliveryState,
    pub attempts: i64,
    pub created_at: i64,
    pub next_at: i64,
    pub give_up_at: i64,
    pub ended_at: Option<i64>,
    pub status: Option<i32>,
    pub error: Option<String>,
    pub body: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
