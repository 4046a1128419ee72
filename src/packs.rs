//! The list of packs.

use std::{path::Path, sync::Arc};

use callboard_drill::DrillPack;
use callboard_market::{MarketPack, PriceBook};
use callboard_orchestra::Pack;

use crate::config::Config;

/// Every pack of this server, one line each.
pub fn all(config: &Config, prices: PriceBook) -> Vec<Arc<dyn Pack>> {
    let drill = DrillPack {
        ledger_dir: config.drill.ledger_dir().map(Path::to_owned),
    };
    vec![Arc::new(drill), Arc::new(MarketPack::new(prices))]
}
