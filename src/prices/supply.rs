//! Which prices are compared: imported ones, then those of the provider, and the embedded ones where there is neither.

use std::sync::Arc;

use callboard_market::{PriceBook, Supply, embedded};

use super::http::{ClientError, HttpPrices};
use crate::{config::Config, outbound::Outbound};

/// The prices of this process. The embedded ones are not mixed with others: they are monthly and end in 2010.
pub fn supply(imported: Option<PriceBook>, config: &Config) -> Result<Supply, ClientError> {
    let provider = HttpPrices::of(&config.market, &Outbound::of(&config.outbound))?;
    Ok(match (imported, provider) {
        (None, None) => Supply::from(embedded()),
        (Some(book), None) => Supply::changing(book),
        (imported, Some(provider)) => {
            let none = || PriceBook::new("imported prices", []);
            let held = Supply::changing(imported.unwrap_or_else(none));
            held.with_provider(Arc::new(provider))
        }
    })
}
