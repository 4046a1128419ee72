//! Taking values out of a record, which is itself recorded.

use callboard_orchestra::{AuditEntry, Tenant, journal::JournalError};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};

use super::{AuditLog, AuditRow, append, read};
use crate::{
    audit::{Body, PRINCIPAL, canonical},
    store::commit::{begin, end, failed},
};

const REDACT: &str = "redact an audit record";

/// What became of a redaction.
#[derive(Debug)]
pub enum Redaction {
    /// The record as it is left.
    Done(Box<AuditRow>),
    NoSuchRecord,
    /// The record has no such field, or it is redacted already.
    NoSuchField(String),
}

impl AuditLog {
    /// Takes the values of `fields` out of the record of a tenant at `seq`, all or none, and records `entry`.
    pub async fn redact(
        &self,
        tenant: &Tenant,
        seq: u64,
        fields: &[String],
        entry: AuditEntry,
    ) -> Result<Redaction, JournalError> {
        let mut lease = self.writer.lease().await?;
        let txn = begin(&lease, self.epoch).await?;
        let refused = match read::one(&txn, tenant, seq).await? {
            None => Redaction::NoSuchRecord,
            Some(row) => {
                let mut body: Body = serde_json::from_str(&row.body).map_err(failed(REDACT))?;
                match fields.iter().find(|field| !body.redact(field)) {
                    Some(field) => Redaction::NoSuchField(field.clone()),
                    None => {
                        let mut changed = row.into_active_model();
                        changed.body = Set(canonical(&body));
                        if body.text(PRINCIPAL).is_none() {
                            changed.principal = Set(None);
                        }
                        let row = changed.update(&txn).await.map_err(failed(REDACT))?;
                        append(&txn, &mut lease, &[entry]).await?;
                        end(txn, lease, REDACT).await?;
                        return Ok(Redaction::Done(Box::new(row)));
                    }
                }
            }
        };
        txn.rollback().await.map_err(failed(REDACT))?;
        lease.put_back();
        Ok(refused)
    }
}
