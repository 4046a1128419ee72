//! The audit log of an open store, for whoever records, reads, signs or verifies it.

use std::{collections::BTreeSet, sync::Arc};

use callboard_orchestra::{AuditEntry, Tenant, Timestamp, journal::JournalError};
use sea_orm::DatabaseConnection;
use tokio::sync::{Notify, watch};

use super::{append, filtered, history, read, sign};
use crate::{
    audit::{
        Anchors, AnchorsError, Checkpoint, CheckpointKind, KeyError, PublishedKey, SigningKey,
    },
    filter::Filter,
    store::{
        Filtered,
        commit::{begin, end},
        entity::audit_record,
        writer::Writer,
    },
};

/// What the log is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPolicy {
    /// Off leaves no records.
    pub enabled: bool,
    /// Records of one tenant after which its chain is signed.
    pub sign_every: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Anchors(#[from] AnchorsError),
    #[error(transparent)]
    Store(#[from] JournalError),
}

/// Which records to list: newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    pub tenant: Tenant,
    pub action: Option<String>,
    pub subject: Option<String>,
    pub principal: Option<String>,
    /// Records before this one only.
    pub before: Option<u64>,
    pub limit: usize,
}

/// A record with its text as it is kept.
pub type AuditRow = audit_record::Model;

/// The log. Clones share it.
#[derive(Clone)]
pub struct AuditLog {
    pub(in crate::store) writer: Arc<Writer>,
    pub(in crate::store) readers: DatabaseConnection,
    pub(in crate::store) epoch: u64,
    /// Set once checkpoints are to be signed.
    key: watch::Sender<Option<Arc<SigningKey>>>,
    /// Tenants whose chains were found broken: they are neither signed nor pruned.
    pub(super) broken: watch::Sender<BTreeSet<Tenant>>,
    /// Changed by whoever has the lease of the writer.
    pub(super) anchors: watch::Sender<Anchors>,
    /// Whether the chains that an earlier process left were looked at.
    pub(super) taken_up: watch::Sender<bool>,
}

impl AuditLog {
    pub(in crate::store) fn new(
        writer: Arc<Writer>,
        readers: DatabaseConnection,
        epoch: u64,
    ) -> Self {
        Self {
            writer,
            readers,
            epoch,
            key: watch::Sender::new(None),
            broken: watch::Sender::default(),
            anchors: watch::Sender::default(),
            taken_up: watch::Sender::new(false),
        }
    }

    /// Has records written or not from here on, and says how many may stay unsigned.
    pub fn set(&self, policy: &AuditPolicy) {
        self.writer.audit().set(policy.enabled, policy.sign_every);
    }

    pub fn is_enabled(&self) -> bool {
        self.writer.audit().is_on()
    }

    /// Rings when a chain has many records that are not signed.
    pub fn due(&self) -> Arc<Notify> {
        self.writer.audit().due()
    }

    /// Signs no chain that does not contain its anchor. Without this, anchors are those of this process.
    pub fn hold_to(&self, anchors: Anchors) {
        self.anchors.send_replace(anchors);
    }

    /// Signs with this key from here on, and adds it to the published history if it is new there.
    pub async fn sign_with(&self, key: SigningKey) -> Result<(), AuditError> {
        history::introduce(self, &key, &key).await?;
        self.key.send_replace(Some(Arc::new(key)));
        Ok(())
    }

    /// The key that signs; None before there is one.
    pub fn key(&self) -> Option<Arc<SigningKey>> {
        self.key.borrow().clone()
    }

    /// Adds a key to the published history in the name of the one before it.
    pub async fn rotate(&self, old: &SigningKey, new: &SigningKey) -> Result<(), JournalError> {
        history::introduce(self, old, old).await?;
        history::introduce(self, new, old).await
    }

    /// Every key that ever signed, oldest first.
    pub async fn keys(&self) -> Result<Vec<PublishedKey>, JournalError> {
        history::published(&self.readers).await
    }

    /// Records entries in a transaction of their own.
    pub async fn record(&self, entries: &[AuditEntry]) -> Result<(), JournalError> {
        if !self.is_enabled() || entries.is_empty() {
            return Ok(());
        }
        let mut lease = self.writer.lease().await?;
        let txn = begin(&lease, self.epoch).await?;
        append(&txn, &mut lease, entries).await?;
        end(txn, lease, "append to the audit log").await
    }

    /// Signs every chain that has records no checkpoint covers; answers how many there were. Chains whose end cannot be
    /// trusted are left unsigned. Nothing is done before there is a key.
    pub async fn sign(&self, now: Timestamp) -> Result<usize, JournalError> {
        match self.key() {
            Some(key) => sign::sign_due(self, &key, now).await,
            None => Ok(0),
        }
    }

    /// Verifies what an earlier process left unsigned, so that it is signed with what is recorded from here on.
    pub async fn take_up(&self) -> Result<(), JournalError> {
        sign::take_up(self).await
    }

    /// Records of a tenant, newest first.
    pub async fn list(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, JournalError> {
        read::listed(&self.readers, query).await
    }

    /// Records that `filter` chooses, newest first.
    pub async fn filtered(
        &self,
        query: &AuditQuery,
        filter: &Filter,
    ) -> Result<Filtered<AuditRow>, JournalError> {
        filtered::filtered(&self.readers, query, filter).await
    }

    /// The record of a tenant at `seq`.
    pub async fn get(&self, tenant: &Tenant, seq: u64) -> Result<Option<AuditRow>, JournalError> {
        read::one(&self.readers, tenant, seq).await
    }

    /// Hash of the record of a tenant at `seq`, also when a checkpoint has taken its place.
    pub async fn hash_at(&self, tenant: &Tenant, seq: u64) -> Result<Option<String>, JournalError> {
        read::hash_at(&self.readers, tenant, seq).await
    }

    /// Records of a tenant after `seq`, oldest first.
    pub async fn after(
        &self,
        tenant: &Tenant,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<AuditRow>, JournalError> {
        read::after(&self.readers, tenant, seq, limit).await
    }

    /// Records of a tenant that are about one of `subjects`, oldest first.
    pub async fn about(
        &self,
        tenant: &Tenant,
        subjects: &[String],
        limit: usize,
    ) -> Result<Vec<AuditRow>, JournalError> {
        read::about(&self.readers, tenant, subjects, limit).await
    }

    /// Checkpoints of a tenant with a seq above `after`, oldest first.
    pub async fn checkpoints(
        &self,
        tenant: &Tenant,
        after: Option<(u64, CheckpointKind)>,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, JournalError> {
        read::checkpoints(&self.readers, tenant, after, limit).await
    }

    /// Checkpoints of a tenant, newest first.
    pub async fn latest_checkpoints(
        &self,
        tenant: &Tenant,
        limit: usize,
    ) -> Result<Vec<Checkpoint>, JournalError> {
        read::latest_checkpoints(&self.readers, tenant, limit).await
    }

    /// Whether the chain of a tenant was found changed outside the server.
    pub fn is_broken(&self, tenant: &Tenant) -> bool {
        self.broken.borrow().contains(tenant)
    }

    /// Every tenant that has a chain.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, JournalError> {
        read::tenants(&self.readers).await
    }
}
