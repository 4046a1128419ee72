//! The market pack: compares tickers on their prices, with every figure verified by a second path.
//!
//! `prices` reads what is compared, `query` and `comparison` what is asked; `measure` holds the formulas, `recheck` the
//! second paths; `roles` are the agents that do the work, and `report` is what comes of it.

mod chart;
mod comparison;
mod conventions;
mod frequency;
mod ledger;
mod measure;
mod metric;
mod pack;
mod panel;
pub mod prices;
mod query;
mod recheck;
mod refusal;
mod report;
mod resolve;
mod roles;
mod study;
mod summary;

pub use comparison::{Comparison, ComparisonInput, TICKERS_MAX};
pub use frequency::Frequency;
pub use metric::{BestFirst, Metric};
pub use pack::{COMPARE, MarketPack};
pub use prices::{PriceBook, PriceError, Series, Supply, embedded, read_csv};
pub use refusal::{Refusal, RefusalCode};
pub use resolve::resolve;
