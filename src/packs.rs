//! The list of packs.

use std::sync::Arc;

use callboard_drill::DrillPack;
use callboard_market::{MarketPack, Supply};
use callboard_orchestra::Pack;

/// Every pack of this server, one line each.
pub fn all(prices: impl Into<Supply>) -> Vec<Arc<dyn Pack>> {
    vec![Arc::new(DrillPack), Arc::new(MarketPack::new(prices))]
}
