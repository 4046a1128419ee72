//! The store: a SQLite file or a PostgreSQL database, and a folder of artifacts, owned by one process at a time.
//!
//! The only code that knows SQL. Implements the ports `Journal` and `Artifacts` of the orchestra.

mod artifacts;
mod audit;
mod auth;
mod backend;
mod backup;
mod backup_rows;
mod commit;
mod diagnosis;
mod digest;
mod entity;
mod error;
mod health;
mod journal;
mod listing;
mod lock;
mod moving;
mod opening;
mod postgres;
mod prices;
mod read;
mod refusal;
mod retention;
mod rows;
mod spec;
mod sqlite;
mod storage;
mod webhooks;
mod writer;

pub use artifacts::DirArtifacts;
pub use audit::{
    AUDIT_RECORDS, AuditError, AuditLog, AuditPolicy, AuditQuery, AuditRow, Redaction, VerifyError,
    verify_audit,
};
pub use auth::{
    AuthStore, KeyRow, KnownKey, KnownSession, Refresh, Removal, RoleRow, SessionRow, Tokens,
    UserChange, UserRow,
};
pub use backup::{BackupError, Census, copy_store, take_census};
pub use entity::{webhook_delivery, webhook_delivery::DeliveryState, webhook_endpoint};
pub use error::StoreError;
pub use health::{Connections, StoreHealth};
pub use journal::SqlJournal;
pub use listing::{APPROVALS, EFFECTS, Filtered, JOBS, JobCount, JobCounts, Listing};
pub use moving::{MoveError, Moved, move_store};
pub use opening::Store;
pub use prices::{CHUNK_BARS, Imported, ImportedPrices, PriceImport, imported_prices};
pub use retention::{Pruned, Pruner, RetentionPolicy};
pub use spec::{StoreSpec, Synchronous};
pub use webhooks::{Attempted, Webhooks};
