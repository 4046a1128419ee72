//! All sections together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    AnomaliesConfig, AuditConfig, AuthConfig, CacheConfig, CoordinatorConfig, DrillConfig,
    HealthConfig, LogConfig, MarketConfig, OutboundConfig, QuotaConfig, RateLimitsConfig,
    RedisConfig, RetentionConfig, RoleConfig, RuntimeConfig, ServerConfig, StoreConfig,
    SynthConfig, TelemetryConfig, TlsConfig, VaultConfig, WebhooksConfig, error::Finding,
};

/// What the server runs with. Made by `Config::load`; `Default` is what a server without any configuration gets.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub auth: AuthConfig,
    pub tls: TlsConfig,
    pub outbound: OutboundConfig,
    pub webhooks: WebhooksConfig,
    pub rate_limits: RateLimitsConfig,
    pub quota: QuotaConfig,
    pub redis: RedisConfig,
    pub vault: VaultConfig,
    pub store: StoreConfig,
    pub retention: RetentionConfig,
    pub audit: AuditConfig,
    pub coordinator: CoordinatorConfig,
    pub runtime: RuntimeConfig,
    pub health: HealthConfig,
    pub anomalies: AnomaliesConfig,
    pub market: MarketConfig,
    pub synth: SynthConfig,
    pub cache: CacheConfig,
    pub drill: DrillConfig,
    pub telemetry: TelemetryConfig,
    pub log: LogConfig,
    /// What a role's own profile is overridden with, by role name.
    pub roles: BTreeMap<String, RoleConfig>,
}

impl Config {
    /// The effective configuration as a file that `load` accepts.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("every key is text and every value has a TOML form")
    }

    /// What types cannot say.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.auth.check(self.server.listen, &mut findings);
        self.server.check(&mut findings);
        self.tls.check(&mut findings);
        self.webhooks.check(&mut findings);
        self.redis.check(&mut findings);
        self.vault.check(&mut findings);
        self.store.check(&mut findings);
        self.audit.check(&mut findings);
        self.coordinator.check(&mut findings);
        self.runtime.check(&mut findings);
        self.health.check(&mut findings);
        self.anomalies.check(&mut findings);
        self.market.check(&mut findings);
        self.drill.check(&mut findings);
        self.telemetry.check(&mut findings);
        self.log.check(&mut findings);
        for (role, config) in &self.roles {
            config.check(role, &mut findings);
        }
        findings
    }
}
