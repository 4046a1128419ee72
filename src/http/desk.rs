//! What every request handler works with.

use std::{sync::Arc, time::Duration};

use callboard_orchestra::{
    House, SubmitError, artifact::Artifacts, coordinator::RETRY_AFTER, shard::CommandError,
};
use callboard_runtime::Universe;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Notify, watch};

use super::{
    departure::Departure,
    error::{Kind, Problem},
    generate::Generation,
    turns::Turns,
};
use crate::{
    anomalies::Anomalies,
    auth::Authority,
    denials::Denials,
    health::{Machine, Providers},
    limits::{Quotas, Rates, SeatLimits},
    outbound::Outbound,
    spans::Tracer,
    store::{AuditLog, Listing, StoreHealth, Webhooks},
};

/// Bounds of the HTTP interface.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// Largest request body.
    pub body_bytes_max: usize,
    /// Largest body of a batch.
    pub batch_bytes_max: usize,
    /// Time for a client to send a request body.
    pub body_wait_max: Duration,
    /// Longest `Prefer: wait` that is honoured.
    pub request_wait_max: Duration,
    /// Streams open at one time, websocket and SSE together.
    pub seats: SeatLimits,
    /// Connections open at one time.
    pub connections_max: usize,
    /// Connections of one address among them.
    pub connections_per_address_max: usize,
    /// Networks whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may read answers.
    pub cors_origins: Vec<String>,
    /// How long a delivery that is sent again is tried.
    pub webhook_retry_for: Duration,
    /// Requests may call the server by any name, not only by one of this machine.
    pub any_host: bool,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            batch_bytes_max: 8 * 1024 * 1024,
            body_wait_max: Duration::from_secs(30),
            request_wait_max: Duration::from_secs(60),
            seats: SeatLimits {
                all_max: 10_000,
                of_tenant_max: 5_000,
                of_principal_max: 2_500,
            },
            connections_max: 25_000,
            connections_per_address_max: 12_000,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            webhook_retry_for: Duration::from_secs(24 * 3_600),
            any_host: false,
        }
    }
}

/// The running server as request handlers see it. Clones share it.
#[derive(Clone)]
pub struct Desk {
    pub house: House,
    pub universe: Universe,
    pub artifacts: Arc<dyn Artifacts>,
    pub store: StoreHealth,
    pub anomalies: Anomalies,
    pub machine: Machine,
    pub providers: Providers,
    /// Says who calls.
    pub authority: Authority,
    pub audit: AuditLog,
    pub denials: Denials,
    pub listing: Listing,
    pub webhooks: Webhooks,
    pub outbound: Outbound,
    /// Begins a round of deliveries.
    pub wake_webhooks: Arc<Notify>,
    pub limits: HttpLimits,
    pub turns: Turns,
    pub rates: Rates,
    pub generation: Generation,
    pub quotas: Quotas,
    pub prometheus: PrometheusHandle,
    pub tracer: Tracer,
    /// What is in hand, and whether another process takes this one's place.
    pub departure: Departure,
    /// True once the server drains: waiting requests are answered and streams are closed.
    pub shutdown: watch::Receiver<bool>,
}

impl Desk {
    pub fn is_draining(&self) -> bool {
        *self.shutdown.borrow()
    }

    /// Whether jobs are taken: started, live jobs taken up, not shutting down.
    pub fn is_ready(&self) -> bool {
        !self.is_draining() && self.universe.is_ready() && self.house.coordinator.is_ready()
    }

    /// Why a submission was not taken: of a store that is full, that it is.
    pub fn refusal(&self, error: SubmitError) -> Problem {
        let is_store = matches!(
            error,
            SubmitError::Command(CommandError::Unavailable) | SubmitError::Journal(_)
        );
        if is_store && self.store.is_full() {
            let detail = "the disk of the store is full; nothing is accepted until there is space";
            return Problem::new(Kind::StorageFull, "storage_full", detail)
                .retry_after(RETRY_AFTER);
        }
        error.into()
    }

    /// Resolves when the server begins to drain.
    pub async fn draining(&self) {
        // Err means that whoever could have started a drain is gone, which is an end as well.
        let _ = self.shutdown.clone().wait_for(|draining| *draining).await;
    }
}
