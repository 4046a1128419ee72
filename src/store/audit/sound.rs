//! Whether rows of the database are what the server has written.

use callboard_orchestra::Timestamp;

use super::{AuditRow, read};
use crate::{
    audit::{Body, Checkpoint, PRINCIPAL, PublishedKey, RecordId},
    store::entity::audit_checkpoint,
};

/// Columns of a row that say something else than its record.
pub fn differing(row: &AuditRow, body: &Body) -> impl Iterator<Item = &'static str> {
    let said = [
        ("tenant", body.tenant == row.tenant),
        ("seq", i64::try_from(body.seq) == Ok(row.seq)),
        ("id", body.id == RecordId::from_uuid(row.id).to_string()),
        ("action", body.action == row.action),
        ("subject", body.subject == row.subject),
        (
            "principal",
            body.text(PRINCIPAL) == row.principal.as_deref(),
        ),
        ("at", body.at == Timestamp::from_millis(row.at).rfc3339()),
    ];
    let differing = said.into_iter().filter(|(_, is_same)| !is_same);
    differing.map(|(column, _)| column)
}

/// Whether a row holds the record that follows the one at `seq` with this hash.
pub fn follows(row: &AuditRow, seq: u64, hash: &str) -> bool {
    let body: Option<Body> = serde_json::from_str(&row.body).ok();
    body.is_some_and(|body| {
        body.seq == seq + 1 && differing(row, &body).next().is_none() && body.hash(hash) == row.hash
    })
}

/// Whether a key of the history has signed the checkpoint of a row, and it says what the row does.
pub fn is_signed(row: &audit_checkpoint::Model, keys: &[PublishedKey]) -> bool {
    read::checkpoint(row).is_ok_and(|made: Checkpoint| {
        let body = &made.checkpoint;
        body.tenant == row.tenant
            && i64::try_from(body.seq) == Ok(row.seq)
            && body.kind.name() == row.kind
            && body.hash == row.hash
            && keys.iter().any(|known| made.is_signed_by(&known.key))
    })
}
