//! Section `outbound`: which machines requests of the server may go to.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundConfig {
    /// Networks beside the public internet, such as 10.1.0.0/16.
    pub allowed_networks: Vec<IpNet>,
}
