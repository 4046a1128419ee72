//! Requests in plain English, by a stated grammar.
//!
//! A sentence is a list of clauses in any order; case and most punctuation do not matter.
//!
//! | clause | forms |
//! |---|---|
//! | request | `compare`, `rank`, `show`, `which of`, `what is`, ... (may be left out) |
//! | tickers | known tickers or well-known company names, joined by `,` `and` `or` `vs` `&` or nothing; `all tickers` |
//! | metrics | `Sharpe ratio`, `worst drawdown`, `volatility`, `return`, `annual return`, `VaR`, `expected shortfall`, `beta`, ...; none means all |
//! | window | `from D`, `since D`, `after D`, `to D`, `until D`, `before D`, `between D and D`, `in D`, `D to D` |
//! | spacing | `monthly`, `from daily prices`, ...: only that of the price data |
//! | risk-free rate | `with risk free 2%`, `at a 2% risk-free rate`, `rf 0.02` |
//! | benchmark | `against SPX`, `relative to SPX`, `benchmark SPX`, `SPX as benchmark`, `beta to SPX` |
//!
//! `D` is a year, a month (`Jan 2005`, `2005-01`), a quarter (`Q1 2005`) or a day. `from` and `to` include the whole of it,
//! `after` and `before` exclude it. A word that belongs to no clause is refused by name: nothing is ignored.

mod benchmark;
mod candidate;
mod clause;
mod cursor;
mod parse;
mod period;
mod refuse;
mod risk_free;
mod spacing;
mod ticker;
mod value_at_risk;
mod vocabulary;
mod window;
mod word;

pub use clause::Query;
pub use parse::{QUERY_BYTES_MAX, parse};
pub use period::{Period, parse_period};
pub use refuse::{example, example_tickers, refuse_two_readings};
pub use vocabulary::metric_named;
