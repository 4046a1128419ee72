//! What one tenant may have.
//!
//! Live jobs are counted in the store before a submission is taken: submissions of one moment do not see each other, and
//! together may exceed the bound by their number. What a tenant keeps is a figure of a moment ago, and jobs that were taken
//! may keep more than is left.

use std::{collections::HashMap, time::Duration};

use callboard_orchestra::{id::Tenant, journal::JournalError};

use super::{rates::Limit, redis_limits::SharedLimits, storage::Storage};
use crate::{
    config::{QuotaConfig, TenantQuota},
    store::Listing,
};

/// When to ask again for a job to have ended, or to be gone.
const AGAIN: Duration = Duration::from_secs(1);

/// A tenant has all it may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tenant's quota `{quota}` of {bound} is used up")]
pub struct QuotaExceeded {
    pub quota: &'static str,
    pub bound: u64,
    pub retry_after: Duration,
}

/// What a tenant may have; None is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub live_jobs_max: Option<u64>,
    pub storage_bytes_max: Option<u64>,
    pub requests_per_minute: Option<u64>,
}

/// What a tenant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdings {
    pub live_jobs: u64,
    /// As it was a moment ago.
    pub storage_bytes: u64,
}

/// The quotas. Clones share their counts.
#[derive(Clone)]
pub struct Quotas {
    config: QuotaConfig,
    everyone: Option<Limit>,
    own: HashMap<String, Option<Limit>>,
    listing: Listing,
    storage: Storage,
    shared: Option<SharedLimits>,
}

impl Quotas {
    pub fn of(config: &QuotaConfig, listing: Listing, shared: Option<SharedLimits>) -> Self {
        let limit = |own: &TenantQuota| {
            let general = config.tenant_requests_per_minute;
            Limit::new("tenant", own.tenant_requests_per_minute.unwrap_or(general))
        };
        let own = config.tenants.iter();
        Self {
            everyone: Limit::new("tenant", config.tenant_requests_per_minute),
            own: own.map(|own| (own.tenant.clone(), limit(own))).collect(),
            config: config.clone(),
            storage: Storage::new(listing.clone()),
            listing,
            shared,
        }
    }

    /// What the tenant may have.
    pub fn bounds(&self, tenant: &Tenant) -> Bounds {
        let general = &self.config;
        let own = general
            .tenants
            .iter()
            .find(|own| own.tenant == tenant.as_str());
        let bound = |own: Option<u64>, general: u64| match own.unwrap_or(general) {
            0 => None,
            bound => Some(bound),
        };
        let requests = |own: &TenantQuota| own.tenant_requests_per_minute.map(u64::from);
        Bounds {
            live_jobs_max: bound(
                own.and_then(|own| own.tenant_live_jobs_max),
                general.tenant_live_jobs_max,
            ),
            storage_bytes_max: bound(
                own.and_then(|own| own.tenant_storage_bytes_max),
                general.tenant_storage_bytes_max,
            ),
            requests_per_minute: bound(
                own.and_then(requests),
                general.tenant_requests_per_minute.into(),
            ),
        }
    }

    /// What the tenant has.
    pub async fn holdings(&self, tenant: &Tenant) -> Result<Holdings, JournalError> {
        Ok(Holdings {
            live_jobs: self.listing.live_jobs(tenant).await?,
            storage_bytes: self.storage.bytes(tenant).await?,
        })
    }

    /// Counts a request of the tenant.
    pub async fn request(&self, tenant: &Tenant) -> Result<(), QuotaExceeded> {
        let limit = self.own.get(tenant.as_str()).unwrap_or(&self.everyone);
        let Some(limit) = limit else {
            return Ok(());
        };
        let verdict = limit.ask(self.shared.as_ref(), tenant.as_str()).await;
        match verdict.retry_after {
            None => Ok(()),
            Some(retry_after) => Err(QuotaExceeded {
                quota: "tenant_requests_per_minute",
                bound: verdict.limit.into(),
                retry_after,
            }),
        }
    }

    /// Whether the tenant may have `more` live jobs: Ok(Err) when it may not.
    pub async fn live_jobs(
        &self,
        tenant: &Tenant,
        more: u64,
    ) -> Result<Result<(), QuotaExceeded>, JournalError> {
        let Some(bound) = self.bounds(tenant).live_jobs_max else {
            return Ok(Ok(()));
        };
        let live = self.listing.live_jobs(tenant).await?;
        if live.saturating_add(more) <= bound {
            return Ok(Ok(()));
        }
        Ok(Err(QuotaExceeded {
            quota: "tenant_live_jobs_max",
            bound,
            retry_after: AGAIN,
        }))
    }

    /// Whether the tenant may submit more while it keeps what it does: Ok(Err) when it may not.
    pub async fn storage(
        &self,
        tenant: &Tenant,
    ) -> Result<Result<(), QuotaExceeded>, JournalError> {
        let Some(bound) = self.bounds(tenant).storage_bytes_max else {
            return Ok(Ok(()));
        };
        if self.storage.bytes(tenant).await? < bound {
            return Ok(Ok(()));
        }
        Ok(Err(QuotaExceeded {
            quota: "tenant_storage_bytes_max",
            bound,
            retry_after: AGAIN,
        }))
    }

    /// Forgets tenants that are at rest.
    pub fn forget(&self) {
        self.storage.forget();
        let all = self.own.values().chain([&self.everyone]);
        all.flatten().for_each(Limit::forget);
    }
}
