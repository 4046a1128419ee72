//! What a sample looks like, without any of its rows: marginals, pair correlations, rows per entity and the course of time.

mod knots;
mod shape;
mod week;

pub use knots::Knots;
pub use shape::{
    COLUMNS_MAX, ColumnProfile, Correlation, ENTITY_ROWS_MAX, EntityProfile, NAME_CHARS_MAX,
    PROFILE_VERSION, Profile, RowClass, Shape, Share, TimeProfile, VALUE_CHARS_MAX,
};
pub use week::{DAY_SECONDS, Week};
