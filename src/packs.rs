//! The list of packs.

use std::sync::Arc;

use callboard_drill::DrillPack;
use callboard_market::{MarketPack, PriceBook};
use callboard_orchestra::Pack;

/// Every pack of this server, one line each.
pub fn all(prices: PriceBook) -> Vec<Arc<dyn Pack>> {
    vec![Arc::new(DrillPack), Arc::new(MarketPack::new(prices))]
}
