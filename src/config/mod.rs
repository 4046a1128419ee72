//! Configuration: defaults, then a file, then the environment, then flags. Every key is known, typed and checked before
//! anything starts, and all that is wrong is reported at once with where it came from.
//!
//! The environment is read here and nowhere else.

mod address;
mod audit;
mod auth;
mod cache;
mod client;
mod coordinator;
mod drill;
mod duration;
mod error;
mod health;
mod jwt;
mod known;
mod layers;
mod load;
mod log;
mod market;
mod outbound;
mod quota;
mod rate_limits;
mod redis;
mod retention;
mod role;
mod root;
mod runtime;
mod secret;
mod server;
mod store;
mod synth;
mod telemetry;
mod tls;
mod vault;
mod webhooks;
mod wording;

pub use audit::AuditConfig;
pub use auth::AuthConfig;
pub use cache::{CacheConfig, CachePolicy};
pub use client::client_key;
pub use coordinator::CoordinatorConfig;
pub use drill::DrillConfig;
pub use duration::parse as parse_duration;
pub use error::{ConfigErrors, ConfigProblem, Origin};
pub use health::HealthConfig;
pub use jwt::{JwtAlgorithm, JwtConfig};
pub use load::LoadOptions;
pub use log::{LogConfig, LogFormat};
pub use market::MarketConfig;
pub use outbound::OutboundConfig;
pub use quota::{QuotaConfig, TenantQuota};
pub use rate_limits::RateLimitsConfig;
pub use redis::RedisConfig;
pub use retention::RetentionConfig;
pub use role::RoleConfig;
pub use root::Config;
pub use runtime::RuntimeConfig;
pub use secret::{Place, Secret, variable};
pub use server::ServerConfig;
pub use store::StoreConfig;
pub use synth::SynthConfig;
pub use telemetry::TelemetryConfig;
pub use tls::TlsConfig;
pub use vault::VaultConfig;
pub use webhooks::WebhooksConfig;
