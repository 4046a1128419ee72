//! The list of packs.

use std::sync::Arc;

use callboard_drill::DrillPack;
use callboard_market::{MarketPack, Supply};
use callboard_orchestra::Pack;
use callboard_synth::SynthPack;

use crate::config::Config;

/// Every pack of this server, one line each.
pub fn all(config: &Config, prices: impl Into<Supply>) -> Vec<Arc<dyn Pack>> {
    let drill = DrillPack {
        ledger_dir: Some(config.drill.ledger_dir.clone()).filter(|dir| !dir.as_os_str().is_empty()),
    };
    vec![
        Arc::new(drill),
        Arc::new(MarketPack::new(prices)),
        Arc::new(SynthPack),
    ]
}
