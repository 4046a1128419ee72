//! Where the chain of each tenant stands, as the writer knows it.
//!
//! Belongs to the connections that write: heads that a transaction moved count when it ended well, and are read again
//! with connections that are opened again. Chains that are not signed are not forgotten with the connections.

use std::collections::{BTreeSet, HashMap};

use callboard_orchestra::{Tenant, journal::JournalError};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use tokio::sync::watch;

use crate::{
    audit::{Draft, GENESIS, Sealed},
    store::{
        commit::failed,
        entity::{audit_checkpoint, audit_record},
    },
};

/// Tenants whose heads are kept in memory.
const HEADS_MAX: usize = 10_000;

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// 0 when there is no record yet.
    pub seq: u64,
    pub hash: String,
    /// Up to which record it is signed.
    pub signed: u64,
}

/// Chains that were not signed when the connections were lost that knew of them.
pub type LostChains = watch::Sender<BTreeSet<Tenant>>;

pub struct Heads {
    known: HashMap<Tenant, Head>,
    /// Moved by the transaction that is open.
    moved: HashMap<Tenant, Head>,
    lost: LostChains,
}

impl Drop for Heads {
    fn drop(&mut self) {
        let unsigned = self.unsigned().map(|(tenant, _)| tenant);
        // The transaction that moved them may have been committed.
        let lost: Vec<Tenant> = unsigned.chain(self.moved.keys()).cloned().collect();
        self.lost.send_if_modified(|known| {
            known.extend(lost);
            false
        });
    }
}

impl Heads {
    pub fn new(lost: LostChains) -> Self {
        Self {
            known: HashMap::new(),
            moved: HashMap::new(),
            lost,
        }
    }

    /// Reads the heads of these tenants that are not known. `connection` sees what is committed.
    pub async fn load<C: ConnectionTrait>(
        &mut self,
        connection: &C,
        tenants: impl Iterator<Item = &Tenant>,
    ) -> Result<(), JournalError> {
        if self.known.len() > HEADS_MAX {
            // Those that are to be signed are still needed.
            self.known.retain(|_, head| head.signed < head.seq);
        }
        for tenant in tenants {
            if self.known.contains_key(tenant) {
                continue;
            }
            let head = read(connection, tenant).await?;
            self.known.insert(tenant.clone(), head);
        }
        Ok(())
    }

    /// Puts drafts in their places, in their order. Their tenants are loaded.
    pub fn seal(&mut self, drafts: &[Draft]) -> Vec<Sealed> {
        let sealed = drafts.iter().map(|draft| {
            let head = self.head_mut(&draft.tenant);
            let sealed = draft.seal(head.seq + 1, &head.hash);
            head.seq = sealed.seq;
            head.hash.clone_from(&sealed.hash);
            sealed
        });
        sealed.collect()
    }

    /// The transaction signs the chain of a tenant up to `seq`.
    pub fn sign(&mut self, tenant: &Tenant, seq: u64) {
        let head = self.head_mut(tenant);
        head.signed = head.signed.max(seq);
    }

    fn head_mut(&mut self, tenant: &Tenant) -> &mut Head {
        if !self.moved.contains_key(tenant) {
            let known = self.known.get(tenant);
            let known = known.expect("heads are loaded before they are moved");
            self.moved.insert(tenant.clone(), known.clone());
        }
        self.moved
            .get_mut(tenant)
            .expect("it is there or was just put there")
    }

    /// The transaction was committed; answers the largest number of records that no checkpoint covers.
    pub fn keep(&mut self) -> u64 {
        let mut unsigned = 0;
        for (tenant, head) in self.moved.drain() {
            unsigned = unsigned.max(head.seq - head.signed);
            self.known.insert(tenant, head);
        }
        unsigned
    }

    /// The transaction came to nothing.
    pub fn forget_moved(&mut self) {
        self.moved.clear();
    }

    /// Chains with records that no checkpoint covers.
    pub fn unsigned(&self) -> impl Iterator<Item = (&Tenant, &Head)> {
        let heads = self.known.iter();
        heads.filter(|(_, head)| head.signed < head.seq)
    }
}

/// The end of a chain as the store has it. A checkpoint may be ahead of the records: then records are missing, and the
/// chain goes on behind it, so that the gap stays to be seen.
async fn read<C: ConnectionTrait>(connection: &C, tenant: &Tenant) -> Result<Head, JournalError> {
    let operation = "read the head of an audit chain";
    let last = audit_record::Entity::find()
        .filter(audit_record::Column::Tenant.eq(tenant.as_str()))
        .order_by_desc(audit_record::Column::Seq)
        .one(connection)
        .await
        .map_err(failed(operation))?;
    let signed = audit_checkpoint::Entity::find()
        .filter(audit_checkpoint::Column::Tenant.eq(tenant.as_str()))
        .order_by_desc(audit_checkpoint::Column::Seq)
        .one(connection)
        .await
        .map_err(failed(operation))?;
    let (signed, signed_hash) = signed.map_or_else(
        || (0, GENESIS.to_owned()),
        |row| (row.seq.unsigned_abs(), row.hash),
    );
    Ok(match last {
        Some(last) if last.seq.unsigned_abs() >= signed => Head {
            seq: last.seq.unsigned_abs(),
            hash: last.hash,
            signed,
        },
        Some(_) | None => Head {
            seq: signed,
            hash: signed_hash,
            signed,
        },
    })
}
