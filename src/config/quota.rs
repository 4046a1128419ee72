//! Section `quota`: how much one tenant may have.

use std::{collections::HashMap, num::NonZeroU32};

use callboard_orchestra::Tenant;
use serde::{Deserialize, Serialize};

const GIB: u64 = 1024 * 1024 * 1024;

/// Zero is no bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaConfig {
    /// Jobs that have not ended.
    pub tenant_live_jobs_max: u64,
    /// Bytes of the artifacts that its jobs refer to.
    pub tenant_storage_bytes_max: u64,
    pub tenant_requests_per_minute: u32,
    /// What holds of some tenants instead.
    pub tenants: Vec<TenantQuota>,
}

/// What one tenant may have instead of what the others may.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantQuota {
    pub tenant: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_live_jobs_max: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_storage_bytes_max: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_requests_per_minute: Option<u32>,
    /// Tasks of the tenant that a crew takes in its turn; 1 where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_weight: Option<NonZeroU32>,
}

impl Default for QuotaConfig {
    fn default() -> Self {
        Self {
            tenant_live_jobs_max: 0,
            tenant_storage_bytes_max: 100 * GIB,
            tenant_requests_per_minute: 0,
            tenants: Vec::new(),
        }
    }
}

impl QuotaConfig {
    /// Weights of tenants that have one.
    pub fn weights(&self) -> HashMap<Tenant, NonZeroU32> {
        let own = self.tenants.iter();
        own.filter_map(|own| Some((Tenant::new(&*own.tenant), own.tenant_weight?)))
            .collect()
    }
}
