//! The formulas of a comparison, over closes and their simple returns.

mod correlation;
mod drawdown;
mod growth;
mod market_line;
mod returns;
mod risk;
mod shape;
mod sheet;
mod tail;
mod undefined;

pub use correlation::correlation;
pub use drawdown::{max_drawdown, underwater};
pub use growth::{cagr, total_return};
pub use market_line::{alpha, beta};
pub use returns::{FLAT_DEVIATION_MAX, simple_returns};
pub use risk::{sharpe, sortino, volatility};
pub use shape::{excess_kurtosis, skew};
pub use sheet::{Basis, Sheet};
pub use tail::{conditional_value_at_risk, value_at_risk, value_at_risk_normal};
pub use undefined::{Figure, Undefined};

#[cfg(test)]
mod truth;
